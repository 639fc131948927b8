"""What of a run is exported: its model or, of an auto-encoder, the two models that it is made of."""

from typing import NamedTuple

import numpy as np

from predictor.codes.autoencoder import Autoencoder
from predictor.engines.exportable import make_exportable
from predictor.model import best_model
from training.kinds import AUTOENCODER
from training.run_folder import RunFolder


class Part(NamedTuple):
    """A model of Keras, what it is tried with, and what it says of that in the run.

    Attributes:
        name: of its folder in the export; empty if it lies in the export itself.
        input: the name that its input is to have.
        output: what it gives, in a word.
    """

    name: str
    model: object
    given: np.ndarray
    expected: np.ndarray
    input: str = "image"
    output: str = "logits"

    @property
    def title(self) -> str:
        return self.name or "model"


def parts_of(run: RunFolder, images: np.ndarray) -> list[Part]:
    """`images` are float32 (pictures, height, width, 3) of 0..255. Raises WorkError if the checkpoint is damaged."""
    if run.kind is AUTOENCODER:
        return _halves(Autoencoder(run), images)
    model = best_model(run)
    return [Part("", make_exportable(model), images, model(images, training=False).numpy())]


def _halves(whole: Autoencoder, images: np.ndarray) -> list[Part]:
    """Pictures -> codes, the means, without chance; and codes -> pictures of 0..255, gray or RGB."""
    import keras

    whole_encoder, whole_decoder = whole.model.get_layer("encoder"), whole.model.get_layer("decoder")
    encoder = keras.Model(whole_encoder.input, whole_encoder.output[0])
    pictures = keras.layers.Rescaling(255)(keras.layers.Activation("sigmoid")(whole_decoder.output))
    decoder = keras.Model(whole_decoder.input, pictures)
    codes = encoder(images, training=False).numpy()
    drawn = decoder(codes, training=False).numpy()
    return [
        Part("encoder", encoder, images, codes, output="codes"),
        Part("decoder", decoder, codes, drawn, input="code", output="pictures"),
    ]
