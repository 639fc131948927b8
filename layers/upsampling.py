"""Upsampling by pixel shuffle, begun as plain enlargement; and bilinear."""

import keras


@keras.saving.register_keras_serializable("scenelab")
class PixelShuffle(keras.layers.Layer):
    """(batch, height, width, channels * scale^2) -> (batch, height * scale, width * scale, channels).

    Of the channels that come in, the first `channels` make the top left pixel of each block, the next the one to its
    right. Shi et al. 2016, https://arxiv.org/abs/1609.05158, with the order of TensorFlow's `depth_to_space`.
    """

    def __init__(self, scale: int = 2, **kwargs):
        super().__init__(**kwargs)
        self.scale = scale

    def call(self, values):
        return keras.ops.depth_to_space(values, self.scale)

    def compute_output_shape(self, input_shape):
        batch, height, width, channels = input_shape
        return batch, *(size and size * self.scale for size in (height, width)), channels // self.scale**2

    def get_config(self):
        return super().get_config() | {"scale": self.scale}


@keras.saving.register_keras_serializable("scenelab")
class ICNR(keras.initializers.Initializer):
    """Kernels (..., channels * scale^2) that PixelShuffle turns into nearest-neighbour enlargement: no checkerboard.

    All pixels of a block begin with one kernel (..., channels), drawn by `initializer`. Aitken et al. 2017,
    https://arxiv.org/abs/1707.02937.
    """

    def __init__(self, initializer: str | dict | keras.initializers.Initializer = "he_normal", scale: int = 2):
        self.initializer = keras.initializers.get(initializer)
        self.scale = scale

    def __call__(self, shape, dtype=None):
        *rest, channels = shape
        if channels % self.scale**2:
            raise ValueError(
                f"A scale of {self.scale} needs a multiple of {self.scale**2} filters. Received: {channels}"
            )
        kernel = self.initializer((*rest, channels // self.scale**2), dtype=dtype)
        return keras.ops.tile(kernel, (*[1] * len(rest), self.scale**2))

    def get_config(self):
        return {"initializer": keras.initializers.serialize(self.initializer), "scale": self.scale}


@keras.saving.register_keras_serializable("scenelab")
class BilinearUpsampling(keras.layers.Layer):
    """(batch, height, width, channels) -> (batch, height * scale, width * scale, channels).

    A pixel is a square with its value in the middle, and the edges are repeated, as in TensorFlow's `image.resize`.
    Keras's bilinear `UpSampling2D` fails in a graph where height and width are not known beforehand (3.15).
    """

    def __init__(self, scale: int = 2, **kwargs):
        super().__init__(**kwargs)
        self.scale = scale

    def call(self, values):
        return self._along(self._along(values, 1), 2)

    def _along(self, values, axis: int):
        """Each value becomes `scale` of them, each between it and the neighbour that is nearer."""
        padded = keras.ops.pad(values, [[int(other == axis)] * 2 for other in range(4)], mode="symmetric")
        before, after = (padded[(slice(None),) * axis + (part,)] for part in (slice(None, -2), slice(2, None)))
        placed = []
        for place in range(self.scale):
            shift = (place + 0.5) / self.scale - 0.5
            placed.append((1 - abs(shift)) * values + abs(shift) * (after if shift > 0 else before))
        shape = list(keras.ops.shape(values))
        shape[axis] *= self.scale
        return keras.ops.reshape(keras.ops.stack(placed, axis + 1), shape)

    def compute_output_shape(self, input_shape):
        batch, height, width, channels = input_shape
        return batch, *(size and size * self.scale for size in (height, width)), channels

    def get_config(self):
        return super().get_config() | {"scale": self.scale}
