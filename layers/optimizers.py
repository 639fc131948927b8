"""Keras's optimizers with four habits that they lack, kept by a saved model.

Weight decay leaves biases, norms and all that is no matrix alone: Keras can be told so by name, but forgets it when a
model is saved and loaded. Layers can learn, and decay, at a share of the learning rate. A moving average of the weights
begins short and grows, so that it does not hang on to the random numbers of the start. Momentum can change from batch
to batch, as the learning rate can.
"""

from collections.abc import Sequence

import keras
from keras import ops

NOT_DECAYED = ("bias", "beta", "gamma")


def unwrap_optimizer(optimizer: keras.optimizers.Optimizer) -> "OptimizerExtensions":
    """The one of this module: with float16 it is within one of Keras that scales the loss."""
    return getattr(optimizer, "inner_optimizer", optimizer)


class OptimizerExtensions:
    """Stands before a Keras optimizer. `shares` of the learning rate, one a weight that learns, in their order."""

    MOMENTUM = "beta_1"
    """Where the optimizer keeps it."""

    def __init__(self, *args, shares: Sequence[float] | None = None, **kwargs):
        super().__init__(*args, **kwargs)
        self.shares = list(shares or [])
        momentum = getattr(self, self.MOMENTUM)
        self._momentum_now = keras.Variable(momentum, trainable=False, aggregation="only_first_replica")

    def build(self, variables):
        super().build(variables)
        if self.shares and len(self.shares) != len(variables):
            raise ValueError(f"{len(self.shares)} shares of the learning rate for {len(variables)} weights")
        self.decays = [len(variable.shape) > 1 and variable.name not in NOT_DECAYED for variable in variables]

    @property
    def momentum_now(self) -> float:
        """Of the last batch."""
        return float(ops.convert_to_numpy(self._momentum_now))

    def follow_momentum(self, momentum: float) -> None:
        """From the next batch on. An optimizer that was made without momentum has none."""
        if getattr(self, self.MOMENTUM):
            self._momentum_now.assign(momentum)

    def update_step(self, gradient, variable, learning_rate):
        index = self._get_variable_index(variable)
        rate = learning_rate * self.shares[index] if self.shares else learning_rate
        if self.weight_decay and self.decays[index]:
            self.assign_sub(variable, variable * ops.cast(self.weight_decay * rate, variable.dtype))
        self._step(gradient, variable, rate)

    def _step(self, gradient, variable, learning_rate):
        """Keras's own with the momentum of this batch: as a number it would be fixed in the graph."""
        as_made = self.beta_1
        self.beta_1 = ops.convert_to_tensor(self._momentum_now)
        try:
            super().update_step(gradient, variable, learning_rate)
        finally:
            self.beta_1 = as_made

    def _apply_weight_decay(self, variables):
        """Keras's own way, without shares; `update_step` does it here."""

    def _update_model_variables_moving_average(self, trainable_variables):
        step = ops.cast(self.iterations, "float32")
        warm = ops.minimum(self.ema_momentum, (1 + step) / (10 + step))
        momentum = ops.where(step > 0, warm, 0.0)
        for weight, average in zip(trainable_variables, self._model_variables_moving_average, strict=True):
            average.assign(momentum * average + (1 - momentum) * weight)

    def get_config(self):
        return super().get_config() | {"shares": self.shares}


@keras.saving.register_keras_serializable("scenelab")
class Adam(OptimizerExtensions, keras.optimizers.Adam):
    """Kingma & Ba 2015, https://arxiv.org/abs/1412.6980."""


@keras.saving.register_keras_serializable("scenelab")
class AdamW(OptimizerExtensions, keras.optimizers.AdamW):
    """Loshchilov & Hutter 2019, https://arxiv.org/abs/1711.05101."""


@keras.saving.register_keras_serializable("scenelab")
class SGD(OptimizerExtensions, keras.optimizers.SGD):
    """Gradient descent, with momentum if that is given."""

    MOMENTUM = "momentum"

    def _step(self, gradient, variable, learning_rate):
        gradient, rate = ops.cast(gradient, variable.dtype), ops.cast(learning_rate, variable.dtype)
        if not self.momentum:
            self.assign_sub(variable, rate * gradient)
            return
        velocity = self.momentums[self._get_variable_index(variable)]
        self.assign(velocity, ops.cast(self._momentum_now, variable.dtype) * velocity - rate * gradient)
        self.assign_add(variable, velocity)
