"""From a backbone's feature maps back to the size of the picture.

A decoder takes the picture and the backbone's feature maps by how often each is halved, of which the last is the
backbone's output, and gives features of the picture's size.
"""

from collections.abc import Mapping

from keras.layers import BatchNormalization, Concatenate, Conv2D, Conv2DTranspose, ReLU, UpSampling2D

from layers.shapes import FitTo

S2_FILTERS = (512, 256, 128, 64)


def unet(images, maps: Mapping[int, object], settings):
    """Doubles height and width, joins the feature map of that size if there is one, convolves twice; for each halving.

    Its filters are `settings.decoder_filters`; if they are fewer than the steps, the last of them is used again.
    """
    deepest = max(maps)
    x = maps[deepest]
    for step, halvings in enumerate(range(deepest - 1, -1, -1)):
        filters = settings.decoder_filters[min(step, len(settings.decoder_filters) - 1)]
        x = UpSampling2D(2, interpolation="nearest", name=f"decoder_{step}_up")(x)
        if halvings in maps:
            x = FitTo(name=f"decoder_{step}_fit")(x, maps[halvings])
            x = Concatenate(name=f"decoder_{step}_join")([x, maps[halvings]])
        for number in (1, 2):
            x = _conv(x, f"decoder_{step}_{number}", filters)
    return FitTo(name="decoder_fit")(x, images)


def unet_with_or_without_skips(images, maps: Mapping[int, object], settings):
    """With `settings.skip` a U-Net; without, the same but for the joining of feature maps, from the deepest alone."""
    deepest = max(maps)
    return unet(images, maps if settings.skip else {deepest: maps[deepest]}, settings)


def transposed(images, maps: Mapping[int, object], settings):
    """S2's way up: a transposed convolution, batch norm, ReLU, the feature map. The last doubling is the head's."""
    deepest = max(maps)
    x = maps[deepest]
    for step, (halvings, filters) in enumerate(zip(range(deepest - 1, 0, -1), S2_FILTERS, strict=True)):
        x = Conv2DTranspose(filters, 3, 2, "same", use_bias=False, name=f"decoder_{step}_up")(x)
        x = ReLU(name=f"decoder_{step}_relu")(BatchNormalization(momentum=0.9, name=f"decoder_{step}_bn")(x))
        x = Concatenate(name=f"decoder_{step}_join")([x, maps[halvings]])
    return x


def convolution(x, classes: int, size: int = 1):
    """The head of most: a convolution, 32 bits whatever the rest computes with."""
    return Conv2D(classes, size, padding="same", dtype="float32", name="logits")(x)


def convolution_3x3(x, classes: int):
    return convolution(x, classes, 3)


def doubling(x, classes: int):
    """S2's head: from half the size of the picture to the whole."""
    return Conv2DTranspose(classes, 3, 2, "same", dtype="float32", name="logits")(x)


def _conv(x, name: str, filters: int):
    x = Conv2D(filters, 3, padding="same", use_bias=False, kernel_initializer="he_normal", name=f"{name}_conv")(x)
    return ReLU(name=f"{name}_relu")(BatchNormalization(momentum=0.9, name=f"{name}_bn")(x))
