"""One start of a training command: everything that is checked and known before TensorFlow is imported."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from backbones import Backbone
from datatransformer.layout import DataFolder, read_data_folder
from settings import SettingError, fault, height_and_width
from training.progress import Progress, check_same_model, read_progress
from training.run_folder import Row, RunFolder
from training.schedules import make_schedule

WEIGHT_FILES = (".keras", ".h5", ".npz")


@dataclass(frozen=True)
class Session:
    """What a kind of model trains with.

    `size` is height and width in pixels, `weights` is `imagenet`, `none` or a file, `batch_size` is no more than
    there are training images.
    """

    settings: object
    row: Backbone
    size: tuple[int, int]
    weights: str
    data: DataFolder
    run: RunFolder
    progress: Progress
    batch_size: int
    steps_per_epoch: int

    def frozen(self, stage: int) -> int:
        """How many of the backbone's layers do not learn in a stage, as a slice layers[:N]."""
        return _frozen(self.row, self.settings)[stage if self.settings.unfreeze_schedule else 0]

    def reached(self, rows: Sequence[Row]) -> bool:
        """Whether validation has been as good as is wished."""
        wished = self.settings.stop_at
        return wished is not None and any(row["val_accuracy"] >= wished for row in rows)

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
        if make_schedule(self.settings, self.steps_per_epoch, self.progress.rows).ended:
            if self.settings.unfreeze_schedule:
                return "its last stage has ended; other stages need another --name"
            return "its last stage has ended; one more rate in --learning-rates trains on"
        return ""


def open_session(
    kind: str, task: str, name: str, row: Backbone, settings, check: Callable[[DataFolder], object]
) -> Session:
    """Checks the settings against data, backbone and run; begins the run folder or finds what is there.

    `check` raises SettingError for what a kind of model finds wrong with the data, before a run is touched.
    Raises SettingError with what is wrong, WorkError if the run is damaged.
    """
    size, weights = _image_size(row, settings), _weights(row, settings)
    _check_frozen(row, settings)
    _check_schedule(settings)
    data = read_data_folder(settings.data, task)
    check(data)
    if settings.runs.exists() and not settings.runs.is_dir():
        raise SettingError(fault("runs", settings.runs, "is no folder"))
    run = RunFolder(settings.runs / (settings.name or name))
    used = settings.model_dump(mode="json") | {
        "image_size": f"{size[0]}x{size[1]}",
        "weights": weights,
        "data": str(settings.data.resolve()),
    }
    if settings.resume == "never" and (run.history_file.exists() or run.last.exists() or run.best.exists()):
        print(f"The old run is now {run.set_aside()}")
    progress = read_progress(run, settings.resume)
    if progress.rows:  # before its first epoch is kept a run is bound to nothing
        config = run.config()
        if (config["kind"], config["model"]) != (kind, name):
            raise SettingError(fault("name", run.path.name, f"is a run of {config['model']}; use another --name"))
        check_same_model(run, used, data.classes)
    count = len(data.images("train"))
    batch_size = min(settings.batch_size, count)
    steps = settings.steps_per_epoch or count // batch_size
    session = Session(settings, row, size, weights, data, run, progress, batch_size, steps)
    if not session.is_finished:
        run.write_config(kind, name, used, data.classes, data.colours)
    return session


def _image_size(row: Backbone, settings) -> tuple[int, int]:
    size = height_and_width(settings.image_size or str(row.image_size))
    if min(size) < row.smallest:
        raise SettingError(
            fault("image_size", settings.image_size, f"should be {row.smallest} or more for this backbone")
        )
    return size


def _check_schedule(settings) -> None:
    """What is given on purpose must be of use; a default may be of none."""
    if settings.schedule == "stages":
        return
    given, rates = settings.model_fields_set, settings.learning_rates
    faults = []
    if "learning_rates" in given and len(rates) > 1:
        text = ",".join(f"{rate:g}" for rate in rates)
        faults.append(fault("learning_rates", text, f"schedule {settings.schedule} has one rate; name one"))
    faults += [
        fault(name, getattr(settings, name), f"is of no use with schedule {settings.schedule}; leave it out")
        for name in ("patience", "min_delta")
        if name in given
    ]
    if faults:
        raise SettingError(*faults)


def _check_frozen(row: Backbone, settings) -> None:
    faults, parts = [], settings.unfreeze_schedule
    if parts and settings.freeze:
        faults.append(fault("freeze", settings.freeze, "unfreeze_schedule says what is frozen in each stage; use one"))
    if parts and settings.schedule != "stages":
        faults.append(fault("unfreeze_schedule", ",".join(parts), "needs --schedule stages"))
    if parts and len(parts) != len(settings.learning_rates):
        allowed = f"names {len(parts)} stages, learning_rates {len(settings.learning_rates)}; give each its rate"
        faults.append(fault("unfreeze_schedule", ",".join(parts), allowed))
    field = "unfreeze_schedule" if parts else "freeze"
    faults += [
        fault(field, count, f"the backbone has {row.layers} layers; {row.layers} freezes all of them")
        for count in _frozen(row, settings)
        if abs(count) > row.layers
    ]
    if faults:
        raise SettingError(*faults)


def _frozen(row: Backbone, settings) -> list[int]:
    """A slice for each stage; one for all without an unfreeze schedule."""
    names = {"head": row.layers, "all": 0}
    return [names[part] if part in names else int(part) for part in settings.unfreeze_schedule] or [settings.freeze]


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
