"""Max-pooling that also returns the position of each maximum, and unpooling, which puts values at these positions.

Badrinarayanan et al. 2017 (SegNet), https://arxiv.org/abs/1511.00561, section 3. Windows are 2x2 and do not overlap; a
position in a window is 0 to 3, row by row: the 2 bits per window of the paper's section 3.1.
"""

from typing import Any

import keras

from layers.shapes import fit_to
from layers.tensor import Tensor


@keras.saving.register_keras_serializable("scenelab")
class MaxPoolWithIndices2D(keras.layers.Layer):
    """(batch, height, width, channels) -> maxima and their positions, both (batch, height//2, width//2, channels).

    The positions are uint8; of equal maxima the first counts. An odd last row or column is ignored. PyTorch's
    `max_pool2d(..., 2, return_indices=True)` returns positions in the complete map instead.
    """

    def call(self, values: Tensor) -> tuple[Tensor, Tensor]:
        batch, height, width, channels = keras.ops.shape(values)
        rows, columns = height // 2, width // 2
        windows = keras.ops.reshape(values[:, : 2 * rows, : 2 * columns], (batch, rows, 2, columns, 2, channels))
        maxima = keras.ops.max_pool(values, 2, 2)
        # on a CPU 6 times as fast as argmax, which in Keras treats -0 as less than 0 and cannot be exported to LiteRT
        not_0, not_1, not_2 = (windows[:, :, row, :, column] < maxima for row, column in ((0, 0), (0, 1), (1, 0)))
        where = keras.ops.where
        positions = where(not_0, where(not_1, where(not_2, 3, 2), 1), 0)
        return maxima, keras.ops.cast(positions, "uint8")


@keras.saving.register_keras_serializable("scenelab")
class MaxUnpool2D(keras.layers.Layer):
    """Puts values (batch, height, width, channels) at the positions of a pooling, and zeros elsewhere.

    The result has the height and width of `like` if given, otherwise `size`, otherwise twice those of the values. A row
    or column that the pooling ignored is zero.

    Arguments:
        size: height and width of the result.
    """

    def __init__(self, size: tuple[int, int] | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.size = size and tuple(size)

    def call(self, values: Tensor, indices: Tensor, like: Tensor | None = None) -> Tensor:
        batch, rows, columns, channels = keras.ops.shape(values)
        placed = [keras.ops.where(keras.ops.equal(indices, position), values, 0) for position in range(4)]
        window_rows = [keras.ops.stack(pair, axis=3) for pair in (placed[:2], placed[2:])]
        restored = keras.ops.stack(window_rows, axis=2)
        restored = keras.ops.reshape(restored, (batch, 2 * rows, 2 * columns, channels))
        if like is not None:
            return fit_to(restored, *keras.ops.shape(like)[1:3])
        return fit_to(restored, *self.size) if self.size else restored

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"size": self.size}
