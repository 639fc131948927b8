"""The flow of a prediction: list the pictures, go on where it stopped, write a row each."""

import sys
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Protocol

from tqdm import tqdm

from command import import_tensorflow
from datatransformer.layout import DataFolder, read_data_folder
from predictor.codes import encode
from predictor.codes.samples import draw_samples
from predictor.engines.ray_engine import RayTask
from predictor.output import Output, check_output
from predictor.pictures import ImageFile, find_images, validation_images
from predictor.shards import Listing, Shard, read_shard, written_to
from settings import SettingError, WorkError, bad_setting, errors_if_given
from storage.lock import exclusive_lock
from training.kinds import AUTOENCODER
from training.run_folder import RunFolder, find_runs


class PredictionTask(Protocol):
    """What predicts.

    Attributes:
        columns: of the CSV, behind the name of the picture.
        depends_on: what its rows depend on besides the pictures, as JSON has it; others are not mixed with them.
    """

    columns: list[str]
    depends_on: dict

    def rows(
        self, rest: Iterable[ImageFile], output: Output, bar: Callable[[Iterable], Iterable]
    ) -> Iterator[tuple[list[str], Iterable[list[object]]]]:
        """Names and cells of some pictures at a time; what cannot be read goes to `output.reject`."""

    def evaluate(self, output: Output, data: DataFolder) -> None:
        """Tables and figures of how good it is, once `output` is whole."""


def predict(settings) -> None:
    """Raises SettingError or WorkError if nothing can be predicted; a picture that cannot be read is listed."""
    check_output(settings)
    runs = find_runs(settings.runs, settings.run)
    kind = runs[0].kind
    errors = errors_if_given(settings, encode.SETTINGS, "is for runs of an auto-encoder")
    if errors and kind is not AUTOENCODER:
        raise SettingError(*errors)
    shard = read_shard(settings.shard, settings.output) if settings.shard else None
    if shard:
        settings = settings.model_copy(update={"output": shard.output})
    is_on_ray = settings.engine == "ray" and kind is not AUTOENCODER  # which refuses it
    work = kind.load(kind.predictor)(settings.model_copy(update={"engine": "auto"}) if is_on_ray else settings, runs)
    if settings.samples:
        draw_samples(settings, runs[0], _checkpoints(runs))
        return
    data = data_to_evaluate(settings, work.task) if settings.evaluate else None
    if data and data.classes != work.classes:
        raise SettingError(bad_setting("evaluate", data.path, "has other classes than the run"))
    work.depends_on |= _checkpoints(runs)
    by = ", ".join(str(run.path) for run in runs)
    if is_on_ray:
        carry_out(settings, RayTask(work, settings.batch_size, settings.workers), data, by, shard=shard)
    else:
        carry_out(settings, work, data, by, import_tensorflow, shard)


def data_to_evaluate(settings, task: str) -> DataFolder:
    """The data folder `settings.evaluate`. Raises SettingError if there is none for `task`."""
    if "test_images" in settings.model_fields_set:
        raise SettingError(
            bad_setting("test_images", settings.test_images, "evaluate says which pictures; name one of them")
        )
    return read_data_of(settings, "evaluate", task)


def read_data_of(settings, field: str, task: str) -> DataFolder:
    """The data folder that a setting names, which is what is at fault if there is none."""
    try:
        return read_data_folder(getattr(settings, field), task)
    except SettingError as error:
        raise SettingError(*(reason.replace("data =", f"{field} =", 1) for reason in error.errors)) from error


def carry_out(
    settings,
    work: PredictionTask,
    data: DataFolder | None,
    by: str,
    prepare: Callable[[], object] = lambda: None,
    shard: Shard | None = None,
) -> None:
    """Predicts the validation pictures of `data`, or else `settings.test_images`, and evaluates the former.

    Arguments:
        by: what the user is told the pictures were predicted by.
        prepare: is called once there is something to predict.
        shard: only its pictures are predicted, into `settings.output`, which is its own. A shard is not evaluated.
    """
    with exclusive_lock(settings.output):
        output = Output(settings.output, work.columns)
        listed, made_with = _listing(settings, data, shard), _made_with(settings, work)
        if shard:
            listed, noted = shard.cut(listed)
            made_with |= noted
        total = sum(1 for _ in listed())
        output.begin(made_with, settings.overwrite)
        done = _done(settings, output, listed, total)
        if done == total and output.path.exists():
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
        if shard:
            evaluates = " The command without --shard evaluates then." * bool(data)
            joins = f"python -m predictor.merge --output {shard.whole}"
            print(f"This is shard {shard.number} of {shard.of}. When all are whole: {joins}{evaluates}")
        elif data:
            work.evaluate(output, data)


def _listing(settings, data: DataFolder | None, shard: Shard | None) -> Listing:
    """What lists the pictures, the same ones for all shards: what any of them has written is not among them."""
    if data:
        return partial(validation_images, data)
    return partial(find_images, settings.test_images, written_to(shard.whole if shard else settings.output))


def _done(settings, output: Output, listed: Callable[[], Iterable[ImageFile]], total: int) -> int:
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


def _made_with(settings, work: PredictionTask) -> dict:
    return {
        "test_images": str(settings.evaluate.resolve()) if settings.evaluate else settings.test_images,
        "columns": list(work.columns),
        **work.depends_on,
    }


def _checkpoints(runs: Sequence[RunFolder]) -> dict:
    """A checkpoint that has changed makes other rows; a copy of it on another machine the same.

    It is known by the checksums of what it holds, which stand at the end of a zip file and so are soon read. Raises
    WorkError if it is none.
    """
    return {"checkpoints": [_checksums(run.best) for run in runs]}


def _checksums(checkpoint: Path) -> list[list]:
    try:
        with zipfile.ZipFile(checkpoint) as archive:
            return [[entry.filename, entry.file_size, entry.CRC] for entry in archive.infolist()]
    except (zipfile.BadZipFile, OSError) as error:
        raise WorkError(f"{checkpoint} is damaged or no model that can be loaded: {error}") from error
