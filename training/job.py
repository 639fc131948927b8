"""What is trained: model, objective and batches."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import keras

from training.batches import Batches
from training.feature_cache import Features


@dataclass(frozen=True)
class Objective:
    """What is minimised and what is shown; made on the strategy's devices, so it is made here.

    A model whose graph has both in it has no loss and no metrics here.
    """

    loss: Callable[[], keras.losses.Loss | None]
    metrics: Callable[[], list[keras.metrics.Metric]]


@dataclass(frozen=True)
class TrainingJob:
    """A model that can be trained: how it is built, what it is to become good at, on what.

    With `feature_batches` a wholly frozen backbone's features take the place of pictures.
    """

    build: Callable[[], keras.Model]
    objective: Objective
    batches: Batches
    callbacks: Sequence[keras.callbacks.Callback] = ()
    feature_batches: Callable[[Features], Batches] | None = None
