"""Keras's optimizers with four extensions, which a saved model keeps.

- Weight decay excludes biases, norms and all other weights that are not matrices. Keras can exclude them by name, but
  loses that setting when a model is saved and loaded.
- Layers can learn, and decay, at a share of the learning rate.
- A moving average of the weights is short at first and becomes longer, so that it soon forgets the initial weights.
- Momentum can change from batch to batch, as the learning rate can.
"""

from collections.abc import Sequence
from typing import Any, cast

import keras
from keras import ops

from layers.keras_private import OptimizerHooks
from layers.tensor import Tensor

NOT_DECAYED = ("bias", "beta", "gamma")


def unwrap_optimizer(optimizer: keras.optimizers.Optimizer) -> "OptimizerExtensions":
    """The optimizer of this module: with float16, Keras wraps it in one that scales the loss."""
    return cast("OptimizerExtensions", getattr(optimizer, "inner_optimizer", optimizer))


class OptimizerExtensions(OptimizerHooks):
    """The base class of the optimizers below; it must come before Keras's class.

    Arguments:
        shares: the share of the learning rate of each trainable variable, in their order; empty for 1 each.
    """

    MOMENTUM = "beta_1"
    """The attribute in which Keras's class has the momentum."""

    iterations: Any
    ema_momentum: float
    weight_decay: float | None
    assign_sub: Any

    def __init__(self, *args: Any, shares: Sequence[float] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.shares = list(shares or [])
        momentum = getattr(self, self.MOMENTUM)
        self._current_momentum = keras.Variable(momentum, trainable=False, aggregation="only_first_replica")

    def build(self, variables: Sequence[keras.Variable]) -> None:
        super().build(variables)  # type: ignore[misc]  # of Keras's class, which comes next
        if self.shares and len(self.shares) != len(variables):
            raise ValueError(f"{len(self.shares)} shares of the learning rate for {len(variables)} weights")
        self.decays = [len(variable.shape) > 1 and variable.name not in NOT_DECAYED for variable in variables]

    @property
    def current_momentum(self) -> float:
        """The momentum of the last batch."""
        return float(ops.convert_to_numpy(self._current_momentum))

    def set_momentum(self, momentum: float) -> None:
        """Sets the momentum of the next batches. An optimizer that was created without momentum stays without."""
        if getattr(self, self.MOMENTUM):
            self._current_momentum.assign(momentum)

    def update_step(self, gradient: Tensor, variable: keras.Variable, learning_rate: Tensor) -> None:
        index = self.variable_index(variable)
        rate = learning_rate * self.shares[index] if self.shares else learning_rate
        if self.weight_decay and self.decays[index]:
            self.assign_sub(variable, variable * ops.cast(self.weight_decay * rate, variable.dtype))
        self._step(gradient, variable, rate)

    def _step(self, gradient: Tensor, variable: keras.Variable, learning_rate: Tensor) -> None:
        """Keras's own step with the current momentum as a tensor: a number would become a constant of the graph."""
        configured = self.beta_1  # type: ignore[has-type]  # an attribute of Keras's class
        self.beta_1 = ops.convert_to_tensor(self._current_momentum)
        try:
            super().update_step(gradient, variable, learning_rate)  # type: ignore[misc]  # of Keras's class
        finally:
            self.beta_1 = configured

    def decay_weights(self, variables: Sequence[keras.Variable]) -> None:
        """Does nothing: `update_step` decays the weights, at their share of the rate."""

    def update_moving_averages(self, variables: Sequence[keras.Variable]) -> None:
        step = ops.cast(self.iterations, "float32")
        warm = ops.minimum(self.ema_momentum, (1 + step) / (10 + step))
        momentum = ops.where(step > 0, warm, 0.0)
        for variable, average in zip(variables, self.moving_averages, strict=True):
            average.assign(momentum * average + (1 - momentum) * variable)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"shares": self.shares}  # type: ignore[misc]  # of Keras's class


@keras.saving.register_keras_serializable("scenelab")
class Adam(OptimizerExtensions, keras.optimizers.Adam):
    """Kingma & Ba 2015, https://arxiv.org/abs/1412.6980."""


@keras.saving.register_keras_serializable("scenelab")
class AdamW(OptimizerExtensions, keras.optimizers.AdamW):
    """Loshchilov & Hutter 2019, https://arxiv.org/abs/1711.05101."""


@keras.saving.register_keras_serializable("scenelab")
class SGD(OptimizerExtensions, keras.optimizers.SGD):
    """Stochastic gradient descent, with momentum if that is given."""

    MOMENTUM = "momentum"

    def _step(self, gradient: Tensor, variable: keras.Variable, learning_rate: Tensor) -> None:
        gradient, rate = ops.cast(gradient, variable.dtype), ops.cast(learning_rate, variable.dtype)
        if not self.momentum:
            self.assign_sub(variable, rate * gradient)
            return
        velocity = self.momentums[self.variable_index(variable)]
        self.assign(velocity, ops.cast(self._current_momentum, variable.dtype) * velocity - rate * gradient)
        self.assign_add(variable, velocity)
