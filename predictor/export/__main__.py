"""`python -m predictor.export`: converts a run's best model to formats of other programs, and checks it on images.

EXPORT/README.md     inputs, outputs, how to load each format, its difference from the run
EXPORT/classes.csv
EXPORT/thresholds.csv if images may have several labels: the probability from which each label is given
EXPORT/savedmodel/, model.onnx, model.xml and model.bin, model.tflite: the chosen formats
EXPORT/encoder/, decoder/: the same for both parts of an auto-encoder
"""

import contextlib
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from command import import_tensorflow, run
from datatransformer.layout import DataFolder, read_data_folder
from datatransformer.pictures.images import UnreadableImage, read_image
from log import logger
from predictor.engines.conversion import ConversionError, check_installed, run_converter
from predictor.export.agreement import has_unpooling, measure_difference
from predictor.export.formats import FORMATS
from predictor.export.int8 import QUANTISERS, Calibration, measure_cost, read_calibration
from predictor.export.parts import ModelPart, model_parts
from predictor.export.readme import TITLE, ExportRecord, readme_text
from predictor.images import ImageFile, evaluated_images, evenly_spaced, find_images
from predictor.labels.thresholds import write_thresholds_of
from predictor.model import check_trained
from settings import SettingError, WorkError, bad_setting
from storage.lock import exclusive_lock
from storage.owned import finish_replacing, listed, replace_folder, write_list
from storage.temporary import temporary_folder
from training.data_record import paths_of_data
from training.kinds import MULTILABEL
from training.run_folder import RunFolder
from training.runs import find_runs

if TYPE_CHECKING:
    from config import ExportConfig

MAX_CHECKED_IMAGES = 8


def export(settings: "ExportConfig") -> dict[str, object]:
    """Exports a run. Returns what `--json` prints.

    Raises SettingError if the run cannot be exported to `output`; WorkError if a format does not support the model, or
    if an exported model gives other outputs.
    """
    exported_run = _find_run(settings.runs, settings.run)
    output = settings.output or Path("exports") / exported_run.path.resolve().name
    if not output.name:
        raise SettingError(bad_setting("output", output, "should be the name of a folder"))
    formats, calibration = list(dict.fromkeys(settings.format)), read_calibration(settings, exported_run)
    for name in formats:
        if calibration:
            check_installed(FORMATS[name].packages | QUANTISERS[name].packages, f"--format {name} --precision int8")
        else:
            check_installed(FORMATS[name].packages, f"--format {name}")
    candidates = _find_candidates(settings.test_images, exported_run, calibration.data if calibration else None)
    with exclusive_lock(output):
        finish_replacing(output, listed)
        _check_output(output, settings.overwrite)
        import_tensorflow()
        images = _read_images(candidates, exported_run)
        with temporary_folder(output) as work:
            records = _write_export(exported_run, formats, images, work, calibration)
            write_list(work)
            replace_folder(work, output, listed)
    for record in records:
        difference = f"largest difference {record.difference.largest:.1e}"
        logger.info(f"{record.title}: {record.size / 1e6:.2f} MB in {record.seconds:.1f} s, {difference}")
        if record.cost:
            logger.info(f"{record.title}, {record.cost}")
    logger.info(f"{output}: checked on {len(images)} images. Its README.md explains how to load it.")
    return {"output": output, "images": len(images), "models": [_as_result(record) for record in records]}


def _as_result(record: ExportRecord) -> dict[str, object]:
    part = {"part": record.part.name} if record.part.name else {}
    measured = {"bytes": record.size, "seconds": record.seconds, "difference": record.difference._asdict()}
    cost = {"f32": record.cost.f32._asdict(), "int8": record.cost.int8._asdict()} if record.cost else {}
    return {**part, "format": record.format, "file": record.file, **measured, **cost}


def _find_run(runs: Path, names: tuple[str, ...]) -> RunFolder:
    found = find_runs(runs, names)
    if len(found) > 1:
        raise SettingError(bad_setting("run", names, "one run is exported at a time; name one"))
    _ = found[0].kind  # raises SettingError for an unknown kind
    check_trained(found[0])
    return found[0]


def _check_output(output: Path, overwrite: bool) -> None:
    if not output.exists():
        return
    readme = output / "README.md"
    if not readme.is_file() or not readme.read_text(encoding="utf-8", errors="replace").startswith(TITLE):
        if not output.is_dir() or any(output.iterdir()):
            raise SettingError(bad_setting("output", output, "exists and is not an export; name another folder"))
    elif not overwrite:
        raise SettingError(
            bad_setting("output", output, "contains an export; --overwrite replaces it, or name another folder")
        )


