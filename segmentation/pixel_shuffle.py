"""A decoder of pixel shuffles: that of fastai's `unet_learner` (Howard & Gugger 2020,
https://arxiv.org/abs/2002.04688; `DynamicUnet` in https://github.com/fastai/fastai), on which S1 stands.

Its parts are fastai's, and so is what has no batch norm: the convolutions of the decoder. fastai's options, blur and
self-attention, are left out, as S1 left them.
"""

from collections.abc import Mapping

from keras.layers import Add, BatchNormalization, Concatenate, Conv2D, ReLU

from layers.upsampling import ICNR, PixelShuffle


def pixel_shuffle(images, maps: Mapping[int, object], settings):
    """Doubles height and width by pixel shuffle, joins the feature map of that size, convolves twice; for each halving.

    Then joins the picture itself and ends in a residual block. `maps` has one for every halving, 1, 2, 3 ...
    """
    *skips, x = (maps[halvings] for halvings in sorted(maps))
    channels = x.shape[-1]
    x = ReLU(name="middle_relu")(_norm(x, "middle_bn"))
    x = _conv(x, "middle_1", 2 * channels)
    x = _conv(x, "middle_2", channels)
    for step, skip in enumerate(reversed(skips)):
        name = f"decoder_{step}"
        x = _doubled(x, f"{name}_up", x.shape[-1] // 2)
        x = Concatenate(name=f"{name}_join")([x, _norm(skip, f"{name}_skip_bn")])
        x = ReLU(name=f"{name}_relu")(x)
        filters = x.shape[-1] // (2 if step == len(skips) - 1 else 1)
        for number in (1, 2):
            x = _conv(x, f"{name}_{number}", filters)
    x = _doubled(x, "decoder_last_up", x.shape[-1])
    x = joined = Concatenate(name="picture_join")([x, images])
    for number in (1, 2):
        x = _conv(x, f"picture_{number}", joined.shape[-1])
    return Add(name="picture_add")([joined, x])


def _doubled(x, name: str, filters: int):
    x = Conv2D(4 * filters, 1, activation="relu", kernel_initializer=ICNR(), name=f"{name}_conv")(x)
    return PixelShuffle(2, name=name)(x)


def _conv(x, name: str, filters: int):
    name = f"{name}_conv"
    return Conv2D(filters, 3, padding="same", activation="relu", kernel_initializer="he_normal", name=name)(x)


def _norm(x, name: str):
    return BatchNormalization(momentum=0.9, epsilon=1e-5, name=name)(x)
