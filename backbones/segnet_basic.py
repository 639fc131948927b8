"""SegNet-Basic of two stages (S3): two encoders and two decoders of 64 7x7 filters, no ReLU in the decoder.

Badrinarayanan et al. 2017, https://arxiv.org/abs/1511.00561, has four stages in its SegNet-Basic. Layers have the
names and the computation of the Caffe network of S3. 612,288 parameters without the classifier and statistics.
"""

from typing import TYPE_CHECKING

from backbones import Backbone, Normalisation

if TYPE_CHECKING:
    import keras

UNCHANGED_BGR = Normalisation((0.0, 0.0, 0.0), (1.0, 1.0, 1.0), "BGR")
"""Values stay 0..255; blue comes first."""

BACKBONES = {
    name: Backbone(
        "backbones.segnet_basic:network",
        image_size=128,
        layers=16,
        normalisation=UNCHANGED_BGR,
        arguments={"norm": norm},
        imagenet=False,
    )
    for name, norm in {"segnet_basic": "batch", "segnet_basic_picture_norm": "picture"}.items()
}

FILTERS, KERNEL = 64, 7


def network(
    input_shape: tuple[int | None, int | None, int],
    norm: str = "batch",
    include_top: bool = False,
    weights: None = None,
) -> "keras.Model":
    """Encoder and decoder. The output has the input's height and width, and 64 channels.

    `norm` is `batch` (batch norm) or `picture` (each image is normalised by its own statistics).
    """
    import keras
    from keras.layers import ReLU

    from layers.lrn import LocalResponseNormalisation
    from layers.pooling import MaxPoolWithIndices2D, MaxUnpool2D

    inputs = keras.Input(input_shape)
    x = LocalResponseNormalisation(dtype="float32", name="norm")(inputs)  # 16 bits do not hold the squares
    pooled = []
    for stage in (1, 2):
        x = before = ReLU(name=f"relu{stage}")(_conv(x, f"conv{stage}", norm))
        x, indices = MaxPoolWithIndices2D(name=f"pool{stage}")(x)
        pooled.append((before, indices))
    for stage in (2, 1):
        before, indices = pooled.pop()
        x = MaxUnpool2D(name=f"upsample{stage}")(x, indices, like=before)
        x = _conv(x, f"conv_decode{stage}", norm)
    return keras.Model(inputs, x, name="segnet_basic")


def _conv(x: "keras.KerasTensor", name: str, norm: str) -> "keras.KerasTensor":
    from keras.layers import BatchNormalization, Conv2D, GroupNormalization

    x = Conv2D(FILTERS, KERNEL, padding="same", kernel_initializer="he_normal", name=name)(x)
    if norm == "batch":
        return BatchNormalization(momentum=0.9, name=f"{name}_bn")(x)
    return GroupNormalization(groups=-1, name=f"{name}_bn")(x)
