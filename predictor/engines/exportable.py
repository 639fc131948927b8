"""Replaces layers of a model that converters do not support."""

from typing import TYPE_CHECKING, TypeGuard

if TYPE_CHECKING:
    import keras
    import tensorflow as tf


def make_exportable(model: "keras.Model") -> "keras.Model":
    """A copy with the same outputs whose layers can be converted; the model itself if nothing has to be replaced.

    ConvNeXt has both layers that are replaced. Without a GPU, Keras computes a grouped convolution by XLA, which
    converters do not support; with one channel per group it equals a depthwise convolution. TensorFlow's GELU uses
    `erfc`, which ONNX does not have; it has `erf`.
    """
    import keras

    if not any(_is_depthwise(layer) or _is_gelu(layer) for layer in _flat_layers(model)):
        return model
    clone = keras.models.clone_model(model, clone_function=_clone_layer, recursive=True)
    for original, copy in zip(_flat_layers(model), _flat_layers(clone), strict=True):
        weights = original.get_weights()
        if _is_depthwise(original):
            weights[0] = weights[0].transpose(0, 1, 3, 2)  # a depthwise kernel is (height, width, channels, 1)
        copy.set_weights(weights)
    return clone


def _flat_layers(model: "keras.Model") -> "list[keras.layers.Layer]":
    """The layers of the model and of all models inside it, in order."""
    return [leaf for layer in model.layers for leaf in (_flat_layers(layer) if hasattr(layer, "layers") else [layer])]


def _is_depthwise(layer: "keras.layers.Layer") -> "TypeGuard[keras.layers.Conv2D]":
    import keras

    return isinstance(layer, keras.layers.Conv2D) and layer.groups == layer.filters > 1


def _is_gelu(layer: "keras.layers.Layer") -> bool:
    import keras

    return isinstance(layer, keras.layers.Activation) and layer.activation is keras.activations.gelu


def _gelu(inputs: "keras.KerasTensor | tf.Tensor") -> "keras.KerasTensor | tf.Tensor":
    from keras import ops

    return 0.5 * inputs * (1 + ops.erf(inputs / 2**0.5))


def _clone_layer(layer: "keras.layers.Layer") -> "keras.layers.Layer":
    import keras

    if _is_gelu(layer):
        return keras.layers.Activation(_gelu, name=layer.name, dtype=layer.dtype_policy)
    if not _is_depthwise(layer):
        return layer.__class__.from_config(layer.get_config())
    return keras.layers.DepthwiseConv2D(
        layer.kernel_size, layer.strides, layer.padding, dilation_rate=layer.dilation_rate, name=layer.name,
        activation=layer.activation, use_bias=layer.use_bias, dtype=layer.dtype_policy,
    )  # fmt: skip