def _find_candidates(test_images: str | None, exported_run: RunFolder, data: DataFolder | None) -> list[ImageFile]:
    """More images than are checked, since some may be unreadable. `data`: the run's data folder, if it is known."""
    if test_images:
        images = list(find_images(test_images))
    elif data:
        images = evaluated_images(data)
    else:
        if not exported_run.config()["settings"].get("data"):
            raise WorkError("There are no images to check the export on: the run is packed. Use --test-images FOLDER")
        try:
            data = read_data_folder(paths_of_data(exported_run)[0], exported_run.kind.task)  # any images will do
        except SettingError as error:
            raise WorkError(f"There are no images to check the export on: {error}. Use --test-images FOLDER") from error
        images = evaluated_images(data)
    return [images[place] for place in evenly_spaced(len(images), 4 * MAX_CHECKED_IMAGES)]


def _read_images(candidates: list[ImageFile], exported_run: RunFolder) -> np.ndarray:
    """Readable images, float32 (images, height, width, 3) of 0..255."""
    from pipeline.decode import decode_and_resize
    from predictor.reading import decoder

    size, pixel_range = exported_run.image_size(), exported_run.pixel_range()
    decode, images = decoder(lambda content: decode_and_resize(content, size)), []
    for image in candidates:
        try:
            images.append(decode(read_image(image.path, pixel_range).content).numpy())
        except UnreadableImage:
            continue
    if not images:
        raise WorkError(f"None of the images to check the export on can be read, such as {candidates[0].path}")
    return np.stack([images[place] for place in evenly_spaced(len(images), MAX_CHECKED_IMAGES)]).astype(np.float32)


def _write_export(
    exported_run: RunFolder, formats: Sequence[str], images: np.ndarray, folder: Path, calibration: Calibration | None
) -> list[ExportRecord]:
    """Writes a complete export to a new folder; in 8 bits if there is a calibration."""
    parts = model_parts(exported_run, images)
    for part in parts:
        (folder / part.name).mkdir(parents=True)
    size = (images.shape[1], images.shape[2])
    records = []
    for part in parts:
        place = folder / part.name
        for name in formats:
            if calibration:
                records.append(_write_int8(name, part, place, calibration))
            else:
                records.append(_write_f32(name, part, place, size))
    shutil.copy(exported_run.path / "classes.csv", folder)
    if exported_run.kind == MULTILABEL:
        write_thresholds_of(exported_run, folder / "thresholds.csv")
    (folder / "README.md").write_text(readme_text(exported_run, records, len(images)), encoding="utf-8")
    return records


def _write_f32(name: str, part: ModelPart, folder: Path, size: tuple[int, int]) -> ExportRecord:
    """Exports a model to a format. Raises WorkError if its outputs are not those of the run."""
    record = _write_format(name, part, folder, lambda: FORMATS[name].write(part.model, folder, part.input_name, size))
    difference = record.difference
    if not difference.passes(has_unpooling(part.model)):
        problem = (
            f"differs from the run by {difference.largest:.1e}, which is {difference.relative:.1e} of the largest "
            f"number (mean {difference.mean:.1e}), and {difference.other_answers:.2%} of its predictions differ"
        )
        raise WorkError(f"The {part.title} as {name} {problem}; nothing was exported.")
    return record


def _write_int8(name: str, part: ModelPart, folder: Path, calibration: Calibration) -> ExportRecord:
    """Exports a model to a format in f32, and from there in 8 bits. Raises WorkError if its score falls too much."""
    with temporary_folder(folder) as f32_folder:
        f32_folder.mkdir()
        f32 = _write_f32(name, part, f32_folder, calibration.size)
        record = _write_format(
            name, part, folder, lambda: QUANTISERS[name].write(part, f32_folder, folder, calibration)
        )
        with _naming(name, part):
            cost = measure_cost(name, f32_folder, folder, calibration, (f32.size, record.size))
    return record._replace(cost=cost)


def _write_format(name: str, part: ModelPart, folder: Path, write: Callable[[], None]) -> ExportRecord:
    """Writes a model to a format, loads it, and measures the difference of its outputs."""
    start, bytes_before = time.monotonic(), _count_bytes(folder)
    with _naming(name, part):
        run_converter(write)
        seconds, written = time.monotonic() - start, _count_bytes(folder) - bytes_before
        outputs = run_converter(lambda: FORMATS[name].load(folder)(part.inputs))
    if outputs.shape != part.expected.shape:
        problem = f"returns outputs of shape {outputs.shape}, the run {part.expected.shape}"
        raise WorkError(f"The {part.title} as {name} {problem}; nothing was exported.")
    return ExportRecord(name, part, written, seconds, measure_difference(outputs, part.expected))


@contextlib.contextmanager
def _naming(name: str, part: ModelPart) -> Iterator[None]:
    """Says which model and format a ConversionError is about."""
    try:
        yield
    except ConversionError as error:
        raise WorkError(f"The {part.title} cannot be exported as {name}: {error}. Leave that format out.") from error


def _count_bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


if __name__ == "__main__":
    run("python -m predictor.export", "ExportConfig", export)
