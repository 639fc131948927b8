"""What a classifier makes small and what is measured of it."""

from functools import partial

import keras

from predictor.labels.top_k import TOP
from training.job import Objective


def make_objective(settings, classes: int) -> Objective:
    """For targets (batch, classes) of shares that add up to 1, and logits."""
    if settings.loss == "focal":  # Lin et al. 2017, https://arxiv.org/abs/1708.02002, with their gamma
        loss = partial(keras.losses.CategoricalFocalCrossentropy, alpha=1.0, gamma=2.0, from_logits=True)
    else:
        smoothing = settings.label_smoothing
        loss = partial(keras.losses.CategoricalCrossentropy, from_logits=True, label_smoothing=smoothing)
    return Objective(
        loss,
        lambda: [
            keras.metrics.CategoricalAccuracy("accuracy"),
            *(keras.metrics.TopKCategoricalAccuracy(min(k, classes), f"top{k}_accuracy") for k in TOP),
        ],
    )
