"""The loss of a variational auto-encoder: the negative evidence lower bound (ELBO) of its images.

Kingma & Welling 2013, https://arxiv.org/abs/1312.6114; with `beta`, Higgins et al. 2017.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import keras

from layers.pixel_values import pixel_values
from layers.tensor import Shape, Tensor


def cross_entropy(values: Tensor, logits: Tensor) -> Tensor:
    """Binary cross-entropy of each pixel, in nats; `values` are 0..1, as shares of black and white."""
    return keras.ops.softplus(logits) - values * logits


def squared_error(values: Tensor, logits: Tensor) -> Tensor:
    return keras.ops.square(values - keras.ops.sigmoid(logits))


RECONSTRUCTION = {"ce": cross_entropy, "mse": squared_error}


def kl_divergence(mean: Tensor, log_variance: Tensor) -> Tensor:
    """KL divergence of normal distributions (batch, latent) from the standard one, in nats, (batch,). Appendix B."""
    return -0.5 * keras.ops.sum(1 + log_variance - keras.ops.square(mean) - keras.ops.exp(log_variance), axis=-1)


class Terms(NamedTuple):
    """The terms of each image, (batch,) float32.

    Attributes:
        reconstruction: the loss of the reconstruction, summed over pixels and channels.
        kl: the KL divergence of the code.
        mse: the mean squared error of values of 0..1, a measure that does not depend on the loss.
    """

    reconstruction: Tensor
    kl: Tensor
    mse: Tensor


@keras.saving.register_keras_serializable("scenelab")
class Elbo(keras.layers.Layer):
    """Returns the logits unchanged, and adds the mean of reconstruction + beta * KL to the losses of the model.

    `reconstruction`, `kl` and `mse` are metrics of the model. Both terms are sums over an image (its pixels and
    channels; its latents), as in the bound: with a mean over pixels, beta would depend on the image size.

    Arguments:
        terms: the loss of the reconstruction: `ce`, `mse` or the sum of both.
        beta: the weight of the KL divergence.
    """

    def __init__(self, terms: Sequence[str] = ("ce",), beta: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not terms or not set(terms) <= RECONSTRUCTION.keys():
            raise ValueError(f"terms are one or more of {', '.join(RECONSTRUCTION)}. Received: terms={terms}")
        self.terms, self.beta = list(terms), float(beta)
        self.trackers = [keras.metrics.Mean(name=name) for name in Terms._fields]

    def call(self, images: Tensor, logits: Tensor, mean: Tensor, log_variance: Tensor) -> Tensor:
        terms = self.terms_of(images, logits, mean, log_variance)
        for tracker, values in zip(self.trackers, terms, strict=True):
            tracker.update_state(values)
        self.add_loss(keras.ops.mean(self.loss_of(terms)))
        return logits

    def terms_of(self, images: Tensor, logits: Tensor, mean: Tensor, log_variance: Tensor) -> Terms:
        """The terms of RGB images (batch, height, width, 3) of 0..255 and the decoder's logits for their codes."""
        logits = keras.ops.cast(logits, "float32")
        values = pixel_values(images, logits.shape[-1])
        losses = sum(RECONSTRUCTION[term](values, logits) for term in self.terms)
        return Terms(
            keras.ops.sum(losses, axis=(1, 2, 3)),
            kl_divergence(mean, log_variance),
            keras.ops.mean(squared_error(values, logits), axis=(1, 2, 3)),
        )

    def loss_of(self, terms: Terms) -> Tensor:
        """The loss of each image, (batch,)."""
        return terms.reconstruction + self.beta * terms.kl

    def compute_output_shape(
        self, images_shape: Shape, logits_shape: Shape, mean_shape: Shape, log_variance_shape: Shape
    ) -> Shape:
        return logits_shape

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"terms": self.terms, "beta": self.beta}
