"""Upsampling by pixel shuffle, begun as plain enlargement."""

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
