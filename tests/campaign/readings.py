"""What is read in a campaign of damaged files: the file, the functions of the product that read it, what holds."""

import math
import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from analysis.report import introduction, summary_rows
from analysis.reproduce import commands
from analysis.trained_run import read_run
from backbones.fetched import _read_manifest
from config import ClassifierConfig, DataTransformerConfig
from datatransformer.layout import read_classes, read_colours, read_data_folder, read_pixel_range, read_settings_used
from datatransformer.listing import RawImage
from datatransformer.made_with import MadeWith
from datatransformer.masks.raw_masks import read_raw_mask
from datatransformer.pictures.images import UnreadableImage, read_image
from datatransformer.report import Report
from datatransformer.sources import load_source
from experiments.results import ExperimentFolder, measure
from layers.safe_files import check_model_file
from pipeline.pixel_weights import load_or_count_pixels
from predictor.labels.thresholds import read_thresholds
from predictor.output import Output
from settings import SettingError, WorkError, read_settings
from storage.archives import ARCHIVE_ERRORS
from tests.campaign.changes import BYTES, CSV, JSON, TEXT, ZIP, Change
from tests.campaign.files import DATA, MASKS, RUN
from training.checkpoint_file import checkpoint_row
from training.data_record import data_identity, paths_of_data
from training.kinds import CLASSIFIER
from training.packed_run import open_packed
from training.progress import read_progress
from training.run_folder import RunFolder


class Reading(NamedTuple):
    """A file and what reads it.

    Attributes:
        read: gives a value that can be compared; takes the folder.
        fault: what no value may be, in words; empty if it is of the right form.
        named: what a message may name instead of the file.
        said: the part of the value that stands in the file itself; the rest is computed from it.
    """

    name: str
    file: str
    changes: Sequence[Change]
    read: Callable[[Path], Any]
    fault: Callable[[Any], str] = lambda value: ""
    named: str = ""
    said: Callable[[Any], Any] = lambda value: value


# ---- Readings --------------------------------------------------------------------------------------------------------


def _config(folder: Path) -> Any:
    run = RunFolder(folder / RUN)
    return run.config(), run.kind.name, run.image_size(), paths_of_data(run), data_identity(run)


def _analysis(folder: Path) -> Any:
    trained = read_run(RunFolder(folder / RUN))
    run = trained.run
    facts = [*summary_rows(trained)], introduction(trained), commands(trained), run.resumed_after(), trained.is_finished
    return facts, measure(run), run.history(), run.sessions()


def _resumption(folder: Path) -> Any:
    run = RunFolder(folder / RUN)
    kept = run.history_file.read_bytes()
    try:
        return read_progress(run, CLASSIFIER, "last")
    finally:
        run.history_file.write_bytes(kept)


def _table(value: Any) -> Any:
    """The rows of history and of sessions in the value of `_analysis`."""
    return value[2], value[3]


def _rows(value: Any) -> Any:
    return value.rows


def _weights(folder: Path) -> Any:
    manifest = _read_manifest(folder / "fetched")
    if manifest is None:
        raise SettingError("scenelab_weights.json is damaged")  # as `check_fetched` says
    return manifest


def _history_fault(value: Any) -> str:
    for row in value[2] if isinstance(value, tuple) and len(value) == 4 else value.rows:
        if not all(math.isfinite(row[name]) for name in ("epoch", "stage", "val_loss", "val_accuracy")):
            return f"a row of history is {row}"
    return ""


def _classes(folder: Path) -> Any:
    return read_classes(folder / RUN), read_colours(folder / RUN)


def _classes_fault(value: Any) -> str:
    names = value[0]
    return "" if len(set(names)) == len(names) and all(names) else f"the classes are {names}"


def _data(folder: Path) -> Any:
    data = read_data_folder(folder / DATA, "classification")
    return data.classes, data.images("train"), data.images("val"), data.labels("train"), data.labels("val")


def _data_fault(value: Any) -> str:
    outside = [path for path in value[1] + value[2] if ".." in path.split("/")]
    return f"images outside: {outside}" if outside else ""


def _mask_data(folder: Path) -> Any:
    data = read_data_folder(folder / MASKS, "segmentation")
    masks = [mask.removeprefix(f"{data.path}/") for split in ("train", "val") for mask in data.masks(split)]
    return data.classes, data.colours, data.images("train"), masks


def _settings_of_data(folder: Path) -> Any:
    used = read_settings_used(folder / DATA)
    if used is None:
        raise SettingError("settings.json is missing or damaged")  # as the transformer says
    given = DataTransformerConfig(source="folders", raw_images=folder / "data/train", data=folder / DATA)  # type: ignore[call-arg]
    made_with = MadeWith(given, load_source("folders"), "classification")
    return used, len(made_with.changed_settings(used, [])), made_with.changed_files(used, 0)


def _pixels(folder: Path) -> Any:
    counts = load_or_count_pixels(read_data_folder(folder / MASKS, "segmentation"))
    return counts.pixels.tolist(), counts.where_it_occurs.tolist()


def _pixels_fault(value: Any) -> str:
    return f"the pixels are {value}"  # they are counted again, so nothing but the same is right


def _checkpoint(folder: Path) -> Any:
    path = folder / RUN / "checkpoints" / "best.keras"
    row = checkpoint_row(path)
    try:
        check_model_file(path)
    except ARCHIVE_ERRORS as error:  # as `load_saved_model` does
        raise WorkError(f"{path} is damaged or not a model that can be loaded: {error}") from error
    return row


