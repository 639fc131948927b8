"""Layers that change the height and width of a feature map, at its bottom and right.

All take float (batch, height, width, channels); height and width may differ from call to call.
"""

from typing import Any

import keras

from layers.tensor import Shape, Tensor


def fit_to(values: Tensor, height: int | Tensor, width: int | Tensor) -> Tensor:
    """`values`, cropped or padded with zeros to `height` and `width`."""
    values = values[:, :height, :width]
    rows, columns = keras.ops.shape(values)[1:3]
    return keras.ops.pad(values, [[0, 0], [0, height - rows], [0, width - columns], [0, 0]])


@keras.saving.register_keras_serializable("scenelab")
class PadToMultiple(keras.layers.Layer):
    """Pads images by reflection until height and width are multiples of `multiple`.

    The edge is not repeated (NumPy's `reflect`). An image smaller than its padding is reflected several times; a
    single row or column is repeated.
    """

    def __init__(self, multiple: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.multiple = multiple

    def call(self, images: Tensor) -> Tensor:
        for axis in (1, 2):
            size = keras.ops.shape(images)[axis]
            padded = self._padded(size)
            if not (isinstance(size, int) and size == padded):
                images = keras.ops.take(images, reflected_indices(padded, size), axis=axis)
        return images

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        batch, height, width, channels = input_shape
        return batch, *(size if size is None else self._padded(size) for size in (height, width)), channels

    def _padded(self, size: int | Tensor) -> int | Tensor:
        return -(-size // self.multiple) * self.multiple

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"multiple": self.multiple}


def reflected_indices(count: int | Tensor, size: int | Tensor) -> Tensor:
    """The first `count` of 0, 1, .. size - 2, size - 1, size - 2, .. 1, 0, 1, .., int32."""
    last = size - 1
    return last - keras.ops.abs(keras.ops.arange(count, dtype="int32") % keras.ops.maximum(2 * last, 1) - last)


@keras.saving.register_keras_serializable("scenelab")
class CropLike(keras.layers.Layer):
    """Crops `values` to the height and width of `like`, which is not larger."""

    def call(self, values: Tensor, like: Tensor) -> Tensor:
        height, width = keras.ops.shape(like)[1:3]
        return values[:, :height, :width]

    def compute_output_shape(self, values_shape: Shape, like_shape: Shape) -> Shape:
        return values_shape[0], *like_shape[1:3], values_shape[3]


@keras.saving.register_keras_serializable("scenelab")
class FitTo(keras.layers.Layer):
    """Crops `values`, or pads them with zeros, to the height and width of `like`."""

    def call(self, values: Tensor, like: Tensor) -> Tensor:
        return fit_to(values, *keras.ops.shape(like)[1:3])

    def compute_output_shape(self, values_shape: Shape, like_shape: Shape) -> Shape:
        return values_shape[0], *like_shape[1:3], values_shape[3]
