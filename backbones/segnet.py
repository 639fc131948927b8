"""SegNet (Badrinarayanan et al. 2017, https://arxiv.org/abs/1511.00561): VGG16 down, and up again.

The encoder is the 13 convolutions of VGG16, each with batch norm. A decoder's stage puts values back to where the
encoder's pooling found its maxima. Of the decoder's 13 convolutions 12 are here; the last gives the logits.
"""

from backbones import AROUND_ZERO, Backbone

BACKBONES = {
    "segnet": Backbone("backbones.segnet:network", image_size=360, layers=86, normalisation=AROUND_ZERO, imagenet=False)
}

STAGES = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))
"""Filters and how many convolutions have them; behind each stage height and width are halved."""


def network(input_shape, include_top=False, weights=None):
    """Output is as high and wide as the input, 64 channels."""
    import keras

    from layers.pooling import MaxPoolWithIndices2D, MaxUnpool2D

    inputs = x = keras.Input(input_shape)
    pooled = []
    for stage, (filters, count) in enumerate(STAGES, 1):
        for number in range(1, count + 1):
            x = _conv(x, f"conv{stage}_{number}", filters)
        before = x
        x, indices = MaxPoolWithIndices2D(name=f"pool{stage}")(x)
        pooled.append((before, indices))
    for stage, (filters, count) in reversed(list(enumerate(STAGES, 1))):
        before, indices = pooled.pop()
        x = MaxUnpool2D(name=f"upsample{stage}")(x, indices, like=before)
        for number in range(count, 1, -1):
            x = _conv(x, f"conv{stage}_{number}_decode", filters)
        if stage > 1:
            x = _conv(x, f"conv{stage}_1_decode", STAGES[stage - 2][0])
    return keras.Model(inputs, x, name="segnet")


def _conv(x, name: str, filters: int):
    from keras.layers import BatchNormalization, Conv2D, ReLU

    x = Conv2D(filters, 3, padding="same", kernel_initializer="he_normal", name=name)(x)
    return ReLU(name=f"{name}_relu")(BatchNormalization(momentum=0.9, name=f"{name}_bn")(x))
