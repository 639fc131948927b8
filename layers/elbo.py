"""What a variational auto-encoder makes small: the negative evidence lower bound (ELBO) of its pictures.

Kingma & Welling 2013, https://arxiv.org/abs/1312.6114; with `beta`, Higgins et al. 2017.
"""

from collections.abc import Sequence
from typing import NamedTuple

import keras

from layers.pixel_values import pixel_values


def cross_entropy(values, logits):
    """Of each pixel as a share of black and white, in nats; `values` are 0..1."""
    return keras.ops.softplus(logits) - values * logits


def squared_error(values, logits):
    return keras.ops.square(values - keras.ops.sigmoid(logits))


RECONSTRUCTION = {"ce": cross_entropy, "mse": squared_error}


def kl_divergence(mean, log_variance):
    """Of the normal distributions (batch, latent) from the standard one, in nats, (batch,). Appendix B of the paper."""
    return -0.5 * keras.ops.sum(1 + log_variance - keras.ops.square(mean) - keras.ops.exp(log_variance), axis=-1)


class Terms(NamedTuple):
    """Of each picture, (batch,) float32: what its reconstruction and its code cost, and the squared error of a pixel.

    The last is the mean over the picture's values of 0..1, and so the same measure whatever the loss is.
    """

    reconstruction: object
    kl: object
    mse: object


@keras.saving.register_keras_serializable("scenelab")
class Elbo(keras.layers.Layer):
    """Gives logits back as they are, and adds the mean of reconstruction + beta * KL to the losses of the model.

    `reconstruction`, `kl` and `mse` are metrics of the model. Both parts of the loss are summed over a picture (its
    pixels and channels; its latents), as the bound has it: a mean over pixels would be another beta for each size.

    Arguments:
        terms: what the reconstruction is measured by, `ce`, `mse` or both, which are added.
        beta: what the KL divergence counts.
    """

    def __init__(self, terms: Sequence[str] = ("ce",), beta: float = 1.0, **kwargs):
        super().__init__(**kwargs)
        if not terms or not set(terms) <= RECONSTRUCTION.keys():
            raise ValueError(f"terms are one or more of {', '.join(RECONSTRUCTION)}. Received: terms={terms}")
        self.terms, self.beta = list(terms), float(beta)
        self.trackers = [keras.metrics.Mean(name=name) for name in Terms._fields]

    def call(self, images, logits, mean, log_variance):
        found = self.terms_of(images, logits, mean, log_variance)
        for tracker, of_pictures in zip(self.trackers, found, strict=True):
            tracker.update_state(of_pictures)
        self.add_loss(keras.ops.mean(self.cost(found)))
        return logits

    def terms_of(self, images, logits, mean, log_variance) -> Terms:
        """RGB (batch, height, width, 3) of 0..255 and what the decoder makes of their codes."""
        logits = keras.ops.cast(logits, "float32")
        values = pixel_values(images, logits.shape[-1])
        costs = sum(RECONSTRUCTION[term](values, logits) for term in self.terms)
        return Terms(
            keras.ops.sum(costs, axis=(1, 2, 3)),
            kl_divergence(mean, log_variance),
            keras.ops.mean(squared_error(values, logits), axis=(1, 2, 3)),
        )

    def cost(self, terms: Terms):
        """What is made small, (batch,)."""
        return terms.reconstruction + self.beta * terms.kl

    def compute_output_shape(self, images_shape, logits_shape, mean_shape, log_variance_shape):
        return logits_shape

    def get_config(self):
        return super().get_config() | {"terms": self.terms, "beta": self.beta}
