"""A model with layers that other programs know in place of some that they do not."""


def make_exportable(model):
    """The same answers; the model itself if there is nothing to replace.

    Both are in ConvNeXt. Keras computes a convolution in groups by XLA where there is no GPU, of which converters make
    nothing; where each channel is a group of its own, it is a depthwise convolution. TensorFlow's GELU is made of
    `erfc`, which ONNX has not; it has `erf`.
    """
    import keras

    if not any(_is_depthwise(layer) or _is_gelu(layer) for layer in _leaves(model)):
        return model
    clone = keras.models.clone_model(model, clone_function=_replaced, recursive=True)
    for old, new in zip(_leaves(model), _leaves(clone), strict=True):
        weights = old.get_weights()
        if _is_depthwise(old):
            weights[0] = weights[0].transpose(0, 1, 3, 2)  # (height, width, 1, channels), the last two swapped
        new.set_weights(weights)
    return clone


def _leaves(model) -> list:
    """Its layers and those of the models among them, in their order."""
    return [leaf for layer in model.layers for leaf in (_leaves(layer) if hasattr(layer, "layers") else [layer])]


def _is_depthwise(layer) -> bool:
    import keras

    return isinstance(layer, keras.layers.Conv2D) and layer.groups == layer.filters > 1


def _is_gelu(layer) -> bool:
    import keras

    return isinstance(layer, keras.layers.Activation) and layer.activation is keras.activations.gelu


def _gelu(x):
    from keras import ops

    return 0.5 * x * (1 + ops.erf(x / 2**0.5))


def _replaced(layer):
    import keras

    if _is_gelu(layer):
        return keras.layers.Activation(_gelu, name=layer.name, dtype=layer.dtype_policy)
    if not _is_depthwise(layer):
        return layer.__class__.from_config(layer.get_config())
    return keras.layers.DepthwiseConv2D(
        layer.kernel_size, layer.strides, layer.padding, dilation_rate=layer.dilation_rate, name=layer.name,
        activation=layer.activation, use_bias=layer.use_bias, dtype=layer.dtype_policy,
    )  # fmt: skip
