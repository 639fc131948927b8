"""Keras's optimizers with two habits that they lack, kept by a saved model.

Weight decay leaves biases and norms alone: Keras can be told so, but forgets it when a model is saved and loaded.
Layers can learn at a share of the learning rate, so that those near the pictures change less than those near the head.
"""

from collections.abc import Mapping

import keras

NOT_DECAYED = ("bias", "beta", "gamma")


class _Considerate:
    """Stands before a Keras optimizer. `shares` are by a weight's path, `block_1_conv/kernel`; others learn in full."""

    def __init__(self, *args, shares: Mapping[str, float] | None = None, **kwargs):
        super().__init__(*args, **kwargs)
        self.shares = dict(shares or {})
        self.exclude_from_weight_decay(var_names=list(NOT_DECAYED))

    def build(self, variables):
        super().build(variables)
        self.share_by_index = [self.shares.get(variable.path, 1.0) for variable in variables]

    def update_step(self, gradient, variable, learning_rate):
        share = self.share_by_index[self._get_variable_index(variable)]
        super().update_step(gradient, variable, learning_rate * share)

    def get_config(self):
        return super().get_config() | {"shares": self.shares}


@keras.saving.register_keras_serializable("scenelab")
class Adam(_Considerate, keras.optimizers.Adam):
    """Kingma & Ba 2015, https://arxiv.org/abs/1412.6980."""


@keras.saving.register_keras_serializable("scenelab")
class AdamW(_Considerate, keras.optimizers.AdamW):
    """Loshchilov & Hutter 2019, https://arxiv.org/abs/1711.05101."""


@keras.saving.register_keras_serializable("scenelab")
class SGD(_Considerate, keras.optimizers.SGD):
    """Gradient descent, with momentum if that is given."""
