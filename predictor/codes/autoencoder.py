"""A trained auto-encoder: pictures to codes, codes to pictures, and what a picture costs it."""

from functools import cached_property
from typing import NamedTuple

import numpy as np

from settings import WorkError
from training.run_folder import RunFolder


class Encoded(NamedTuple):
    """Of each picture of a batch, float32.

    Attributes:
        mean, log_variance: of its code, (batch, latent).
        reconstructed: RGB (batch, height, width, 3) of 0..255, what the decoder makes of the mean.
        reconstruction, kl: (batch,), the two parts of the loss at the mean.
        anomaly: (batch,), the loss itself, reconstruction + beta * KL: the negative evidence lower bound.
    """

    mean: np.ndarray
    log_variance: np.ndarray
    reconstructed: np.ndarray
    reconstruction: np.ndarray
    kl: np.ndarray
    anomaly: np.ndarray


class Autoencoder:
    """The best model of a run; loaded when it is first used."""

    def __init__(self, run: RunFolder):
        self.run = run
        self.size = run.image_size()
        self.latent_size = run.config()["settings"]["latent_size"]

    def encode(self, pictures: np.ndarray) -> Encoded:
        """RGB uint8 (batch, height, width, 3). Nothing is random: codes are the means."""
        return Encoded(*(values.numpy() for values in self._encode(pictures)))

    def decode(self, codes: np.ndarray) -> np.ndarray:
        """(batch, latent) -> RGB float32 (batch, height, width, 3) of 0..255."""
        return self._decode(codes.astype(np.float32)).numpy()

    @cached_property
    def model(self):
        """That of Keras. Raises WorkError if the checkpoint is damaged, or is none of an auto-encoder."""
        from layers.saved import load_saved_model

        model = load_saved_model(self.run.best)
        found = {layer.name for layer in model.layers}
        if (
            not {"encoder", "decoder", "elbo"} <= found
            or model.get_layer("encoder").output[0].shape[1] != self.latent_size
        ):
            raise WorkError(f"{self.run.best} is no auto-encoder with codes of {self.latent_size} numbers")
        return model

    @cached_property
    def _encode(self):
        import tensorflow as tf

        encoder, decoder, elbo = (self.model.get_layer(name) for name in ("encoder", "decoder", "elbo"))

        def encode(pictures: tf.Tensor) -> Encoded:
            images = tf.cast(pictures, tf.float32)
            mean, log_variance = encoder(images, training=False)
            logits = decoder(mean, training=False)
            terms = elbo.terms_of(images, logits, mean, log_variance)
            return Encoded(mean, log_variance, _pictures(logits), terms.reconstruction, terms.kl, elbo.cost(terms))

        return tf.function(encode, [tf.TensorSpec((None, *self.size, 3), tf.uint8)], autograph=False)

    @cached_property
    def _decode(self):
        import tensorflow as tf

        decoder = self.model.get_layer("decoder")
        return tf.function(
            lambda codes: _pictures(decoder(codes, training=False)),
            [tf.TensorSpec((None, self.latent_size), tf.float32)],
        )


def _pictures(logits):
    """RGB of 0..255, also of a model that draws gray."""
    import tensorflow as tf

    return tf.broadcast_to(255 * tf.sigmoid(logits), (*tf.unstack(tf.shape(logits)[:3]), 3))
