"""Local response normalisation: large values of a pixel are reduced more than small ones."""

from typing import Any

import keras

from layers.tensor import Shape, Tensor


@keras.saving.register_keras_serializable("scenelab")
class LocalResponseNormalisation(keras.layers.Layer):
    """Divides each value by (bias + alpha * sum of squares of the channels within `radius`) ** beta.

    The shape (batch, height, width, channels) stays the same. Krizhevsky et al. 2012, section 3.3, and
    `tf.nn.local_response_normalization`; Caffe's alpha is `2 * radius + 1` times this one.

    Arguments:
        radius: the number of channels on either side.
    """

    def __init__(
        self, radius: int = 2, bias: float = 1.0, alpha: float = 2e-5, beta: float = 0.75, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.radius, self.bias, self.alpha, self.beta = radius, bias, alpha, beta

    def call(self, values: Tensor) -> Tensor:
        channels = values.shape[-1]
        squares = keras.ops.pad(keras.ops.square(values), [[0, 0]] * 3 + [[self.radius, self.radius]])
        neighbours = sum(squares[..., first : first + channels] for first in range(2 * self.radius + 1))
        return values / (self.bias + self.alpha * neighbours) ** self.beta

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        own = {"radius": self.radius, "bias": self.bias, "alpha": self.alpha, "beta": self.beta}
        return super().get_config() | own
