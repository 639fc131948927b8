"""One start of a training command: everything that is checked and known before TensorFlow is imported."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from backbones import Backbone
from datatransformer.layout import DataFolder, read_data_folder
from settings import SettingError, fault
from training.progress import NOTHING_DONE, Progress, check_same_model, read_progress
from training.run_folder import Row, RunFolder, score
from training.schedules import make_schedule
from training.stages import BY_STAGE, Stage, plan

WEIGHT_FILES = (".keras", ".h5", ".npz")


@dataclass(frozen=True)
class Session:
    """What a kind of model trains with.

    `row` is the backbone, None if the model has none; `weights` is `imagenet`, `none` or a file.
    """

    settings: object
    row: Backbone | None
    weights: str
    data: DataFolder
    run: RunFolder
    progress: Progress
    stages: tuple[Stage, ...]

    @property
    def input_shape(self) -> tuple[int | None, int | None, int]:
        """Height, width and channels of the pictures; height and width are open if stages differ in them."""
        sizes = {stage.size for stage in self.stages}
        return (*(sizes.pop() if len(sizes) == 1 else (None, None)), 3)

    @property
    def introduction(self) -> str:
        """What is trained on."""
        data = self.data
        return (
            f"{data.path}: {len(data.images('train'))} training and {len(data.images('val'))} validation images "
            f"of {len(data.classes)} classes, at {_sizes(self.stages).replace(',', ', then ')} pixels"
        )

    def reached(self, rows: Sequence[Row]) -> bool:
        """Whether validation has been as good as is wished."""
        wished = getattr(self.settings, "stop_at", None)
        return wished is not None and any(score(row) >= wished for row in rows)

    @property
    def is_finished(self) -> bool:
        """Whether an earlier session has trained all there was to train."""
        return bool(self.why_finished)

    @property
    def why_finished(self) -> str:
        """What ended it and how to train on; empty if it is not finished."""
        if not self.progress.rows:
            return ""
        if self.progress.epochs_done >= self.settings.epochs:
            return f"all {self.settings.epochs} epochs are done; more --epochs train on"
        if self.reached(self.progress.rows):
            return f"validation accuracy has reached --stop-at {self.settings.stop_at}"
        if make_schedule(self.settings, self.stages, self.progress.rows).ended:
            if any(len(getattr(self.settings, name, ())) > 1 for name in BY_STAGE if name != "learning_rates"):
                return "its last stage has ended; other stages need another --name"
            return "its last stage has ended; one more rate in --learning-rates trains on"
        return ""


def open_session(
    kind: str, task: str | None, name: str, row: Backbone | None, settings, check: Callable[[DataFolder], object]
) -> Session:
    """Checks the settings against data, backbone and run; begins the run folder or finds what is there.

    `task` is what the data folder is for, None if only its pictures matter. `check` raises SettingError for what a kind
    of model finds wrong with the data, before a run is touched.
    Raises SettingError with what is wrong, WorkError if the run is damaged.
    """
    weights = _weights(row, settings) if row else "none"
    data = read_data_folder(settings.data, task)
    check(data)
    stages = plan(settings, row, len(data.images("train")))
    if settings.runs.exists() and not settings.runs.is_dir():
        raise SettingError(fault("runs", settings.runs, "is no folder"))
    run = RunFolder(settings.runs / (settings.name or name))
    used = settings.model_dump(mode="json") | {
        "image_size": _sizes(stages),
        "weights": weights,
        "data": str(settings.data.resolve()),
        "learning_rates": [stage.learning_rate for stage in stages],
    }
    if (
        settings.resume == "never"
        and not settings.find_lr
        and (run.history_file.exists() or run.last.exists() or run.best.exists())
    ):
        print(f"The old run is now {run.set_aside()}")
    anew = settings.find_lr and settings.resume == "never"  # a look at the rate leaves the old run where it is
    progress = NOTHING_DONE if anew else read_progress(run, settings.resume)
    if progress.rows:  # before its first epoch is kept a run is bound to nothing
        config = run.config()
        if (config["kind"], config["model"]) != (kind, name):
            raise SettingError(fault("name", run.path.name, f"is a run of {config['model']}; use another --name"))
        check_same_model(run, used, data.classes)
    session = Session(settings, row, weights, data, run, progress, stages)
    if not (session.is_finished or settings.find_lr):
        run.write_config(kind, name, used, data.classes, data.colours)
    return session


def _sizes(stages: Sequence[Stage]) -> str:
    """That of each stage, or the one of all."""
    sizes = [f"{stage.size[0]}x{stage.size[1]}" for stage in stages]
    return ",".join(sizes if len(set(sizes)) > 1 else sizes[:1])


def _weights(row: Backbone, settings) -> str:
    weights = settings.weights
    if weights == "auto":
        return "imagenet" if row.imagenet else "none"
    if weights == "imagenet" and not row.imagenet:
        raise SettingError(fault("weights", weights, "there are none for this model; use none, or a file"))
    if weights in ("imagenet", "none"):
        return weights
    path = Path(weights).expanduser()
    if not path.is_file() or path.suffix not in WEIGHT_FILES:
        raise SettingError(
            fault("weights", weights, "should be imagenet, none, or a file .keras, .weights.h5, .h5 or .npz")
        )
    return str(path.resolve())