def _packed(folder: Path) -> Any:
    cache = folder / "cache"
    shutil.rmtree(cache, ignore_errors=True)
    os.environ["XDG_CACHE_HOME"] = str(cache)
    run = open_packed(folder / "packed.scenelab")
    outside = [path for path in folder.parent.iterdir() if path.name == "x"]
    return run.config(), run.classes(), run.image_size(), run.best_row(), outside


def _state(folder: Path) -> Any:
    experiment = ExperimentFolder(folder)
    wanted = {"epochs": 2, "image_size": "32x32"}
    experiment.check_same_settings("small-1", "classifiers.small", wanted)
    return experiment.state(), experiment.measured("small-1"), experiment.measured("small-2")


def _output(folder: Path) -> Any:
    output = Output(folder / "p.csv", ("label", "name", "probability"))
    kept = {path: path.read_bytes() for path in (output.path, output.note, output.rejected) if path.exists()}
    try:
        output.start({"checkpoints": [["a", 1, 2]], "columns": ["label"], "test_images": "x"}, False)
        return output.done(lambda: []), output.count_rows(), output.rejected_names()
    finally:
        for path, content in kept.items():
            path.write_bytes(content)


def _names(value: Any) -> Any:
    done, _, rejected = value
    return done.names, rejected


def _toml(folder: Path) -> Any:
    words = ["--config", str(folder / "scenelab.toml")]
    return read_settings(ClassifierConfig, words, "classifiers.small").model_dump()


def _source(name: str, file: str, **more: Any) -> Callable[[Path], Any]:
    def read(folder: Path) -> Any:
        given = DataTransformerConfig(
            source=name, raw_images=folder / "data/train", raw_labels=folder / file, data=folder / "new", **more
        )  # type: ignore[call-arg]
        listing = load_source(name).read(given, Report())
        entries = list(listing.entries)
        labels = {entry.name: (entry.class_name, entry.labels) for entry in entries if isinstance(entry, RawImage)}
        return listing.classes, labels, sorted(map(repr, entries))

    return read


def _picture(file: str, read: Callable[[Path], Any]) -> Callable[[Path], Any]:
    def reading(folder: Path) -> Any:
        try:
            return read(folder / file)
        except UnreadableImage as error:  # reported with the file, and the rest goes on
            raise WorkError(f"{file}: {error}") from error

    return reading


PICTURE, MASK = "data/train/beach/beach_00001.jpg", "data-masks/train/masks/beach_00001.png"
RUN_FILE = f"{RUN}/%s"
READINGS = (
    Reading("config.json of a run", RUN_FILE % "config.json", JSON, _config, said=lambda value: value[0]),
    Reading("config.json, analysis", RUN_FILE % "config.json", JSON, _analysis, said=lambda value: ()),
    Reading("history.csv, analysis", RUN_FILE % "history.csv", CSV, _analysis, _history_fault, "cifar_resnet", _table),
    Reading(
        "history.csv, resumption",
        RUN_FILE % "history.csv",
        CSV,
        _resumption,
        _history_fault,
        "cifar_resnet",
        lambda value: value.rows,
    ),
    Reading("sessions.csv", RUN_FILE % "sessions.csv", CSV, _analysis, said=_table),
    Reading("classes.csv of a run", RUN_FILE % "classes.csv", CSV, _classes, _classes_fault),
    Reading("thresholds.csv", RUN_FILE % "thresholds.csv", CSV, lambda f: read_thresholds(RunFolder(f / RUN)).tolist()),
    Reading("summary.csv", RUN_FILE % "figures/summary.csv", CSV, lambda f: measure(RunFolder(f / RUN))),
    Reading("best.keras", RUN_FILE % "checkpoints/best.keras", ZIP, _checkpoint),
    Reading("packed run", "packed.scenelab", ZIP, _packed, named="packed"),
    Reading("manifest.csv", "data/manifest.csv", CSV, _data, _data_fault, "data"),
    Reading("manifest.csv with masks", "data-masks/manifest.csv", CSV, _mask_data, named="data-masks"),
    Reading("classes.csv of data", "data/classes.csv", CSV, _data, _data_fault),
    Reading("settings.json of data", "data/settings.json", JSON, _settings_of_data, said=lambda value: value[0]),
    Reading("pixel_range.json", "data/pixel_range.json", JSON, lambda f: read_pixel_range(f / DATA)),
    Reading("pixels.json", "data-masks/pixels.json", JSON, _pixels, _pixels_fault),
    Reading("state.json of experiments", "state.json", JSON, _state, named="small-1"),
    Reading("manifest of weights", "fetched/scenelab_weights.json", JSON, _weights),
    Reading("note of predictions", ".p.csv.json", JSON, _output, named="p.csv"),
    Reading("predictions", "p.csv", CSV, _output, named="p.csv", said=_names),
    Reading("rejected images", "p.rejected.csv", CSV, _output, said=_names),
    Reading("scenelab.toml", "scenelab.toml", TEXT, _toml),
    Reading("labels.csv", "labels.csv", CSV, _source("labels", "labels.csv"), said=lambda value: value[:2]),
    Reading("labels.json", "labels.json", JSON, _source("labels", "labels.json"), said=lambda value: value[:2]),
    Reading("coco.json", "coco.json", JSON, _source("coco", "coco.json"), said=lambda value: value[:2]),
    Reading("cvat.xml", "cvat.xml", TEXT, _source("cvat", "cvat.xml")),
    Reading("JPEG", PICTURE, BYTES, _picture(PICTURE, lambda path: read_image(path).content)),
    Reading("PNG mask", MASK, BYTES, _picture(MASK, lambda path: read_raw_mask(path)[0].tolist())),
)
