"""The first layer of every model: from pictures as they are to the values that its weights know."""

from collections.abc import Sequence

import keras


@keras.saving.register_keras_serializable("scenelab")
class Normalise(keras.layers.Layer):
    """RGB of 0..255 -> (value - mean) / deviation, shape (batch, height, width, 3) as before.

    Arguments:
        mean, deviation: three numbers, of red, green and blue.
        channels: `RGB`, or `BGR` for networks that want blue first.
    """

    def __init__(self, mean: Sequence[float], deviation: Sequence[float], channels: str = "RGB", **kwargs):
        super().__init__(**kwargs)
        self.mean = [float(value) for value in mean]
        self.deviation = [float(value) for value in deviation]
        self.channels = channels

    def take(self, other: "Normalise") -> None:
        """Does from now on as another does."""
        self.mean, self.deviation, self.channels = other.mean, other.deviation, other.channels

    def call(self, images):
        mean = keras.ops.cast(self.mean, images.dtype)
        values = (images - mean) / keras.ops.cast(self.deviation, images.dtype)
        return keras.ops.flip(values, axis=-1) if self.channels == "BGR" else values

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return super().get_config() | {"mean": self.mean, "deviation": self.deviation, "channels": self.channels}
