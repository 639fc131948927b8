"""The first layer of every model with a backbone: it normalises colours as the weights of the backbone need them."""

from collections.abc import Sequence
from typing import Any

import keras

from layers.tensor import Shape, Tensor


@keras.saving.register_keras_serializable("scenelab")
class Normalise(keras.layers.Layer):
    """RGB of 0..255 -> (value - mean) / deviation; the shape (batch, height, width, 3) stays the same.

    Arguments:
        mean, deviation: three numbers each, for red, green and blue.
        channels: `RGB`, or `BGR` for networks that take blue first.
    """

    def __init__(self, mean: Sequence[float], deviation: Sequence[float], channels: str = "RGB", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.mean = [float(value) for value in mean]
        self.deviation = [float(value) for value in deviation]
        self.channels = channels

    def copy_from(self, other: "Normalise") -> None:
        """Takes over mean, deviation and channel order of another layer."""
        self.mean, self.deviation, self.channels = other.mean, other.deviation, other.channels

    def call(self, images: Tensor) -> Tensor:
        mean = keras.ops.cast(self.mean, images.dtype)
        values = (images - mean) / keras.ops.cast(self.deviation, images.dtype)
        return keras.ops.flip(values, axis=-1) if self.channels == "BGR" else values

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"mean": self.mean, "deviation": self.deviation, "channels": self.channels}
