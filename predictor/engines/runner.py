"""A loaded model, independent of the engine that computes it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import tensorflow as tf

Predict = Callable[["np.ndarray | tf.Tensor"], "tf.Tensor"]
"""Takes images (batch, height, width, 3) of 0..255. Returns probabilities, with the classes on the last axis."""


@dataclass(frozen=True)
class Runner:
    """A model that is loaded into an engine.

    Attributes:
        predict: several threads may call it at the same time.
        batch_size: images per call, at most.
        parallel_calls: calls at the same time that keep the engine busy.
    """

    predict: Predict
    batch_size: int
    parallel_calls: int = 1
