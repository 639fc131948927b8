"""Images as a variational auto-encoder sees them: gray or in colour, with values of 0..1."""

from typing import Any

import keras

from layers.tensor import Shape, Tensor

LUMA = (0.299, 0.587, 0.114)
"""The shares of red, green and blue in gray (ITU-R BT.601)."""


def pixel_values(images: Tensor, channels: int) -> Tensor:
    """RGB (batch, height, width, 3) of 0..255 -> float32 (batch, height, width, channels) of 0..1.

    With 1 channel the values are gray, with 3 they are the colours.
    """
    values = keras.ops.cast(images, "float32") / 255
    if channels == 3:
        return values
    return keras.ops.sum(values * keras.ops.convert_to_tensor(LUMA, "float32"), axis=-1, keepdims=True)


@keras.saving.register_keras_serializable("scenelab")
class PixelValues(keras.layers.Layer):
    """`pixel_values` as a layer; `channels` is 1 or 3."""

    def __init__(self, channels: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.channels = channels

    def call(self, images: Tensor) -> Tensor:
        return pixel_values(images, self.channels)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return *input_shape[:-1], self.channels

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"channels": self.channels}
