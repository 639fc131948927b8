"""From a backbone's feature maps back to the size of the picture.

A decoder takes the picture and the backbone's feature maps, the finest first, and gives features of the picture's size.
"""

from collections.abc import Sequence

from keras.layers import BatchNormalization, Concatenate, Conv2D, ReLU, UpSampling2D

from layers.shapes import FitTo


def unet(images, maps: Sequence, settings):
    """Doubles height and width, joins the feature map of that size, convolves twice; once for each halving.

    Its filters are `settings.decoder_filters`; if they are fewer than the steps, the last of them is used again.
    """
    *skips, x = maps
    for step, skip in enumerate([*reversed(skips), None]):
        filters = settings.decoder_filters[min(step, len(settings.decoder_filters) - 1)]
        x = UpSampling2D(2, interpolation="nearest", name=f"decoder_{step}_up")(x)
        x = FitTo(name=f"decoder_{step}_fit")([x, images if skip is None else skip])
        if skip is not None:
            x = Concatenate(name=f"decoder_{step}_join")([x, skip])
        for number in (1, 2):
            x = _conv(x, f"decoder_{step}_{number}", filters)
    return x


def _conv(x, name: str, filters: int):
    x = Conv2D(filters, 3, padding="same", use_bias=False, kernel_initializer="he_normal", name=f"{name}_conv")(x)
    return ReLU(name=f"{name}_relu")(BatchNormalization(momentum=0.9, name=f"{name}_bn")(x))
