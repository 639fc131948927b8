"""The decoder of DeepLabV3+ (Chen et al. 2018, https://arxiv.org/abs/1802.02611): atrous spatial pyramid pooling.

It computes the same as KerasHub's `DeepLabV3Backbone`. Its layers load without KerasHub, and they take images of any
size in a graph, unlike Keras's bilinear `UpSampling2D` (3.15). The head computes logits before the last enlargement:
that gives the same numbers with a fraction of the memory.
"""

from keras import KerasTensor, ops
from keras.layers import BatchNormalization, Concatenate, Conv2D, GlobalAveragePooling2D, ReLU

from layers.upsampling import BilinearUpsampling
from segmentation.decoders import FeatureMaps, convolution

RATES = (6, 12, 18)
"""Dilation rates of the atrous convolutions, for a feature map of 1/16 of the image."""

FILTERS, DETAIL_FILTERS = 256, 48

DETAIL_HALVINGS = 2
"""Halvings of the feature map from which the decoder takes edges and small objects."""


def atrous_pyramid(image: KerasTensor, maps: FeatureMaps) -> KerasTensor:
    """Features of 1/4 of the image's height and width with 256 channels, from the pyramid and from the detail map.

    The pyramid is computed on the deepest of `maps`, which is halved more than twice.
    """
    deepest = max(maps)
    x = maps[deepest]
    branches = [
        _convolution_block(x, "pyramid_1x1", FILTERS),
        *(_convolution_block(x, f"pyramid_{rate}", FILTERS, 3, rate) for rate in RATES),
    ]
    mean = GlobalAveragePooling2D(keepdims=True, name="pyramid_pool")(x)
    mean = _convolution_block(mean, "pyramid_whole", FILTERS) + ops.zeros_like(branches[0])  # broadcast to their size
    x = _convolution_block(Concatenate(name="pyramid_join")([*branches, mean]), "pyramid", FILTERS)
    x = BilinearUpsampling(2 ** (deepest - DETAIL_HALVINGS), name="decoder_up")(x)
    details = _convolution_block(maps[DETAIL_HALVINGS], "details", DETAIL_FILTERS)
    return _convolution_block(Concatenate(name="decoder_join")([x, details]), "decoder", FILTERS)


def upsampled_convolution(x: KerasTensor, classes: int) -> KerasTensor:
    """A head that computes logits and enlarges them four times."""
    return BilinearUpsampling(2**DETAIL_HALVINGS, dtype="float32", name="logits_up")(convolution(x, classes))


def _convolution_block(x: KerasTensor, name: str, filters: int, size: int = 1, rate: int = 1) -> KerasTensor:
    x = Conv2D(filters, size, padding="same", dilation_rate=rate, use_bias=False, name=f"{name}_conv")(x)
    return ReLU(name=f"{name}_relu")(BatchNormalization(momentum=0.9, name=f"{name}_bn")(x))
