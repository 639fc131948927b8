"""VGG16 down, unpooling and transposed convolutions up (S4, section IV; Noh et al. 2015,
https://arxiv.org/abs/1505.04366): 29,438,272 parameters, 14,714,688 of them VGG16's.

The encoder is VGG16's 13 convolutions with their names and weights. The decoder mirrors them: values go back to where
the pooling of that stage found its maxima, then a transposed convolution for each of its convolutions, with the batch
norm that Noh et al. found deep decoders to need. Of 13 transposed convolutions 12 are here; the head is the last.
"""

from backbones import CAFFE, Backbone
from backbones.unpooling import Names, down_and_up

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


def with_decoder(vgg16, has_weights: bool):
    """VGG16 -> the whole with its weights. Output is as high and wide as the input, 64 channels."""
    import keras

    inputs = keras.Input(vgg16.input_shape[1:])
    model = keras.Model(inputs, down_and_up(inputs, NAMES, _conv, _transposed), name="vgg16_unpool")
    if has_weights:
        for layer in vgg16.layers:
            if layer.weights:
                model.get_layer(layer.name).set_weights(layer.get_weights())
    return model


def _conv(x, name: str, filters: int):
    from keras.layers import Conv2D

    return Conv2D(filters, 3, padding="same", activation="relu", kernel_initializer="he_normal", name=name)(x)


def _transposed(x, name: str, filters: int):
    from keras.layers import BatchNormalization, Conv2DTranspose, ReLU

    x = Conv2DTranspose(filters, 3, padding="same", use_bias=False, kernel_initializer="he_normal", name=name)(x)
    return ReLU(name=f"{name}_relu")(BatchNormalization(momentum=0.9, name=f"{name}_bn")(x))
