"""From a backbone's feature maps back to the size of the picture.

A decoder takes the picture and the backbone's feature maps by how often each is halved, of which the last is the
backbone's output, and gives features of the picture's size.
"""

from collections.abc import Mapping

from keras.layers import BatchNormalization, Concatenate, Conv2D, ReLU, UpSampling2D

from layers.shapes import FitTo


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


def _conv(x, name: str, filters: int):
    x = Conv2D(filters, 3, padding="same", use_bias=False, kernel_initializer="he_normal", name=f"{name}_conv")(x)
    return ReLU(name=f"{name}_relu")(BatchNormalization(momentum=0.9, name=f"{name}_bn")(x))
