"""The models of a run that are exported: its only model, or the encoder and the decoder of an auto-encoder."""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from predictor.codes.autoencoder import Autoencoder
from predictor.engines.exportable import make_exportable
from predictor.model import best_model
from training.kinds import AUTOENCODER
from training.run_folder import RunFolder

if TYPE_CHECKING:
    import keras


class ModelPart(NamedTuple):
    """A Keras model to export, and the example on which the exported model is checked.

    Attributes:
        name: its folder in the export; empty: the export itself.
        inputs, expected: example inputs, and the outputs of the run's model for them.
        input_name, output_name: names in the export and in its README.
    """

    name: str
    model: "keras.Model"
    inputs: np.ndarray
    expected: np.ndarray
    input_name: str = "image"
    output_name: str = "logits"

    @property
    def title(self) -> str:
        return self.name or "model"


def model_parts(run: RunFolder, images: np.ndarray) -> list[ModelPart]:
    """The models of the run. `images` are examples, float32 (images, height, width, 3) of 0..255.

    Raises WorkError if the checkpoint is damaged.
    """
    if run.kind == AUTOENCODER:
        return _encoder_and_decoder(Autoencoder(run), images)
    model = best_model(run)
    return [ModelPart("", make_exportable(model), images, model(images, training=False).numpy())]


def _encoder_and_decoder(autoencoder: Autoencoder, images: np.ndarray) -> list[ModelPart]:
    """The encoder, from images to the means of codes, and the decoder, from codes to images of 0..255, gray or RGB."""
    import keras

    encoder_layer, decoder_layer = (autoencoder.model.get_layer(name) for name in ("encoder", "decoder"))
    encoder = keras.Model(encoder_layer.input, encoder_layer.output[0])
    pixels = keras.layers.Rescaling(255)(keras.layers.Activation("sigmoid")(decoder_layer.output))
    decoder = keras.Model(decoder_layer.input, pixels)
    codes = encoder(images, training=False).numpy()
    decoded = decoder(codes, training=False).numpy()
    return [
        ModelPart("encoder", encoder, images, codes, output_name="codes"),
        ModelPart("decoder", decoder, codes, decoded, input_name="code", output_name="images"),
    ]
