"""`python -m predictor`: checks the settings against the kind of run, and starts the prediction."""

import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from command import import_tensorflow
from datatransformer.identity import class_difference
from datatransformer.layout import DataFolder
from datatransformer.pictures.pixel_limit import allow_pixels
from log import logger, messages_without, show_all_on_stderr
from predictor.output import check_output, read_rejected
from predictor.row_formats import STANDARD_OUTPUT, check_form, csv_of, print_rows, write_form
from predictor.shards import read_shard
from predictor.task import PredictionTask, SamplingTask, errors_of_other_kinds
from settings import NothingDone, SettingError, WorkError, bad_setting
from storage.archives import ARCHIVE_ERRORS
from training.data_record import warn_if_trained_on
from training.kinds import AUTOENCODER, SEGMENTATION
from training.run_folder import RunFolder
from training.runs import find_runs
from training.test_looks import TEST_LOOKS, note_look

if TYPE_CHECKING:
    from config import PredictorConfig


def predict(settings: "PredictorConfig") -> dict[str, object]:
    """Predicts images by one or several runs. Returns what `--json` prints.

    Raises SettingError or WorkError if no image can be predicted. A single unreadable image is only listed.
    """
    check_output(settings.output)
    allow_pixels(settings.max_pixels)
    runs, output = find_runs(settings.runs, settings.run), settings.output
    check_form(settings, has_files=runs[0].kind in (SEGMENTATION, AUTOENCODER))
    if output == STANDARD_OUTPUT:
        return predict_to_standard_output(settings, runs)
    if csv_of(output) == output:
        return _predict(settings, runs)
    result = _predict(settings.model_copy(update={"output": csv_of(output)}), runs)
    write_form(output)
    logger.info(f"{output} has the same rows")
    return result | {"output": output}


def predict_to_standard_output(settings: "PredictorConfig", runs: list[RunFolder]) -> dict[str, object]:
    """Prints the rows when all images are predicted. Messages go to standard error meanwhile."""
    show_all_on_stderr()
    with TemporaryDirectory() as scratch, messages_without(scratch):
        csv = Path(scratch) / "predictions.csv"
        try:
            result = _predict(settings.model_copy(update={"output": csv}), runs)
        except NothingDone as error:
            raise NothingDone("None of the images could be read") from error
        finally:
            for row in read_rejected(csv):
                logger.warning(f"{row['image']}: {row['reason']}")
        logger.info(f"{result['images']} images predicted by {_names(settings, runs)}")
        print_rows(csv)
    return result | {"output": STANDARD_OUTPUT}


def _names(settings: "PredictorConfig", runs: list[RunFolder]) -> str:
    """The runs in messages. Packed ones have the name of their file, not that of the folder they are unpacked in."""
    named = zip(settings.run or ("",), runs, strict=True)
    return ", ".join(name if Path(name).expanduser().is_file() else str(run.path) for name, run in named)


def _predict(settings: "PredictorConfig", runs: list[RunFolder]) -> dict[str, object]:
    """Writes the CSV."""
    kind = runs[0].kind
    if errors := errors_of_other_kinds(settings, kind):
        raise SettingError(*errors)
    from predictor.engines.ray_engine import RayTask  # late: a refused setting should not wait for these imports
    from predictor.writing import read_evaluation_data, write_predictions

    shard = read_shard(settings.shard, settings.output) if settings.shard else None
    if shard:
        settings = settings.model_copy(update={"output": shard.output})
    data = read_evaluation_data(settings, kind.task)
    make_task = kind.load(kind.predictor)
    if settings.samples:
        sampling: SamplingTask = make_task(settings, runs)
        return sampling.generate(checkpoint_checksums(runs))
    is_on_ray = settings.engine == "ray"
    task: PredictionTask = make_task(settings.model_copy(update={"engine": "auto"}) if is_on_ray else settings, runs)
    task.depends_on |= checkpoint_checksums(runs)
    if data and data.classes != task.classes:
        why = f"has other classes than {runs[0].path}: {class_difference(task.classes, data.classes)}"
        raise SettingError(bad_setting("evaluate", data.path, f"{why}. Give data with the classes of the run"))
    for run in runs:
        if data:
            warn_if_trained_on(run, data, "the scores are higher than those of new images")
    predicted_by = _names(settings, runs)
    if is_on_ray:
        task = RayTask(task, settings.batch_size, settings.workers, settings.max_pixels)
        result = write_predictions(settings, task, data, predicted_by, shard=shard)
    else:
        result = write_predictions(settings, task, data, predicted_by, import_tensorflow, shard)
    if data and data.evaluated == "test":
        _note_looks(runs, data, result)
    return result


def _note_looks(runs: Sequence[RunFolder], data: DataFolder, result: Mapping[str, object]) -> None:
    """Each run notes that it was evaluated on test images. A part of a sharded output has no scores yet."""
    scores = result.get("scores")
    if not isinstance(scores, Mapping):
        return
    for run in runs:
        try:
            looks = note_look(run.path, data.path, len(data.images("test")), scores)
        except OSError as error:
            logger.warning(f"{run.path} cannot note this evaluation on test images: {error}")
        else:
            often = "This is its first evaluation" if looks == 1 else f"It was evaluated {looks} times"
            logger.info(f"{run.path}: {often} on test images. {run.path.name}/{TEST_LOOKS} counts them")


def checkpoint_checksums(runs: Sequence[RunFolder]) -> dict[str, object]:
    """Identifies the checkpoints by the checksums of their contents, so a copy on another machine counts as equal.

    The checksums are in the directory at the end of the zip file, so they are read quickly. Raises WorkError if a
    checkpoint is damaged.
    """
    return {"checkpoints": [_checksums(run.best) for run in runs]}


def _checksums(checkpoint: Path) -> list[list[object]]:
    try:
        with zipfile.ZipFile(checkpoint) as archive:
            return [[entry.filename, entry.file_size, entry.CRC] for entry in archive.infolist()]
    except ARCHIVE_ERRORS as error:
        raise WorkError(f"{checkpoint} is damaged or not a Keras model: {error}") from error
