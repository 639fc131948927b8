"""ResNet for 32x32 pixels (He et al. 2016, https://arxiv.org/abs/1512.03385, section 4.2): 6n + 2 layers.

A convolution of 16 filters, then three groups of n residual blocks of two convolutions: 16 filters at full size, 32 at
half size, 64 at a quarter. Shortcuts have no weights (the paper's option A): where the size is halved, a shortcut takes
every second pixel and pads the new channels with zeros. 0.27 M parameters at depth 20, 0.85 M at 56.

Strided convolutions pad the bottom and the right, as in TensorFlow; Caffe and PyTorch pad all sides. The epsilon of
batch norm is 1e-3, not 1e-5. Weights of other implementations therefore give other outputs here.
"""

from typing import TYPE_CHECKING

from backbones import CIFAR10, Backbone

if TYPE_CHECKING:
    import keras

DEPTHS = (20, 32, 44, 56, 110)
FILTERS = (16, 32, 64)

BACKBONES = {
    f"cifar_resnet_{depth}": Backbone(
        "backbones.cifar_resnet:network",
        image_size=32,
        layers=4 + 7 * (depth - 2) // 2,
        normalisation=CIFAR10,
        arguments={"depth": depth},
        smallest=8,
        imagenet=False,
    )
    for depth in DEPTHS
}


def network(
    depth: int, input_shape: tuple[int | None, int | None, int], include_top: bool = False, weights: None = None
) -> "keras.Model":
    """The output has a quarter of the input's height and width, and 64 channels. `depth` is 6n + 2."""
    import keras

    inputs = keras.Input(input_shape)
    x = keras.layers.ReLU(name="stem_relu")(_conv(inputs, "stem", FILTERS[0]))
    for group, filters in enumerate(FILTERS, 1):
        for number in range(1, (depth - 2) // 6 + 1):
            x = _block(x, f"group_{group}_block_{number}", filters)
    return keras.Model(inputs, x, name=f"cifar_resnet_{depth}")


def _block(x: "keras.KerasTensor", name: str, filters: int) -> "keras.KerasTensor":
    from keras.layers import Add, ReLU

    strides = filters // x.shape[-1]
    residual = ReLU(name=f"{name}_1_relu")(_conv(x, f"{name}_1", filters, strides))
    residual = _conv(residual, f"{name}_2", filters)
    return ReLU(name=f"{name}_out")(Add(name=f"{name}_add")([_shortcut(x, filters, strides), residual]))


def _shortcut(x: "keras.KerasTensor", filters: int, strides: int) -> "keras.KerasTensor":
    from keras import ops

    if strides == 1:
        return x
    added = filters - x.shape[-1]
    return ops.pad(x[:, ::strides, ::strides], ((0, 0), (0, 0), (0, 0), (added // 2, added - added // 2)))


def _conv(x: "keras.KerasTensor", name: str, filters: int, strides: int = 1) -> "keras.KerasTensor":
    from keras.layers import BatchNormalization, Conv2D

    x = Conv2D(filters, 3, strides, "same", use_bias=False, kernel_initializer="he_normal", name=f"{name}_conv")(x)
    return BatchNormalization(momentum=0.9, name=f"{name}_bn")(x)
