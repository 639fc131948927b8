"""The flow of a prediction: list the pictures, go on where it stopped, write a row each."""

import sys
from collections.abc import Callable, Iterable
from functools import partial
from itertools import islice

from tqdm import tqdm

from command import import_tensorflow
from datatransformer.layout import DataFolder, read_data_folder
from datatransformer.lock import only_here
from predictor.classify import Classification
from predictor.output import Output
from predictor.pictures import Picture, pictures, validation_pictures
from predictor.segment import Segmentation
from settings import SettingError, fault
from training.run_folder import find_runs

KINDS = {"classifier": Classification, "segmentation": Segmentation}


def predict(settings) -> None:
    """Raises SettingError or WorkError if nothing can be predicted; a picture that cannot be read is listed."""
    if not settings.output.name:
        raise SettingError(fault("output", settings.output, "should be the name of a CSV file"))
    runs = find_runs(settings.runs, settings.run)
    kind = runs[0].config()["kind"]
    if kind not in KINDS:
        allowed = f"is a run of kind {kind}; this command predicts with {' and '.join(KINDS)}"
        raise SettingError(fault("run", runs[0].path, allowed))
    work = KINDS[kind](settings, runs)
    data = _data_to_evaluate(settings, work.task, work.classes) if settings.evaluate else None
    with only_here(settings.output):
        output = _predict(settings, work, data)
        if data:
            work.evaluate(output, data)


def _data_to_evaluate(settings, task: str, classes: tuple[str, ...]) -> DataFolder:
    if "test_images" in settings.model_fields_set:
        raise SettingError(fault("test_images", settings.test_images, "evaluate says which pictures; name one of them"))
    try:
        data = read_data_folder(settings.evaluate, task)
    except SettingError as error:
        raise SettingError(*(reason.replace("data =", "evaluate =", 1) for reason in error.faults)) from error
    if data.classes != classes:
        raise SettingError(fault("evaluate", data.path, "has other classes than the run"))
    return data


def _predict(settings, work: Classification | Segmentation, data: DataFolder | None) -> Output:
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
        import_tensorflow()
        bar = partial(tqdm, desc="predicting", total=total, initial=done, unit=" images", disable=None)
        rows = work.rows(islice(listed(), done, None), output, bar)
        with output:
            for names, cells in rows:
                output.add(names, cells)
        by = ", ".join(str(run.path) for run in work.runs)
        print(f"{output.path}: {total - output.count_rejected()} pictures predicted by {by}")
    if rejected := output.count_rejected():
        print(f"{rejected} of {total} pictures could not be read; {output.rejected} says why.", file=sys.stderr)
    return output


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


def _made_with(settings, work: Classification | Segmentation) -> dict:
    """What the rows depend on. A checkpoint that has changed makes other rows."""
    checkpoints = [run.best for run in work.runs]
    return {
        "checkpoints": [str(path.resolve()) for path in checkpoints],
        "written": [[path.stat().st_size, path.stat().st_mtime_ns] for path in checkpoints],
        "test_images": str(settings.evaluate.resolve()) if settings.evaluate else settings.test_images,
        "columns": list(work.columns),
        **work.depends_on,
    }
