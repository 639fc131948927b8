"""Upsampling: pixel shuffle, which starts as nearest-neighbour upsampling, and bilinear."""

from collections.abc import Sequence
from typing import Any

import keras

from layers.tensor import Shape, Tensor


@keras.saving.register_keras_serializable("scenelab")
class PixelShuffle(keras.layers.Layer):
    """(batch, height, width, channels * scale^2) -> (batch, height * scale, width * scale, channels).

    The first `channels` input channels become the top left pixel of each block, the next ones the pixel to its right.
    Shi et al. 2016, https://arxiv.org/abs/1609.05158, in the order of TensorFlow's `depth_to_space`.
    """

    def __init__(self, scale: int = 2, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.scale = scale

    def call(self, values: Tensor) -> Tensor:
        return keras.ops.depth_to_space(values, self.scale)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        batch, height, width, channels = input_shape
        return batch, *(size and size * self.scale for size in (height, width)), (channels or 0) // self.scale**2

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"scale": self.scale}


@keras.saving.register_keras_serializable("scenelab")
class ICNR(keras.initializers.Initializer):
    """Initial kernels (..., channels * scale^2) with which PixelShuffle is nearest-neighbour upsampling.

    All pixels of a block start with the same kernel (..., channels) from `initializer`, so that there is no
    checkerboard pattern. Aitken et al. 2017, https://arxiv.org/abs/1707.02937.
    """

    def __init__(self, initializer: str | dict | keras.initializers.Initializer = "he_normal", scale: int = 2) -> None:
        self.initializer = keras.initializers.get(initializer)
        self.scale = scale

    def __call__(self, shape: Sequence[int], dtype: str | None = None) -> Tensor:
        *rest, channels = shape
        if channels % self.scale**2:
            raise ValueError(
                f"A scale of {self.scale} needs a multiple of {self.scale**2} filters. Received: {channels}"
            )
        kernel = self.initializer((*rest, channels // self.scale**2), dtype=dtype)
        return keras.ops.tile(kernel, (*[1] * len(rest), self.scale**2))

    def get_config(self) -> dict[str, Any]:
        return {"initializer": keras.initializers.serialize(self.initializer), "scale": self.scale}


@keras.saving.register_keras_serializable("scenelab")
class BilinearUpsampling(keras.layers.Layer):
    """(batch, height, width, channels) -> (batch, height * scale, width * scale, channels).

    The value of a pixel is at its centre, and edges are repeated, as in TensorFlow's `image.resize`. Keras's bilinear
    `UpSampling2D` fails in a graph with unknown height and width (3.15).
    """

    def __init__(self, scale: int = 2, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.scale = scale

    def call(self, values: Tensor) -> Tensor:
        return self._upsample(self._upsample(values, 1), 2)

    def _upsample(self, values: Tensor, axis: int) -> Tensor:
        """Replaces each value by `scale` values, each interpolated between it and its nearer neighbour."""
        padded = keras.ops.pad(values, [[int(other == axis)] * 2 for other in range(4)], mode="symmetric")
        before, after = (padded[(slice(None),) * axis + (part,)] for part in (slice(None, -2), slice(2, None)))
        interpolated = []
        for position in range(self.scale):
            offset = (position + 0.5) / self.scale - 0.5
            interpolated.append((1 - abs(offset)) * values + abs(offset) * (after if offset > 0 else before))
        shape = list(keras.ops.shape(values))
        shape[axis] *= self.scale
        return keras.ops.reshape(keras.ops.stack(interpolated, axis + 1), shape)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        batch, height, width, channels = input_shape
        return batch, *(size and size * self.scale for size in (height, width)), channels

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"scale": self.scale}
