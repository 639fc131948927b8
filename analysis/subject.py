"""A run as it is looked at: what its folder says of it, its best model, its validation images."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from datatransformer.layout import DataFolder, read_data_folder
from predictor.model import check_trained
from settings import SettingError, WorkError, bad_setting
from training.kinds import SEGMENTATION, Kind
from training.run_folder import Row, RunFolder, find_runs
from training.schedules import Schedule, make_schedule

if TYPE_CHECKING:
    from analysis.graph import Graph
    from predictor.labels.validation import Validation


class Pictures(NamedTuple):
    """Validation images at the size of the model.

    Attributes:
        names: their paths in the data folder.
        values: RGB uint8 (pictures, height, width, 3).
        labels: class indices, (pictures,) or of each pixel (pictures, height, width), 255 for void; None if the data
            folder knows nothing that the run is about.
    """

    names: list[str]
    values: np.ndarray
    labels: np.ndarray | None


@dataclass(frozen=True)
class Subject:
    """What there is to see of a run.

    Attributes:
        kind, model: as `config.json` has them.
        rows: its history, never empty.
        moved_data: where its data folder lies, if not where it was.
    """

    run: RunFolder
    kind: Kind
    model: str
    settings: dict
    versions: dict
    rows: list[Row]
    moved_data: Path | None = None

    @property
    def best(self) -> Row:
        return max(self.rows, key=self.kind.score)

    def schedule(self, rows: Sequence[Row] = ()) -> Schedule:
        """Of the last session, as it stands after these epochs."""
        settings = self.settings
        return make_schedule(
            settings["schedule"],
            settings["learning_rates"],
            rows,
            epochs=settings["epochs"],
            patience=settings["patience"],
            min_delta=settings["min_delta"],
            score=self.kind.score,
        )

    @property
    def is_finished(self) -> bool:
        """Whether there is nothing left to train, as far as the settings say."""
        wished = self.settings.get("stop_at")
        reached = wished is not None and self.kind.score(self.best) >= wished
        return len(self.rows) >= self.settings["epochs"] or reached or self.schedule(self.rows).ended

    @cached_property
    def data(self) -> DataFolder:
        """Raises SettingError if it is not there, for something else, or has other classes than the run."""
        path = self.moved_data or Path(self.settings["data"])
        try:
            data = read_data_folder(path, self.kind.task)
        except SettingError as error:
            advice = f"{self.run.path} was trained on it; if it lies elsewhere, --data says where"
            raise SettingError(*(f"{reason} ({advice})" for reason in error.errors)) from error
        if self.kind.task and data.classes != self.run.classes():
            raise SettingError(bad_setting("data", path, f"has other classes than {self.run.path} was trained on"))
        return data

    @cached_property
    def graph(self) -> "Graph":
        from analysis.graph import Graph
        from layers.saved import load_saved_model

        return Graph(load_saved_model(self.run.best), self.run.image_size())

    @cached_property
    def validation(self) -> "Validation":
        """What a classifier says of its validation images."""
        from predictor.labels.ensemble import find_members
        from predictor.labels.validation import validate

        return validate(find_members([self.run], "none")[0], data=self.data)

    def pictures(self, chosen: Sequence[int]) -> Pictures:
        """The validation images of these numbers."""
        from pipeline.cache import make_loader

        data, size = self.data, self.graph.size
        images = data.images("val")

        def load(files: list[str], masks: bool) -> np.ndarray:
            loader = make_loader([files[index] for index in chosen], size, "none", data.path, masks)
            return np.stack([loader(number).numpy() for number in range(len(chosen))])

        labels = None
        if self.kind is SEGMENTATION:
            labels = load(data.masks("val"), True)[..., 0]
        elif data.task == "classification":
            labels = np.array(data.labels("val"))[list(chosen)]
        names = [Path(images[index]).relative_to(data.path).as_posix() for index in chosen]
        return Pictures(names, load(images, False), labels)


def open_subject(settings) -> Subject:
    """The run that the settings name. Raises SettingError if there is none, WorkError if nothing is trained yet."""
    (run,) = find_runs(settings.runs, [settings.run] if settings.run else [])
    return read_subject(run, settings.data)


def read_subject(run: RunFolder, data: Path | None = None) -> Subject:
    config = run.config()
    rows = run.history()
    if not rows:
        raise WorkError(f"{run.path} has no history yet: its first epoch is not finished. Train it first.")
    check_trained(run)
    return Subject(run, run.kind, config["model"], config["settings"], config.get("versions", {}), rows, data)
