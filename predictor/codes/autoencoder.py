"""A trained auto-encoder: encodes images, decodes codes, and computes the loss of each image."""

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from settings import WorkError
from training.run_folder import RunFolder

if TYPE_CHECKING:
    import keras
    import tensorflow as tf


class EncodedBatch(NamedTuple):
    """The codes and losses of a batch of images, float32.

    Attributes:
        mean, log_variance: of the code, (batch, latent).
        reconstructed: RGB (batch, height, width, 3) of 0..255, decoded from the mean.
        reconstruction, kl: the two terms of the loss at the mean, (batch,).
        anomaly: the loss, reconstruction + beta * KL, (batch,): the negative evidence lower bound.
    """

    mean: np.ndarray
    log_variance: np.ndarray
    reconstructed: np.ndarray
    reconstruction: np.ndarray
    kl: np.ndarray
    anomaly: np.ndarray


class Autoencoder:
    """The best model of a run. It is loaded when it is first used."""

    def __init__(self, run: RunFolder):
        self.run = run
        self.size = run.image_size()
        self.latent_size: int = run.config()["settings"]["latent_size"]

    def encode(self, images: np.ndarray) -> EncodedBatch:
        """Encodes RGB uint8 (batch, height, width, 3). Nothing is random: the codes are the means."""
        return EncodedBatch(*(values.numpy() for values in self._encode(images)))

    def decode(self, codes: np.ndarray) -> np.ndarray:
        """(batch, latent) -> RGB float32 (batch, height, width, 3) of 0..255."""
        return self._decode(codes.astype(np.float32)).numpy()

    @cached_property
    def model(self) -> "keras.Model":
        """The Keras model. Raises WorkError if the checkpoint is damaged or not an auto-encoder."""
        from layers.saved import load_saved_model

        model = load_saved_model(self.run.best)
        names = {layer.name for layer in model.layers}
        if (
            not {"encoder", "decoder", "elbo"} <= names
            or model.get_layer("encoder").output[0].shape[1] != self.latent_size
        ):
            raise WorkError(f"{self.run.best} is not an auto-encoder with codes of {self.latent_size} numbers")
        return model

    @cached_property
    def _encode(self) -> "Callable[[np.ndarray], tuple[tf.Tensor, ...]]":
        import tensorflow as tf

        encoder, decoder, elbo = (self.model.get_layer(name) for name in ("encoder", "decoder", "elbo"))

        def encode(images: tf.Tensor) -> tuple[tf.Tensor, ...]:
            images = tf.cast(images, tf.float32)
            mean, log_variance = encoder(images, training=False)
            logits = decoder(mean, training=False)
            terms = elbo.terms_of(images, logits, mean, log_variance)
            return mean, log_variance, _to_rgb(logits), terms.reconstruction, terms.kl, elbo.loss_of(terms)

        return tf.function(encode, [tf.TensorSpec((None, *self.size, 3), tf.uint8)], autograph=False)

    @cached_property
    def _decode(self) -> "Callable[[np.ndarray], tf.Tensor]":
        import tensorflow as tf

        decoder = self.model.get_layer("decoder")
        return tf.function(
            lambda codes: _to_rgb(decoder(codes, training=False)),
            [tf.TensorSpec((None, self.latent_size), tf.float32)],
        )


def _to_rgb(logits: "tf.Tensor") -> "tf.Tensor":
    """Logits (batch, height, width, 1 or 3) -> RGB (batch, height, width, 3) of 0..255."""
    import tensorflow as tf

    return tf.broadcast_to(255 * tf.sigmoid(logits), (*tf.unstack(tf.shape(logits)[:3]), 3))
