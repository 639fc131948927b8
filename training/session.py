"""One start of a training command: everything that is checked and known before TensorFlow is imported."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from backbones import Backbone
from datatransformer.layout import DataFolder
from distributed.cluster import Cluster
from setting_types import as_text
from training.kinds import Kind
from training.progress import Progress
from training.run_folder import Row, RunFolder
from training.schedules import Schedule, make_schedule
from training.stages import Stage, values_by_stage

if TYPE_CHECKING:
    from config import SupervisedConfig, TrainingConfig


@dataclass(frozen=True)
class Session:
    """All that a training needs to know.

    Attributes:
        spec: the backbone, None if the model has none.
        weights: `imagenet`, `none` or a file.
        cluster: the workers that train together.
        identity: a name of this start, the same for all workers.
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
        """Height, width and channels of the pictures; height and width are open if stages differ in them."""
        sizes = {stage.size for stage in self.stages}
        return (*(sizes.pop() if len(sizes) == 1 else (None, None)), 3)

    @property
    def introduction(self) -> str:
        """What is trained on."""
        data = self.data
        return (
            f"{data.path}: {len(data.images('train'))} training and {len(data.images('val'))} validation images "
            f"of {len(data.classes)} classes, at {sizes_text(self.stages).replace(',', ', then ')} pixels"
        )

    def reached(self, rows: Sequence[Row]) -> bool:
        """Whether validation has been as good as is wished."""
        wished = self.supervised and self.supervised.stop_at
        return wished is not None and any(self.kind.score(row) >= wished for row in rows)

    def schedule(self, rows: Sequence[Row]) -> Schedule:
        """As it stands after the epochs in `rows`."""
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
            return f"validation accuracy has reached --stop-at {self.supervised.stop_at}"
        if self.schedule(self.progress.rows).ended:
            if any(
                len(values) > 1 for name, values in values_by_stage(self.settings).items() if name != "learning_rates"
            ):
                return "its last stage has ended; other stages need another --name"
            return "its last stage has ended; one more rate in --learning-rates trains on"
        return ""


def sizes_text(stages: Sequence[Stage]) -> str:
    """That of each stage, or the one of all."""
    sizes = tuple(stage.size for stage in stages)
    return as_text(sizes if len(set(sizes)) > 1 else sizes[:1])
