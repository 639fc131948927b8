"""Batch norm of pre-trained backbones: what it does with the statistics of its initial weights."""

import keras

from layers.keras_private import flatten_layers
from layers.tensor import Tensor


@keras.saving.register_keras_serializable("scenelab")
class KeptBatchNormalization(keras.layers.BatchNormalization):
    """Batch norm that always uses its moving statistics and never changes them. Its scale and shift can be trained.

    The statistics of pre-trained weights belong to them: with those of a few batches of other images, the same weights
    are a worse network. https://keras.io/guides/transfer_learning calls the backbone with `training=False` for that;
    Keras 3.15 replaces this argument by that of the model around it (https://github.com/keras-team/keras/issues/20285),
    and dropout should stay random.
    """

    def call(self, inputs: Tensor, training: bool | None = None, mask: Tensor | None = None) -> Tensor:
        return super().call(inputs, training=False, mask=mask)


@keras.saving.register_keras_serializable("scenelab")
class Keras2BatchNormalization(keras.layers.BatchNormalization):
    """Batch norm as in Keras 2.1.3 to 2.2: frozen, it uses the statistics of the batch in training only.

    Validation then uses those of the initial weights, which the layers behind have never seen. This layer is here to
    reproduce results of that time; https://github.com/keras-team/keras/pull/9965 describes the problem.
    """

    def call(self, inputs: Tensor, training: bool | None = None, mask: Tensor | None = None) -> Tensor:
        if self.trainable or not training:
            return super().call(inputs, training=training, mask=mask)
        x = keras.ops.cast(inputs, "float32")
        mean, variance = keras.ops.moments(x, axes=[axis for axis in range(x.ndim) if axis != self.axis % x.ndim])
        offset, scale = self.beta if self.center else None, self.gamma if self.scale else None
        x = keras.ops.batch_normalization(x, mean, variance, self.axis, offset, scale, self.epsilon)
        return keras.ops.cast(x, self.compute_dtype)


CLASSES: dict[str, type[keras.layers.BatchNormalization]] = {
    "keep": KeptBatchNormalization,
    "keras2": Keras2BatchNormalization,
    "update": keras.layers.BatchNormalization,
}
"""By the value of `--norm-statistics`."""


def choose_batch_norm(backbone: keras.Model, statistics: str) -> None:
    """Turns all batch norm of the backbone into the class of CLASSES."""
    replace_batch_norm(backbone, CLASSES[statistics])


def replace_batch_norm(model: keras.Model, kind: type[keras.layers.BatchNormalization]) -> None:
    """Turns Keras's batch norm, at every depth of the model, into this class.

    The class of a layer is changed in place: those of CLASSES differ in nothing but `call`, and a layer within another
    one cannot be replaced by a copy.
    """
    for layer in flatten_layers(model):
        if type(layer) is keras.layers.BatchNormalization:
            layer.__class__ = kind
