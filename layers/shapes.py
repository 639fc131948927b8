"""Layers that bring a feature map to the height and width that another needs, at its bottom and right.

All take float (batch, height, width, channels) of sizes that may differ from call to call.
"""

import keras


def fit_to(values, height, width):
    """`values` cropped, or filled up with zeros, to `height` and `width`, numbers or scalar tensors."""
    values = values[:, :height, :width]
    rows, columns = keras.ops.shape(values)[1:3]
    return keras.ops.pad(values, [[0, 0], [0, height - rows], [0, width - columns], [0, 0]])


@keras.saving.register_keras_serializable("scenelab")
class PadToMultiple(keras.layers.Layer):
    """Mirrors the picture at its bottom and right until height and width are multiples of `multiple`.

    The edge is not repeated (NumPy's `reflect`); a picture too small for its padding is mirrored to and fro, and
    one row or column is repeated.
    """

    def __init__(self, multiple: int, **kwargs):
        super().__init__(**kwargs)
        self.multiple = multiple

    def call(self, images):
        for axis in (1, 2):
            size = keras.ops.shape(images)[axis]
            padded = self._padded(size)
            if not (isinstance(size, int) and size == padded):
                images = keras.ops.take(images, to_and_fro(padded, size), axis=axis)
        return images

    def compute_output_shape(self, input_shape):
        batch, height, width, channels = input_shape
        return batch, *(size if size is None else self._padded(size) for size in (height, width)), channels

    def _padded(self, size):
        return -(-size // self.multiple) * self.multiple

    def get_config(self):
        return super().get_config() | {"multiple": self.multiple}


def to_and_fro(count, size):
    """The first `count` of 0, 1, .. size - 2, size - 1, size - 2, .. 1, 0, 1, .., int32."""
    last = size - 1
    return last - keras.ops.abs(keras.ops.arange(count, dtype="int32") % keras.ops.maximum(2 * last, 1) - last)


@keras.saving.register_keras_serializable("scenelab")
class CropLike(keras.layers.Layer):
    """The top left of `values`, as high and wide as `like`, which is no larger."""

    def call(self, values, like):
        height, width = keras.ops.shape(like)[1:3]
        return values[:, :height, :width]

    def compute_output_shape(self, values_shape, like_shape):
        return values_shape[0], *like_shape[1:3], values_shape[3]


@keras.saving.register_keras_serializable("scenelab")
class FitTo(keras.layers.Layer):
    """`values` cropped, or filled up with zeros, to the height and width of `like`."""

    def call(self, values, like):
        return fit_to(values, *keras.ops.shape(like)[1:3])

    def compute_output_shape(self, values_shape, like_shape):
        return values_shape[0], *like_shape[1:3], values_shape[3]
