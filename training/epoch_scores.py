"""Scores of the complete validation set after each epoch, for measures that are no mean over batches."""

import contextlib
from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

from training.callbacks import Logs
from training.checkpoint_file import Row
from training.ema import ema_weights


class ScoreEpoch(keras.callbacks.Callback):
    """Predicts the validation images and adds the scores to the epoch's row. Must come before SaveEpoch.

    Arguments:
        scores: takes the outputs for all validation images. Returns columns of the history.
        has_ema: whether the moving average of the weights is validated.
    """

    def __init__(self, scores: Callable[[np.ndarray], Row], has_ema: bool) -> None:
        super().__init__()
        self.scores, self.has_ema = scores, has_ema
        self.batches: tf.data.Dataset | None = None
        """The validation batches of the present stage."""

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        with ema_weights(self.model) if self.has_ema else contextlib.nullcontext():
            outputs = self.model.predict(self.batches, verbose=0)
        logs.update(self.scores(outputs))  # Keras gives all callbacks the same dictionary
