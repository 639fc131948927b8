"""A decoder with pixel shuffles: the `DynamicUnet` of fastai's `unet_learner` (Howard & Gugger 2020,
https://arxiv.org/abs/2002.04688, https://github.com/fastai/fastai).

As in fastai, the convolutions of the decoder have no batch norm. tests/references compares the outputs of both.

It differs from fastai's in these points:

- fastai's options blur, self-attention, bottleneck and `y_range` are left out. They are off by default there.
- Images are padded to multiples of 32 pixels and logits are cropped. fastai resizes features to the next nearest pixel.
- The channels before a pixel shuffle are in the order of TensorFlow, not of PyTorch.
- Initial kernels are from a truncated normal distribution of fastai's variance. The head starts as every head here.
"""

from keras import KerasTensor
from keras.initializers import Constant
from keras.layers import Add, BatchNormalization, Concatenate, Conv2D, ReLU

from layers.upsampling import ICNR, PixelShuffle
from segmentation.decoders import FeatureMaps


def pixel_shuffle(image: KerasTensor, maps: FeatureMaps) -> KerasTensor:
    """Once for each halving: doubles height and width by pixel shuffle, joins the feature map, convolves twice.

    Then joins the image itself and ends in a residual block: relu(x + conv(relu(conv(x)))). `maps` needs a feature map
    for every halving, 1, 2, 3 ...
    """
    *skips, x = (maps[halvings] for halvings in sorted(maps))
    channels = x.shape[-1]
    x = ReLU(name="middle_relu")(_batch_norm(x, "middle_bn"))
    x = _convolution(x, "middle_1", 2 * channels)
    x = _convolution(x, "middle_2", channels)
    for step, skip in enumerate(reversed(skips)):
        name = f"decoder_{step}"
        x = _upsample(x, f"{name}_up", x.shape[-1] // 2)
        x = Concatenate(name=f"{name}_join")([x, _batch_norm(skip, f"{name}_skip_bn")])
        x = ReLU(name=f"{name}_relu")(x)
        filters = x.shape[-1] // (2 if step == len(skips) - 1 else 1)
        for number in (1, 2):
            x = _convolution(x, f"{name}_{number}", filters)
    x = _upsample(x, "decoder_last_up", x.shape[-1])
    x = joined = Concatenate(name="picture_join")([x, image])
    x = _convolution(x, "picture_1", joined.shape[-1])
    x = _convolution(x, "picture_2", joined.shape[-1], activation=None)
    return ReLU(name="picture_relu")(Add(name="picture_add")([joined, x]))


def _upsample(x: KerasTensor, name: str, filters: int) -> KerasTensor:
    x = Conv2D(4 * filters, 1, activation="relu", kernel_initializer=ICNR(), name=f"{name}_conv")(x)
    return PixelShuffle(2, name=name)(x)


def _convolution(x: KerasTensor, name: str, filters: int, activation: str | None = "relu") -> KerasTensor:
    name = f"{name}_conv"
    return Conv2D(filters, 3, padding="same", activation=activation, kernel_initializer="he_normal", name=name)(x)


def _batch_norm(x: KerasTensor, name: str) -> KerasTensor:
    return BatchNormalization(momentum=0.9, epsilon=1e-5, beta_initializer=Constant(1e-3), name=name)(x)
