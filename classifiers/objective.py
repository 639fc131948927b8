"""The loss and the metrics of a classifier."""

from functools import partial

import keras

from layers.focal import CategoricalFocalLoss
from predictor.labels.top_k import REPORTED_TOP_K
from training.job import Objective


def make_objective(loss_name: str, label_smoothing: float, classes: int) -> Objective:
    """The loss `ce` or `focal` and the metrics, for targets (batch, classes) whose values sum to 1, and logits."""
    cross_entropy = partial(keras.losses.CategoricalCrossentropy, from_logits=True, label_smoothing=label_smoothing)
    return Objective(
        CategoricalFocalLoss if loss_name == "focal" else cross_entropy,
        lambda: [
            keras.metrics.CategoricalAccuracy("accuracy"),
            *(keras.metrics.TopKCategoricalAccuracy(min(k, classes), f"top{k}_accuracy") for k in REPORTED_TOP_K),
        ],
    )
