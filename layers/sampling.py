"""The step of a variational auto-encoder that is random: from a distribution to a point of it."""

import keras


@keras.saving.register_keras_serializable("scenelab")
class Sampling(keras.layers.Layer):
    """Draws z = mean + exp(log_variance / 2) * noise; all are (batch, latent), the noise has a normal distribution.

    It draws always, in training or not: what is measured of the model is then measured of the same thing. Who wants no
    noise decodes the mean. Kingma & Welling 2013, section 2.4, https://arxiv.org/abs/1312.6114.

    Arguments:
        seed: of the noise that a loaded or new model begins with.
    """

    def __init__(self, seed: int | None = None, **kwargs):
        super().__init__(**kwargs)
        self.seed = seed
        self.noise = keras.random.SeedGenerator(seed)

    def call(self, mean, log_variance):
        noise = keras.random.normal(keras.ops.shape(mean), dtype=mean.dtype, seed=self.noise)
        return mean + keras.ops.exp(log_variance / 2) * noise

    def compute_output_shape(self, mean_shape, log_variance_shape):
        return mean_shape

    def get_config(self):
        return super().get_config() | {"seed": self.seed}
