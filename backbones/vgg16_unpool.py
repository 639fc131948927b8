"""VGG16 as encoder, and a decoder of unpooling and transposed convolutions (S4, section IV; Noh et al. 2015).

https://arxiv.org/abs/1505.04366; 29,438,272 parameters, 14,714,688 of them in VGG16. The encoder is VGG16's 13
convolutions with their names and weights. The decoder mirrors them: each stage puts values at the positions of the
maxima that the encoder's pooling found, and has a transposed convolution for each convolution, with batch norm, which
deep decoders need (Noh et al.). Of 13 transposed convolutions 12 are here; the head is the last.
"""

from typing import TYPE_CHECKING

from backbones import CAFFE, Backbone
from backbones.unpooling import Names, encode_and_decode

if TYPE_CHECKING:
    import keras

BACKBONES = {
    "vgg16_unpool": Backbone(
        "keras.applications:VGG16",
        image_size=224,
        layers=60,
        normalisation=CAFFE,
        rebuild="backbones.vgg16_unpool:with_decoder",
    )
}

NAMES = Names("block{}_conv{}", "block{}_pool", "block{}_unpool", "block{}_deconv{}")


def with_decoder(vgg16: "keras.Model", has_weights: bool) -> "keras.Model":
    """VGG16 -> encoder and decoder, with its weights. The output has the input's height and width, and 64 channels."""
    import keras

    inputs = keras.Input(vgg16.input_shape[1:])
    model = keras.Model(inputs, encode_and_decode(inputs, NAMES, _conv, _transposed), name="vgg16_unpool")
    if has_weights:
        for layer in vgg16.layers:
            if layer.weights:
                model.get_layer(layer.name).set_weights(layer.get_weights())
    return model


def _conv(x: "keras.KerasTensor", name: str, filters: int) -> "keras.KerasTensor":
    from keras.layers import Conv2D

    return Conv2D(filters, 3, padding="same", activation="relu", kernel_initializer="he_normal", name=name)(x)


def _transposed(x: "keras.KerasTensor", name: str, filters: int) -> "keras.KerasTensor":
    from keras.layers import BatchNormalization, Conv2DTranspose, ReLU

    x = Conv2DTranspose(filters, 3, padding="same", use_bias=False, kernel_initializer="he_normal", name=name)(x)
    return ReLU(name=f"{name}_relu")(BatchNormalization(momentum=0.9, name=f"{name}_bn")(x))
