"""Callbacks of a training on several devices: what all replicas of the model must do together."""

import keras
import tensorflow as tf

from training.callbacks import Logs
from training.strategy import mean_over_replicas


class AverageStatistics(keras.callbacks.Callback):
    """Before validation, gives all devices the mean of their batch-norm statistics.

    Each device averages over its own share of the batches. Without this each would validate another model, and the
    checkpoint would contain the statistics of the first device.
    """

    def __init__(self, strategy: tf.distribute.Strategy) -> None:
        super().__init__()
        self.strategy = strategy

    def set_model(self, model: keras.Model) -> None:
        super().set_model(model)
        self.weights = model.non_trainable_weights if self.strategy.num_replicas_in_sync > 1 else []
        values = [weight.value for weight in self.weights]
        # within a graph a plain value has no device, and TensorFlow would reduce to that of the first
        self.means = mean_over_replicas(self.strategy, lambda: [tf.identity(value) for value in values])

    def on_test_begin(self, logs: Logs | None = None) -> None:
        for weight, mean in zip(self.weights, self.means() if self.weights else [], strict=True):
            weight.assign(mean)


class EpochBarrier(keras.callbacks.Callback):
    """Makes workers wait at the end of an epoch until all have finished it: the chief has then saved it."""

    def __init__(self, strategy: tf.distribute.Strategy) -> None:
        super().__init__()
        self.wait = mean_over_replicas(strategy, lambda: [tf.ones(())])

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        self.wait()
