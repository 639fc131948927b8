"""A training job: the model, its loss and metrics, and its data."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import keras
import numpy as np

from training.batches import Datasets
from training.checkpoint_file import Row
from training.feature_cache import FeatureCache


@dataclass(frozen=True)
class Objective:
    """Loss and metrics. They must be created within the strategy's scope, so these are functions that create them.

    The loss is None and the metrics are empty for a model whose layers add both.
    """

    loss: Callable[[], keras.losses.Loss | None]
    metrics: Callable[[], list[keras.metrics.Metric]]


@dataclass(frozen=True)
class TrainingJob:
    """Everything that a kind of model gives to the training loop.

    Attributes:
        build: creates the model with its initial weights.
        callbacks: called on the chief after each epoch has been saved.
        feature_datasets: makes the datasets of features, which replace images while the backbone is completely frozen;
            None without `--cache features`.
        epoch_scores: takes the outputs for all validation images, in order. Returns more columns of the history, for
            scores that are no mean over batches.
    """

    build: Callable[[], keras.Model]
    objective: Objective
    datasets: Datasets
    callbacks: Sequence[keras.callbacks.Callback] = ()
    feature_datasets: Callable[[FeatureCache], Datasets] | None = None
    epoch_scores: Callable[[np.ndarray], Row] | None = None
