"""The table of the kinds of run: how classifiers, segmentation networks and auto-encoders differ.

To add a kind, add a row here and the modules that it names. They are imported when they are needed, because they
import this module and TensorFlow.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pkgutil import resolve_name
from typing import Any

from settings import SettingError, bad_setting

Row = Mapping[str, float]
"""A row of history."""


DEFAULT_SCORE = "accuracy"
"""That of runs of earlier versions, which had no choice."""

SCORES = {"accuracy": "val_accuracy", "mean-iou": "val_mean_iou"}
"""The columns of the history for the values of the setting `score`."""


@dataclass(frozen=True, eq=False)
class Kind:
    """Everything that all runs of a kind have in common.

    Kinds are equal if their names are: a run may choose another score.

    Attributes:
        name: the value of `kind` in `config.json`.
        package: the package of its training commands. Of several kinds with one package, the data folder decides.
        task: the task of the data folder; None if only the images are used.
        score_column: the column of the history that decides which epoch is best.
        measures: columns of the history that a comparison shows.
        summary: a text about the best epoch, with columns of its row in braces.
        parts: the parts that `python -m analysis` can draw.
        results: `module:function` that draws the results on the validation images; it takes the session.
        embedded_layers: `module:function` that chooses the layers whose features `python -m analysis` embeds; it takes
            the graph of the model.
        predictor: `module:class` that `python -m predictor` uses.
        predictor_settings: settings of the predictor that not all kinds use, but this one does.
        report: `module:function` that writes the page of a run.
        hint: more flags of the predictor for the next step.
        activation: turns logits into probabilities: softmax, or sigmoid if classes do not exclude each other.
        fixed_settings: settings, besides those of all kinds, that cannot change in a resumed run.
    """

    name: str
    package: str
    task: str | None
    score_column: str
    measures: tuple[str, ...]
    summary: str
    parts: tuple[str, ...]
    results: str
    embedded_layers: str
    predictor: str
    predictor_settings: tuple[str, ...]
    report: str = "analysis.report:update_report"
    hint: str = ""
    activation: str = "softmax"
    fixed_settings: tuple[str, ...] = ()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Kind) and self.name == other.name

    def __hash__(self) -> int:
        return hash(self.name)

    def by_score(self, score: object) -> "Kind":
        """The kind whose best epoch is decided by the setting `score`; None: as usual."""
        return replace(self, score_column=SCORES[str(score)]) if score else self

    def score(self, row: Row) -> float:
        """The score of an epoch; higher is better. The score of a loss is its negative."""
        value = row[self.score_column]
        return -value if self.score_column.endswith("loss") else value

    def load(self, name: str) -> Any:
        """The function or class that a `module:function` of this row names."""
        return resolve_name(name)


CLASSIFIER = Kind(
    name="classifier",
    package="classifiers",
    task="classification",
    score_column="val_accuracy",
    measures=("val_accuracy", "val_loss", "accuracy"),
    summary="validation accuracy {val_accuracy:.4f}",
    parts=("curves", "evaluation", "embedding", "maps", "gradcam", "layers"),
    results="classifiers.recipe:draw_results",
    embedded_layers="analysis.features:input_of_last_layer",
    predictor="predictor.labels.classify:ClassificationTask",
    predictor_settings=("evaluate", "policy", "tta", "engine", "precision", "top_k"),
)
MULTILABEL = Kind(
    name="multilabel",
    package="classifiers",
    task="multilabel",
    score_column="val_map",
    measures=("val_map", "val_f1_micro", "val_f1_macro", "val_loss"),
    summary="mean average precision {val_map:.4f}, F1 {val_f1_micro:.4f} (micro) and {val_f1_macro:.4f} (macro) at 0.5",
    parts=("curves", "evaluation", "embedding", "maps", "gradcam", "layers"),
    results="classifiers.multilabel:draw_results",
    embedded_layers="analysis.features:input_of_last_layer",
    predictor="predictor.labels.tag:TaggingTask",
    predictor_settings=("evaluate", "policy", "tta", "engine", "precision", "threshold"),
    activation="sigmoid",
    fixed_settings=("class_weights",),  # a part of the loss, which the checkpoints contain
)

SEGMENTATION = Kind(
    name="segmentation",
    package="segmentation",
    task="segmentation",
    score_column="val_accuracy",
    measures=("val_accuracy", "val_mean_iou", "val_loss"),
    summary="validation accuracy without void {val_accuracy:.4f}, mean IoU {val_mean_iou:.4f}",
    parts=("curves", "evaluation", "embedding", "maps", "layers"),
    results="segmentation.recipe:draw_results",
    embedded_layers="analysis.features:encoder_end_and_middle_of_decoder",
    predictor="predictor.masks.segment:SegmentationTask",
    predictor_settings=("evaluate", "tta", "tile", "overlap", "engine", "precision", "mask_files"),
    fixed_settings=("class_weights", "score"),  # the weights are a part of the loss, which the checkpoints contain
)
AUTOENCODER = Kind(
    name="autoencoder",
    package="generation",
    task=None,
    score_column="val_loss",
    measures=("val_loss", "val_mse", "val_kl"),
    summary="validation loss {val_loss:.4f}, reconstruction {val_reconstruction:.4f} and KL {val_kl:.4f}",
    parts=("curves", "embedding", "maps", "layers"),
    results="generation.figures:draw_figures",
    embedded_layers="analysis.features:narrowest_layer",
    predictor="predictor.codes.encode:EncodingTask",
    predictor_settings=("samples", "encoding_files", "seed"),
    hint=", or --samples 64 for new images",
)

KINDS = {kind.name: kind for kind in (CLASSIFIER, MULTILABEL, SEGMENTATION, AUTOENCODER)}


def kind_named(name: str, run: object) -> Kind:
    """The kind of this name; `run` is the path of the run that has it. Raises SettingError if the kind is unknown."""
    if name not in KINDS:
        known = f"known kinds are {', '.join(KINDS)}"
        raise SettingError(bad_setting("run", run, f"is a run of kind {name} by its config.json; {known}"))
    return KINDS[name]


def kind_of_module(module: str, task: str | None = None) -> Kind:
    """The kind of run that a training command such as `classifiers.small` makes from a data folder for this task.

    Without a task, or with that of another command: the first kind of the command.
    """
    kinds = [kind for kind in KINDS.values() if kind.package == module.partition(".")[0]]
    return next((kind for kind in kinds if kind.task == task), kinds[0])
