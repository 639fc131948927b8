"""VGG16 for 32x32 pixels (S4): the 13 convolutions of Simonyan & Zisserman 2015, each with batch norm.

Batch norm is from Ioffe & Szegedy 2015, https://arxiv.org/abs/1502.03167, without which such a
deep chain does not learn from random weights. 14,731,584 parameters without head, 8,448 of them statistics.
"""

from typing import TYPE_CHECKING

from backbones import CIFAR10, Backbone

if TYPE_CHECKING:
    import keras

BACKBONES = {
    "cifar_vgg16": Backbone(
        "backbones.cifar_vgg16:network", image_size=32, layers=45, normalisation=CIFAR10, imagenet=False
    )
}

STAGES = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))
"""Filters and number of convolutions of each stage; after each, height and width are halved."""


def network(
    input_shape: tuple[int | None, int | None, int], include_top: bool = False, weights: None = None
) -> "keras.Model":
    """The output has 1/32 of the input's height and width, and 512 channels."""
    import keras
    from keras.layers import BatchNormalization, Conv2D, MaxPooling2D, ReLU

    inputs = x = keras.Input(input_shape)
    for stage, (filters, count) in enumerate(STAGES, 1):
        for number in range(1, count + 1):
            name = f"block{stage}_{number}"
            x = Conv2D(filters, 3, padding="same", kernel_initializer="he_normal", name=f"{name}_conv")(x)
            x = ReLU(name=f"{name}_relu")(BatchNormalization(momentum=0.9, name=f"{name}_bn")(x))
        x = MaxPooling2D(2, name=f"block{stage}_pool")(x)
    return keras.Model(inputs, x, name="cifar_vgg16")
