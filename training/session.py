"""One start of a training command: everything that is checked and known before TensorFlow is imported."""

from collections.abc import Sequence
from dataclasses import dataclass

from backbones import Backbone
from datatransformer.layout import DataFolder
from distributed.cluster import Cluster
from training.progress import Progress
from training.run_folder import Row, RunFolder, score
from training.schedules import make_schedule
from training.stages import BY_STAGE, Stage


@dataclass(frozen=True)
class Session:
    """What a kind of model trains with.

    `row` is the backbone, None if the model has none; `weights` is `imagenet`, `none` or a file. `cluster` is whom this
    process trains with, `identity` a name that this start has in common with theirs and with no other.
    """

    settings: object
    row: Backbone | None
    weights: str
    data: DataFolder
    run: RunFolder
    progress: Progress
    stages: tuple[Stage, ...]
    cluster: Cluster
    identity: str

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


def sizes_text(stages: Sequence[Stage]) -> str:
    """That of each stage, or the one of all."""
    sizes = [f"{stage.size[0]}x{stage.size[1]}" for stage in stages]
    return ",".join(sizes if len(set(sizes)) > 1 else sizes[:1])
