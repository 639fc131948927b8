"""VGG16 down, unpooling and transposed convolutions up (S4, section IV; Noh et al. 2015,
https://arxiv.org/abs/1505.04366): 29,438,272 parameters, 14,714,688 of them VGG16's.

The encoder is VGG16's 13 convolutions with their names and weights. The decoder mirrors them: values go back to where
the pooling of that stage found its maxima, then a transposed convolution for each of its convolutions, with the batch
norm that Noh et al. found deep decoders to need. Of 13 transposed convolutions 12 are here; the head is the last.
"""

from backbones import CAFFE, Backbone

BACKBONES = {
    "vgg16_unpool": Backbone(
        "keras.applications:VGG16",
        image_size=224,
        layers=60,
        normalisation=CAFFE,
        rebuild="backbones.vgg16_unpool:with_decoder",
    )
}

STAGES = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))
"""Filters and how many convolutions have them; behind each stage height and width are halved."""


def with_decoder(vgg16, has_weights: bool):
    """VGG16 -> the whole with its weights. Output is as high and wide as the input, 64 channels."""
    import keras
    from keras.layers import Conv2D

    from layers.pooling import MaxPoolWithIndices2D, MaxUnpool2D

    inputs = x = keras.Input(vgg16.input_shape[1:])
    pooled = []
    for stage, (filters, count) in enumerate(STAGES, 1):
        for number in range(1, count + 1):
            name = f"block{stage}_conv{number}"
            x = Conv2D(filters, 3, padding="same", activation="relu", kernel_initializer="he_normal", name=name)(x)
        before = x
        x, indices = MaxPoolWithIndices2D(name=f"block{stage}_pool")(x)
        pooled.append((before, indices))
    for stage, (filters, count) in reversed(list(enumerate(STAGES, 1))):
        before, indices = pooled.pop()
        x = MaxUnpool2D(name=f"block{stage}_unpool")(x, indices, like=before)
        for number in range(count, 1, -1):
            x = _transposed(x, f"block{stage}_deconv{number}", filters)
        if stage > 1:
            x = _transposed(x, f"block{stage}_deconv1", STAGES[stage - 2][0])
    model = keras.Model(inputs, x, name="vgg16_unpool")
    if has_weights:
        for layer in vgg16.layers:
            if layer.weights:
                model.get_layer(layer.name).set_weights(layer.get_weights())
    return model


def _transposed(x, name: str, filters: int):
    from keras.layers import BatchNormalization, Conv2DTranspose, ReLU

    x = Conv2DTranspose(filters, 3, padding="same", use_bias=False, kernel_initializer="he_normal", name=name)(x)
    return ReLU(name=f"{name}_relu")(BatchNormalization(momentum=0.9, name=f"{name}_bn")(x))
