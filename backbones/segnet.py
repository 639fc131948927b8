"""SegNet (Badrinarayanan et al. 2017, https://arxiv.org/abs/1511.00561): VGG16 down, and up again.

The encoder is the 13 convolutions of VGG16, each with batch norm. A decoder's stage puts values back to where the
encoder's pooling found its maxima. Of the decoder's 13 convolutions 12 are here; the last gives the logits.
"""

from backbones import AROUND_ZERO, Backbone
from backbones.unpooling import Names, down_and_up

BACKBONES = {
    "segnet": Backbone("backbones.segnet:network", image_size=360, layers=86, normalisation=AROUND_ZERO, imagenet=False)
}

NAMES = Names("conv{}_{}", "pool{}", "upsample{}", "conv{}_{}_decode")


def network(input_shape, include_top=False, weights=None):
    """Output is as high and wide as the input, 64 channels."""
    import keras

    inputs = keras.Input(input_shape)
    return keras.Model(inputs, down_and_up(inputs, NAMES, _conv, _conv), name="segnet")


def _conv(x, name: str, filters: int):
    from keras.layers import BatchNormalization, Conv2D, ReLU

    x = Conv2D(filters, 3, padding="same", kernel_initializer="he_normal", name=name)(x)
    return ReLU(name=f"{name}_relu")(BatchNormalization(momentum=0.9, name=f"{name}_bn")(x))
