"""One start of a training command: everything that is checked and known before TensorFlow is imported."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from backbones import Backbone
from datatransformer.layout import DataFolder
from distributed.cluster import Cluster
from setting_types import as_text
from training.checkpoint_file import Row
from training.kinds import Kind
from training.progress import Progress
from training.run_folder import RunFolder
from training.schedules import Schedule, make_schedule
from training.stages import Stage, values_by_stage

if TYPE_CHECKING:
    from config import SupervisedConfig, TrainingConfig


@dataclass(frozen=True)
class Session:
    """Everything that a training needs to know.

    Attributes:
        spec: the backbone; None for a model without one.
        weights: `imagenet`, `none` or a file.
        cluster: the workers that train together.
        identity: a unique name of this start, the same for all workers.
    """

    kind: Kind
    settings: "TrainingConfig"
    spec: Backbone | None
    weights: str
    data: DataFolder
    run: RunFolder
    progress: Progress
    stages: tuple[Stage, ...]
    cluster: Cluster
    identity: str

    @property
    def supervised(self) -> "SupervisedConfig | None":
        """The settings of a model with a backbone; None for a model without one."""
        return cast("SupervisedConfig", self.settings) if self.spec else None

    @property
    def input_shape(self) -> tuple[int | None, int | None, int]:
        """Height, width and channels of the images; height and width are None if stages differ in them."""
        sizes = {stage.size for stage in self.stages}
        return (*(sizes.pop() if len(sizes) == 1 else (None, None)), 3)

    @property
    def description(self) -> str:
        """One line about the data: where, how many images, how many classes, the image size."""
        data = self.data
        return (
            f"{data.path}: {len(data.images('train'))} training and {len(data.images('val'))} validation images "
            f"of {len(data.classes)} classes, at {sizes_as_text(self.stages).replace(',', ', then ')} pixels"
        )

    def stage_of(self, row: Row) -> Stage:
        """The stage of an epoch. If the run had more stages when it was trained: the last stage."""
        return self.stages[min(int(row["stage"]), len(self.stages) - 1)]

    @property
    def best_stage(self) -> Stage:
        """The stage of the best checkpoint. Raises WorkError if there is none or if it is damaged."""
        return self.stage_of(self.run.best_row())

    def target_reached(self, rows: Sequence[Row]) -> bool:
        """Whether one of these epochs has reached the validation accuracy `stop_at`."""
        target = self.supervised.stop_at if self.supervised else None
        return target is not None and any(self.kind.score(row) >= target for row in rows)

    def schedule(self, rows: Sequence[Row]) -> Schedule:
        """The schedule of the learning rate, in its state after the epochs in `rows`."""
        settings = self.settings
        return make_schedule(
            settings.schedule,
            [stage.learning_rate for stage in self.stages],
            rows,
            epochs=settings.epochs,
            patience=settings.patience,
            min_delta=settings.min_delta,
            score=self.kind.score,
        )

    @property
    def is_finished(self) -> bool:
        """Whether earlier sessions have completed the training."""
        return bool(self.why_finished)

    @property
    def why_finished(self) -> str:
        """Why there is nothing left to train, and how to train longer. Empty if the training is not finished."""
        rows = self.progress.rows
        if not rows:
            return ""
        if self.progress.epochs_done >= self.settings.epochs:
            return f"all {self.settings.epochs} epochs are done; give more --epochs to train longer"
        if self.target_reached(rows):
            target = self.supervised and self.supervised.stop_at
            return f"validation accuracy has reached --stop-at {target}"
        if self.schedule(rows).ended:
            values = values_by_stage(self.settings)
            if any(len(given) > 1 for name, given in values.items() if name != "learning_rates"):
                return "its last stage has ended; to train other stages use another --name"
            return "its last stage has ended; give one more rate in --learning-rates to train longer"
        return ""


def sizes_as_text(stages: Sequence[Stage]) -> str:
    """The image size of each stage, such as 90x120,180x240; a single size if all stages share it."""
    sizes = tuple(stage.size for stage in stages)
    return as_text(sizes if len(set(sizes)) > 1 else sizes[:1])
