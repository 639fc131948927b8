"""A small residual network that can be trained from random weights on a CPU in minutes; demo and tests use it.

Residual blocks after He et al. 2016, https://arxiv.org/abs/1512.03385, with the average-pooled shortcut of
He et al. 2019, https://arxiv.org/abs/1812.01187.
"""

from typing import TYPE_CHECKING

from backbones import Backbone

if TYPE_CHECKING:
    import keras

BACKBONES = {"small": Backbone("backbones.small:network", image_size=128, layers=44, imagenet=False)}

STEM_FILTERS = 32
BLOCK_FILTERS = (48, 96, 192, 256)
NORM_MOMENTUM = 0.9
"""Momentum of the moving statistics. Keras's default of 0.99 is too slow for a few hundred steps."""


def network(
    input_shape: tuple[int | None, int | None, int], include_top: bool = False, weights: None = None
) -> "keras.Model":
    """The output has 1/32 of the input's height and width, and 256 channels."""
    import keras
    from keras.layers import MaxPooling2D

    inputs = keras.Input(input_shape)
    x = _conv(inputs, "stem", STEM_FILTERS, 5, strides=2)
    x = MaxPooling2D(3, 2, "same", name="stem_pool")(x)
    for number, filters in enumerate(BLOCK_FILTERS, 1):
        x = _block(x, f"block_{number}", filters, halve=number > 1)
    return keras.Model(inputs, x, name="small")


def _block(x: "keras.KerasTensor", name: str, filters: int, halve: bool) -> "keras.KerasTensor":
    from keras.layers import Add, AveragePooling2D, ReLU

    residual = _conv(x, f"{name}_1", filters, 3, strides=2 if halve else 1)
    residual = _conv(residual, f"{name}_2", filters, 3, relu=False)
    shortcut = AveragePooling2D(2, padding="same", name=f"{name}_pool")(x) if halve else x
    shortcut = _conv(shortcut, f"{name}_shortcut", filters, 1, relu=False)
    return ReLU(name=f"{name}_out")(Add(name=f"{name}_add")([residual, shortcut]))


def _conv(
    x: "keras.KerasTensor", name: str, filters: int, size: int, strides: int = 1, relu: bool = True
) -> "keras.KerasTensor":
    from keras.layers import BatchNormalization, Conv2D, ReLU

    x = Conv2D(filters, size, strides, "same", use_bias=False, kernel_initializer="he_normal", name=f"{name}_conv")(x)
    x = BatchNormalization(momentum=NORM_MOMENTUM, name=f"{name}_bn")(x)
    return ReLU(name=f"{name}_relu")(x) if relu else x
