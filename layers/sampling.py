"""The random step of a variational auto-encoder: it samples a code from a normal distribution."""

from typing import Any

import keras

from layers.tensor import Shape, Tensor


@keras.saving.register_keras_serializable("scenelab")
class Sampling(keras.layers.Layer):
    """Samples z = mean + exp(log_variance / 2) * noise; all are (batch, latent), the noise is standard normal.

    It samples in training and in inference, so that both measure the same loss. Decode the mean for a result without
    noise. Kingma & Welling 2013, section 2.4, https://arxiv.org/abs/1312.6114.

    Arguments:
        seed: the first seed of the noise of a new or loaded model.
    """

    def __init__(self, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.seed = seed
        self.noise = keras.random.SeedGenerator(seed)

    def call(self, mean: Tensor, log_variance: Tensor) -> Tensor:
        noise = keras.random.normal(keras.ops.shape(mean), dtype=mean.dtype, seed=self.noise)
        return mean + keras.ops.exp(log_variance / 2) * noise

    def compute_output_shape(self, mean_shape: Shape, log_variance_shape: Shape) -> Shape:
        return mean_shape

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"seed": self.seed}
