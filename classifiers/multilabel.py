"""What is different where an image may have several labels: targets, loss and metrics, scores, results."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import tensorflow as tf

from datatransformer.layout import DataFolder
from layers.multilabel import LabelAccuracy, LabelCrossEntropy
from pipeline.positive_weights import positive_weights
from predictor.labels.label_scores import DEFAULT_THRESHOLD, label_scores
from predictor.labels.truth import label_table
from training.checkpoint_file import Row
from training.job import Objective
from training.session import Session

if TYPE_CHECKING:
    from config import ClassifierConfig

FOCAL_GAMMA = 2.0
"""The gamma of the paper on the focal loss."""


def label_targets(data: DataFolder, split: str) -> Callable[[tf.Tensor], tf.Tensor]:
    """A function from the index of an image, or of several, to targets of 0 and 1, (classes,) float32."""
    table = tf.constant(label_table(data, split))
    return lambda index: tf.cast(tf.gather(table, index), tf.float32)


def make_label_objective(settings: "ClassifierConfig", data: DataFolder) -> Objective:
    """Binary cross-entropy or its focal form, with class weights, and the share of right decisions."""
    weights = positive_weights(settings.class_weights, data.label_sets("train"), data.classes)
    gamma = FOCAL_GAMMA if settings.loss == "focal" else 0.0
    loss = partial(LabelCrossEntropy, None if weights is None else weights.tolist(), settings.label_smoothing, gamma)
    return Objective(loss, lambda: [LabelAccuracy()])


def epoch_scores(data: DataFolder) -> Callable[[np.ndarray], Row]:
    """A function from the logits of the validation images to more columns of the history.

    Devices that share each batch equally may repeat the first few images at the end: those are left out.
    """
    truth = label_table(data, "val")

    def score(logits: np.ndarray) -> Row:
        probabilities = tf.sigmoid(logits[: len(truth)].astype(np.float32)).numpy()
        scores = label_scores(truth, probabilities, np.full(truth.shape[1], DEFAULT_THRESHOLD))
        return {f"val_{name}": scores[name] for name in ("map", "f1_micro", "f1_macro", "exact")}

    return score


def draw_results(session: Session) -> None:
    """Chooses the thresholds on the validation images, and draws the curves of each class."""
    from predictor.labels.ensemble import find_members
    from predictor.labels.label_figures import draw_label_figures
    from predictor.labels.thresholds import write_thresholds
    from predictor.labels.validation import validate

    run = session.run
    validation = validate(find_members([run], "none", batch_size=session.best_stage.batch_size)[0])
    thresholds = write_thresholds(run, validation.labels, validation.probabilities)
    draw_label_figures(validation.labels, validation.probabilities, thresholds, session.data.classes, run.figures)
