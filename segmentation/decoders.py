"""Decoders and heads of segmentation networks: from a backbone's feature maps back to the size of the image.

A decoder takes the image, the backbone's feature maps and the settings that its recipe names. It gives features of the
image's size, or smaller ones if the head enlarges them. A head takes features and gives logits in float32, also in
mixed precision.
"""

from collections.abc import Mapping, Sequence

from keras import KerasTensor
from keras.layers import BatchNormalization, Concatenate, Conv2D, Conv2DTranspose, ReLU, UpSampling2D

from layers.shapes import FitTo

FeatureMaps = Mapping[int, KerasTensor]
"""Feature maps by the number of times that height and width were halved. The deepest is the backbone's output."""

TRANSPOSED_FILTERS = (512, 256, 128, 64)


def unet(image: KerasTensor, maps: FeatureMaps, decoder_filters: Sequence[int], skip: bool = True) -> KerasTensor:
    """Once for each halving: doubles height and width, joins the feature map of that size if any, convolves twice.

    Arguments:
        decoder_filters: number of filters of each step. If there are more steps, the last number is used again.
        skip: whether feature maps are joined. Without them the decoder sees the deepest map only.
    """
    deepest = max(maps)
    x = maps[deepest]
    for step, halvings in enumerate(range(deepest - 1, -1, -1)):
        filters = decoder_filters[min(step, len(decoder_filters) - 1)]
        x = UpSampling2D(2, interpolation="nearest", name=f"decoder_{step}_up")(x)
        if skip and halvings in maps:
            x = FitTo(name=f"decoder_{step}_fit")(x, maps[halvings])
            x = Concatenate(name=f"decoder_{step}_join")([x, maps[halvings]])
        for number in (1, 2):
            x = _convolution_block(x, f"decoder_{step}_{number}", filters)
    return FitTo(name="decoder_fit")(x, image)


def transposed_convolutions(image: KerasTensor, maps: FeatureMaps) -> KerasTensor:
    """Once for each halving but the last: a transposed convolution, batch norm, ReLU, and the joined feature map.

    Gives features of half the image's size, for the head `transposed_convolution`.
    """
    deepest = max(maps)
    x = maps[deepest]
    for step, (halvings, filters) in enumerate(zip(range(deepest - 1, 0, -1), TRANSPOSED_FILTERS, strict=True)):
        x = Conv2DTranspose(filters, 3, 2, "same", use_bias=False, name=f"decoder_{step}_up")(x)
        x = ReLU(name=f"decoder_{step}_relu")(BatchNormalization(momentum=0.9, name=f"decoder_{step}_bn")(x))
        x = Concatenate(name=f"decoder_{step}_join")([x, maps[halvings]])
    return x


def convolution(x: KerasTensor, classes: int, size: int = 1) -> KerasTensor:
    """The usual head: a convolution with a kernel of `size` pixels."""
    return Conv2D(classes, size, padding="same", dtype="float32", name="logits")(x)


def convolution_3x3(x: KerasTensor, classes: int) -> KerasTensor:
    """The head of SegNet."""
    return convolution(x, classes, 3)


def transposed_convolution(x: KerasTensor, classes: int) -> KerasTensor:
    """A head that doubles height and width."""
    return Conv2DTranspose(classes, 3, 2, "same", dtype="float32", name="logits")(x)


def _convolution_block(x: KerasTensor, name: str, filters: int) -> KerasTensor:
    x = Conv2D(filters, 3, padding="same", use_bias=False, kernel_initializer="he_normal", name=f"{name}_conv")(x)
    return ReLU(name=f"{name}_relu")(BatchNormalization(momentum=0.9, name=f"{name}_bn")(x))
