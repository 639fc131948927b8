"""The flow of a prediction: list the pictures, go on where it stopped, write a row each."""

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import islice
from typing import Protocol

from tqdm import tqdm

from command import import_tensorflow
from datatransformer.layout import DataFolder, read_data_folder
from datatransformer.lock import only_here
from predictor import autoencoder, encode
from predictor.classify import Classification
from predictor.output import Output
from predictor.pictures import Picture, pictures, validation_pictures
from predictor.samples import draw_samples
from predictor.segment import Segmentation
from settings import SettingError, fault, faults_if_given
from training.run_folder import RunFolder, find_runs

KINDS = {"classifier": Classification, "segmentation": Segmentation, autoencoder.KIND: encode.Encoding}


class Work(Protocol):
    """What predicts.

    Attributes:
        columns: of the CSV, behind the name of the picture.
        depends_on: what its rows depend on besides the pictures, as JSON has it; others are not mixed with them.
    """

    columns: list[str]
    depends_on: dict

    def rows(
        self, rest: Iterable[Picture], output: Output, bar: Callable[[Iterable], Iterable]
    ) -> Iterator[tuple[list[str], Iterable[list[object]]]]:
        """Names and cells of some pictures at a time; what cannot be read goes to `output.reject`."""

    def evaluate(self, output: Output, data: DataFolder) -> None:
        """Tables and figures of how good it is, once `output` is whole."""


def predict(settings) -> None:
    """Raises SettingError or WorkError if nothing can be predicted; a picture that cannot be read is listed."""
    check_output(settings)
    runs = find_runs(settings.runs, settings.run)
    kind = runs[0].config()["kind"]
    if kind not in KINDS:
        allowed = f"is a run of kind {kind}; this command predicts with {', '.join(KINDS)}"
        raise SettingError(fault("run", runs[0].path, allowed))
    faults = faults_if_given(settings, encode.SETTINGS, "is for runs of an auto-encoder")
    if faults and kind != autoencoder.KIND:
        raise SettingError(*faults)
    work = KINDS[kind](settings, runs)
    if settings.samples:
        draw_samples(settings, runs[0], _checkpoints(runs))
        return
    data = data_to_evaluate(settings, work.task) if settings.evaluate else None
    if data and data.classes != work.classes:
        raise SettingError(fault("evaluate", data.path, "has other classes than the run"))
    work.depends_on |= _checkpoints(runs)
    carry_out(settings, work, data, ", ".join(str(run.path) for run in runs), import_tensorflow)


def check_output(settings) -> None:
    if not settings.output.name:
        raise SettingError(fault("output", settings.output, "should be the name of a CSV file"))


def data_to_evaluate(settings, task: str) -> DataFolder:
    """The data folder `settings.evaluate`. Raises SettingError if there is none for `task`."""
    if "test_images" in settings.model_fields_set:
        raise SettingError(fault("test_images", settings.test_images, "evaluate says which pictures; name one of them"))
    return read_data_of(settings, "evaluate", task)


def read_data_of(settings, field: str, task: str) -> DataFolder:
    """The data folder that a setting names, which is what is at fault if there is none."""
    try:
        return read_data_folder(getattr(settings, field), task)
    except SettingError as error:
        raise SettingError(*(reason.replace("data =", f"{field} =", 1) for reason in error.faults)) from error


def carry_out(
    settings, work: Work, data: DataFolder | None, by: str, prepare: Callable[[], object] = lambda: None
) -> None:
    """Predicts the validation pictures of `data`, or else `settings.test_images`, and evaluates the former.

    Arguments:
        by: what the user is told the pictures were predicted by.
        prepare: is called once there is something to predict.
    """
    with only_here(settings.output):
        output = Output(settings.output, work.columns)
        if data:
            listed = partial(validation_pictures, data)
        else:
            listed = partial(pictures, settings.test_images, (output.path, output.rejected))
        total = sum(1 for _ in listed())
        output.begin(_made_with(settings, work), settings.overwrite)
        done = _done(settings, output, listed, total)
        if done == total:
            print(f"{output.path} is whole: {total} pictures were predicted before. --overwrite predicts them again.")
        else:
            if done:
                print(f"Going on after {done} of {total} pictures.")
            prepare()
            bar = partial(tqdm, desc="predicting", total=total, initial=done, unit=" images", disable=None)
            rows = work.rows(islice(listed(), done, None), output, bar)
            with output:
                for names, cells in rows:
                    output.add(names, cells)
            print(f"{output.path}: {total - output.count_rejected()} pictures predicted by {by}")
        if rejected := output.count_rejected():
            print(f"{rejected} of {total} pictures could not be read; {output.rejected} says why.", file=sys.stderr)
        if data:
            work.evaluate(output, data)


def _done(settings, output: Output, listed: Callable[[], Iterable[Picture]], total: int) -> int:
    """How many pictures have their row. With `overwrite` whole work begins anew; interrupted work still goes on."""
    try:
        done = output.done(listed())
    except SettingError:
        if not settings.overwrite:
            raise
        done = total
    if settings.overwrite and done == total:
        output.clear()
        return 0
    return done


def _made_with(settings, work: Work) -> dict:
    return {
        "test_images": str(settings.evaluate.resolve()) if settings.evaluate else settings.test_images,
        "columns": list(work.columns),
        **work.depends_on,
    }


def _checkpoints(runs: Sequence[RunFolder]) -> dict:
    """A checkpoint that has changed makes other rows."""
    paths = [run.best for run in runs]
    return {
        "checkpoints": [str(path.resolve()) for path in paths],
        "written": [[path.stat().st_size, path.stat().st_mtime_ns] for path in paths],
    }
