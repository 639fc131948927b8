"""Local response normalisation: a bright pixel's values are made smaller than a dark one's."""

import keras


@keras.saving.register_keras_serializable("scenelab")
class LocalResponseNormalisation(keras.layers.Layer):
    """Each value over (bias + alpha * the sum of squares of the channels no further than `radius`) ** beta.

    (batch, height, width, channels) as before. Krizhevsky et al. 2012, section 3.3, and
    `tf.nn.local_response_normalization`; Caffe's alpha is `2 * radius + 1` times this one.

    Arguments:
        radius: in channels, to either side.
    """

    def __init__(self, radius: int = 2, bias: float = 1.0, alpha: float = 2e-5, beta: float = 0.75, **kwargs):
        super().__init__(**kwargs)
        self.radius, self.bias, self.alpha, self.beta = radius, bias, alpha, beta

    def call(self, values):
        channels = values.shape[-1]
        squares = keras.ops.pad(keras.ops.square(values), [[0, 0]] * 3 + [[self.radius, self.radius]])
        around = sum(squares[..., first : first + channels] for first in range(2 * self.radius + 1))
        return values / (self.bias + self.alpha * around) ** self.beta

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        own = {"radius": self.radius, "bias": self.bias, "alpha": self.alpha, "beta": self.beta}
        return super().get_config() | own
