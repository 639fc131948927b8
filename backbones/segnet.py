"""SegNet (Badrinarayanan et al. 2017, https://arxiv.org/abs/1511.00561): VGG16 as encoder, mirrored as decoder.

The encoder is the 13 convolutions of VGG16, each with batch norm. Each stage of the decoder puts values at the
positions of the maxima that the encoder's pooling found. Of the decoder's 13 convolutions 12 are here; the last one is
the head.
"""

from typing import TYPE_CHECKING

from backbones import AROUND_ZERO, Backbone
from backbones.unpooling import Names, encode_and_decode

if TYPE_CHECKING:
    import keras

BACKBONES = {
    "segnet": Backbone("backbones.segnet:network", image_size=360, layers=86, normalisation=AROUND_ZERO, imagenet=False)
}

NAMES = Names("conv{}_{}", "pool{}", "upsample{}", "conv{}_{}_decode")


def network(
    input_shape: tuple[int | None, int | None, int], include_top: bool = False, weights: None = None
) -> "keras.Model":
    """The output has the input's height and width, and 64 channels."""
    import keras

    inputs = keras.Input(input_shape)
    return keras.Model(inputs, encode_and_decode(inputs, NAMES, _conv, _conv), name="segnet")


def _conv(x: "keras.KerasTensor", name: str, filters: int) -> "keras.KerasTensor":
    from keras.layers import BatchNormalization, Conv2D, ReLU

    x = Conv2D(filters, 3, padding="same", kernel_initializer="he_normal", name=name)(x)
    return ReLU(name=f"{name}_relu")(BatchNormalization(momentum=0.9, name=f"{name}_bn")(x))
