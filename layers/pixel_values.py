"""Pictures as a variational auto-encoder knows them: gray or in colour, values of 0..1."""

import keras

LUMA = (0.299, 0.587, 0.114)
"""What red, green and blue are of the gray that they make (ITU-R BT.601)."""


def pixel_values(images, channels: int):
    """RGB (batch, height, width, 3) of 0..255 -> float32 (batch, height, width, channels) of 0..1.

    One channel is gray, three are the colours.
    """
    values = keras.ops.cast(images, "float32") / 255
    if channels == 3:
        return values
    return keras.ops.sum(values * keras.ops.convert_to_tensor(LUMA, "float32"), axis=-1, keepdims=True)


@keras.saving.register_keras_serializable("scenelab")
class PixelValues(keras.layers.Layer):
    """`pixel_values` as a layer; `channels` is 1 or 3."""

    def __init__(self, channels: int, **kwargs):
        super().__init__(**kwargs)
        self.channels = channels

    def call(self, images):
        return pixel_values(images, self.channels)

    def compute_output_shape(self, input_shape):
        return *input_shape[:-1], self.channels

    def get_config(self):
        return super().get_config() | {"channels": self.channels}
