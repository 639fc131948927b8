"""A trained run for analysis: its settings and history, its best model, its validation images."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from datatransformer.layout import DataFolder
from settings import SettingError, WorkError, bad_setting
from training.checkpoint_file import Row
from training.data_record import paths_of_data, read_data_of_run
from training.kinds import MULTILABEL, SEGMENTATION, Kind
from training.run_folder import RunFolder
from training.runs import find_runs
from training.schedules import Schedule, make_schedule

if TYPE_CHECKING:
    import numpy as np

    from analysis.graph import Graph
    from predictor.labels.validation import Validation

NO_LABEL = "(no label)"


class ValidationImages(NamedTuple):
    """Validation images at the input size of the model.

    Attributes:
        names: their paths in the data folder.
        pixels: RGB uint8 (images, height, width, 3).
        labels: class indices (images,), the rarest one of several labels; or, per pixel, (images, height, width) with
            255 for void; None without classes.
    """

    names: list[str]
    pixels: "np.ndarray"
    labels: "np.ndarray | None"


@dataclass(frozen=True)
class TrainedRun:
    """A run with at least one finished epoch.

    Attributes:
        kind, model, settings, versions: the contents of `config.json`.
        rows: its history, never empty.
        moved_data: the data folder, if it has been moved since training.
    """

    run: RunFolder
    kind: Kind
    model: str
    settings: Mapping[str, Any]
    versions: Mapping[str, str]
    rows: list[Row]
    moved_data: Path | None = None

    @cached_property
    def best(self) -> Row:
        """The history row of the best epoch, with the scores of the best checkpoint if it was recalibrated."""
        return self.run.best_scores()

    @property
    def scores(self) -> Row:
        """The validation loss and scores of the best epoch, by column of the history."""
        return {name: value for name, value in self.best.items() if name.startswith("val_")}

    def schedule(self, rows: Sequence[Row] = ()) -> Schedule:
        """The learning-rate schedule of the last session after these epochs."""
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
        """Whether the run has ended by its own settings."""
        stop_at = self.settings.get("stop_at")
        reached = stop_at is not None and any(self.kind.score(row) >= stop_at for row in self.rows)
        return len(self.rows) >= self.settings["epochs"] or reached or self.schedule(self.rows).ended

    @cached_property
    def data(self) -> DataFolder:
        """The data folder. Raises SettingError if it is missing, has another task, or other data than the run."""
        try:
            data = read_data_of_run(self.run, self.moved_data)
        except SettingError as error:
            advice = (
                f"give the folder that {self.run.path} was trained on by --data; "
                "python -m predictor --evaluate measures the run on other data"
            )
            raise SettingError(*(f"{reason} ({advice})" for reason in error.errors)) from error
        if self.kind.task and data.classes != self.run.classes():
            raise SettingError(bad_setting("data", data.path, f"its classes differ from those of {self.run.path}"))
        return data

    @property
    def data_path(self) -> Path:
        """Where the data folder is, or was."""
        return self.moved_data or paths_of_data(self.run)[0]

    @property
    def shown_classes(self) -> tuple[str, ...]:
        """The names of the labels in figures that show one label of each image."""
        return (*self.data.classes, NO_LABEL) if self.kind == MULTILABEL else self.data.classes

    @cached_property
    def graph(self) -> "Graph":
        """The layers of the best model."""
        from analysis.graph import Graph
        from layers.saved import load_saved_model

        return Graph(load_saved_model(self.run.best), self.run.image_size())

    @cached_property
    def validation(self) -> "Validation":
        """A classifier's predictions for its validation images."""
        from predictor.labels.ensemble import find_members
        from predictor.labels.validation import validate

        return validate(find_members([self.run], "none")[0], data=self.data)

    def images(self, indices: Sequence[int]) -> ValidationImages:
        """The validation images with these indices in the manifest's order."""
        import numpy as np

        from pipeline.cache import make_loader

        data, size = self.data, self.graph.size
        paths = data.images("val")

        def load(files: Sequence[str], masks: bool) -> np.ndarray:
            loader = make_loader([files[index] for index in indices], size, "none", data.path, masks)
            return np.stack([loader(number).numpy() for number in range(len(indices))])

        labels = None
        if self.kind == SEGMENTATION:
            labels = load(data.masks("val"), True)[..., 0]
        elif data.task == "classification":
            labels = np.array(data.labels("val"))[list(indices)]
        elif self.kind == MULTILABEL:
            labels = rarest_labels(data.label_sets("val"), len(data.classes))[list(indices)]
        names = [Path(paths[index]).relative_to(data.path).as_posix() for index in indices]
        return ValidationImages(names, load(paths, False), labels)


def rarest_labels(label_sets: Sequence[Sequence[int]], classes: int) -> "np.ndarray":
    """The rarest label of each image, (images,), for figures that show one; `classes` for an image without labels.

    Frequent labels, such as outdoor, say less about an image.
    """
    import numpy as np

    images = Counter(label for labels in label_sets for label in labels)
    return np.array([min(labels, key=lambda label: (images[label], label), default=classes) for labels in label_sets])


def open_run(runs: Path, name: str | None, data: Path | None) -> TrainedRun:
    """The run of this name or path, or the only run in the folder `runs`.

    `data` is its data folder if that was moved. Raises SettingError if the run is not found, WorkError if its first
    epoch is not finished.
    """
    (run,) = find_runs(runs, [name] if name else [])
    return read_run(run, data)


def read_run(run: RunFolder, data: Path | None = None) -> TrainedRun:
    """A run, and its data folder if that was moved. Raises WorkError if its first epoch is not finished."""
    from predictor.model import check_trained

    config = run.config()
    rows = run.history()
    if not rows:
        why = (
            "is lost, or the run is a packed one, which has none"
            if run.best.exists()
            else "does not exist yet: the first epoch is not finished. Train it first"
        )
        raise WorkError(f"The history of {run.path} {why}.")
    check_trained(run)
    return TrainedRun(run, run.kind, config["model"], config["settings"], config.get("versions", {}), rows, data)
