"""TensorFlow: predicts with the Keras model as it is, on any device."""

from typing import TYPE_CHECKING

from predictor.engines.runner import ModelRequest, Runner, to_probabilities
from training.run_folder import RunFolder

if TYPE_CHECKING:
    import numpy as np
    import tensorflow as tf

TITLE = "TensorFlow"
PRECISIONS = ("f32",)


def is_preferred() -> bool:
    return True


def check(run: RunFolder, precision: str) -> None:
    """Nothing can be missing."""


def make_runner(request: ModelRequest) -> Runner:
    """See `runner.Engine`."""
    import tensorflow as tf

    activation = to_probabilities(request.run)
    model = request.load()  # not while a function is traced: the model would never get its weights

    def predict(images: "np.ndarray | tf.Tensor") -> tf.Tensor:
        return activation(model(tf.cast(images, tf.float32), training=False))

    signature = [tf.TensorSpec((None, *(request.size or (None, None)), 3), tf.uint8)]
    return Runner(tf.function(request.wrap(predict), signature, autograph=False), request.batch_size)
