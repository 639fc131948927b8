"""The kinds of run: the one table of what distinguishes a classifier, a segmentation network and an auto-encoder.

A new kind is a new row here and the modules that the row names. They are imported when they are needed, because they
stand above this one and use TensorFlow.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pkgutil import resolve_name
from typing import Any

from settings import SettingError, bad_setting

Row = Mapping[str, float]
"""A row of history."""


@dataclass(frozen=True)
class Kind:
    """What all runs of a kind have in common.

    Attributes:
        name: as `config.json` has it.
        room: the package of its training commands.
        task: the task of the data folder; None if only its images matter.
        score_column: the column of the history that decides which epoch is best.
        measures: columns of the history that a comparison shows.
        summary: text of the best epoch, with columns of its row in braces.
        parts: the parts of `python -m analysis` that it has.
        results: `module:function` that draws what the trained model gives of validation images, given the session.
        predictor: `module:class` by which `python -m predictor` predicts.
        report: `module:function` that writes the page of a run.
        hint: more flags of the predictor that a user may want next.
    """

    name: str
    room: str
    task: str | None
    score_column: str
    measures: tuple[str, ...]
    summary: str
    parts: tuple[str, ...]
    results: str
    predictor: str
    report: str = "analysis.report:update_report"
    hint: str = ""

    def score(self, row: Row) -> float:
        """How good an epoch is; the larger the better. A loss counts as its negative."""
        value = row[self.score_column]
        return -value if self.score_column.endswith("loss") else value

    def load(self, name: str) -> Any:
        """What a `module:function` of this row names."""
        return resolve_name(name)


CLASSIFIER = Kind(
    name="classifier",
    room="classifiers",
    task="classification",
    score_column="val_accuracy",
    measures=("val_accuracy", "val_loss", "accuracy"),
    summary="validation accuracy {val_accuracy:.4f}",
    parts=("curves", "evaluation", "embedding", "maps", "gradcam", "layers"),
    results="classifiers.recipe:draw_results",
    predictor="predictor.labels.classify:Classification",
)
SEGMENTATION = Kind(
    name="segmentation",
    room="segmentation",
    task="segmentation",
    score_column="val_accuracy",
    measures=("val_accuracy", "val_mean_iou", "val_loss"),
    summary="validation accuracy without void {val_accuracy:.4f}, mean IoU {val_mean_iou:.4f}",
    parts=("curves", "evaluation", "embedding", "maps", "layers"),
    results="segmentation.recipe:draw_results",
    predictor="predictor.masks.segment:Segmentation",
)
AUTOENCODER = Kind(
    name="autoencoder",
    room="generation",
    task=None,
    score_column="val_loss",
    measures=("val_loss", "val_mse", "val_kl"),
    summary="validation loss {val_loss:.4f}, reconstruction {val_reconstruction:.4f} and KL {val_kl:.4f}",
    parts=("curves", "embedding", "maps", "layers"),
    results="generation.figures:draw_figures",
    predictor="predictor.codes.encode:Encoding",
    hint=", or --samples 64 for new images",
)

KINDS = {kind.name: kind for kind in (CLASSIFIER, SEGMENTATION, AUTOENCODER)}


def kind_named(name: str, run: object) -> Kind:
    """The kind of the run at a path. Raises SettingError if there is none of this name."""
    if name not in KINDS:
        raise SettingError(bad_setting("run", run, f"is a run of kind {name}; known kinds are {', '.join(KINDS)}"))
    return KINDS[name]


def kind_of_module(module: str) -> Kind:
    """The kind that a training command such as `classifiers.small` trains."""
    return next(kind for kind in KINDS.values() if kind.room == module.partition(".")[0])
