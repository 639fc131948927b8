"""The decoder of DeepLabV3+ (Chen et al. 2018, https://arxiv.org/abs/1802.02611): a pyramid of atrous convolutions.

It computes what KerasHub's `DeepLabV3Backbone` computes, of layers that need no KerasHub to be loaded and that take
pictures of any size in a graph, which Keras's bilinear `UpSampling2D` (3.15) does not. The logits are made before the
last enlargement, not behind it: the same numbers, a fraction of the memory.
"""

from collections.abc import Mapping

import keras
from keras.layers import BatchNormalization, Concatenate, Conv2D, GlobalAveragePooling2D, ReLU

from layers.upsampling import BilinearUpsampling
from segmentation.decoders import convolution

RATES = (6, 12, 18)
"""How far apart the pixels are that an atrous convolution looks at, on a map of 1/16 of the picture."""

FILTERS, DETAIL_FILTERS = 256, 48

DETAILS = 2
"""Halvings of the feature map from which the decoder takes edges and small things."""


def pyramid(images, maps: Mapping[int, object], settings):
    """Features of 1/4 of the picture's height and width, 256 channels: those of the pyramid and those of the details.

    The pyramid stands on the deepest of `maps`, which is halved more than twice.
    """
    deepest = max(maps)
    x = maps[deepest]
    branches = [_conv(x, "pyramid_1x1", FILTERS), *(_conv(x, f"pyramid_{rate}", FILTERS, 3, rate) for rate in RATES)]
    whole = GlobalAveragePooling2D(keepdims=True, name="pyramid_pool")(x)
    whole = _conv(whole, "pyramid_whole", FILTERS) + keras.ops.zeros_like(branches[0])  # as large as the others
    x = _conv(Concatenate(name="pyramid_join")([*branches, whole]), "pyramid", FILTERS)
    x = BilinearUpsampling(2 ** (deepest - DETAILS), name="decoder_up")(x)
    x = Concatenate(name="decoder_join")([x, _conv(maps[DETAILS], "details", DETAIL_FILTERS)])
    return _conv(x, "decoder", FILTERS)


def enlarged(x, classes: int):
    """Its head: logits, and from a quarter of the size of the picture to the whole."""
    return BilinearUpsampling(2**DETAILS, dtype="float32", name="logits_up")(convolution(x, classes))


def _conv(x, name: str, filters: int, size: int = 1, rate: int = 1):
    x = Conv2D(filters, size, padding="same", dilation_rate=rate, use_bias=False, name=f"{name}_conv")(x)
    return ReLU(name=f"{name}_relu")(BatchNormalization(momentum=0.9, name=f"{name}_bn")(x))
