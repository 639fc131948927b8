"""The best model of a run, ready to predict."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from predictor.engines.choice import openvino_runner
from predictor.engines.runner import Predict, Runner
from settings import WorkError
from training.run_folder import RunFolder

if TYPE_CHECKING:
    import keras

DEFAULT_BATCH_SIZE = 32
"""Images per batch where no setting says otherwise."""


def load_runner(
    run: RunFolder,
    engine: str,
    precision: str,
    size: tuple[int, int] | None,
    wrap: Callable[[Predict], Predict] = lambda predict: predict,
    batch_size: int = DEFAULT_BATCH_SIZE,
) -> Runner:
    """Loads the run's best model for uint8 images of `size` (height, width), or of any size if it is None.

    Arguments:
        engine, precision: as in PredictorConfig.
        wrap: returns a function that calls the model one or several times, for example on an image and its mirror
            image. It may call the model with float32 images.
        batch_size: images per batch, at most. It also holds for measuring the accuracy of an int8 model.

    Raises WorkError as `best_model` does.
    """
    import tensorflow as tf

    load = partial(best_model, run)
    if runner := openvino_runner(run, engine, precision, size, load, batch_size):
        return replace(runner, predict=wrap(runner.predict), batch_size=min(runner.batch_size, batch_size))
    signature = [tf.TensorSpec((None, *(size or (None, None)), 3), tf.uint8)]
    return Runner(tf.function(wrap(load_probabilities(run)), signature, autograph=False), batch_size)


def load_probabilities(run: RunFolder) -> Predict:
    """Loads the run's best model as a function from images to probabilities, the softmax of the logits.

    Call it outside of graphs: a model that is loaded while a function is traced never gets its weights. Raises
    WorkError as `best_model` does.
    """
    import tensorflow as tf

    model = best_model(run)
    return lambda images: tf.nn.softmax(model(tf.cast(images, tf.float32), training=False))


def best_model(run: RunFolder) -> "keras.Model":
    """Loads the run's best Keras model, from images to logits.

    Raises WorkError if it is damaged, or if its number of classes differs from the run's.
    """
    from layers.saved import load_saved_model

    model, classes = load_saved_model(run.best), len(run.classes())
    if model.output_shape[-1] != classes:
        raise WorkError(f"{run.best} has {model.output_shape[-1]} classes, but {run.path}/classes.csv has {classes}")
    return model


def check_trained(run: RunFolder) -> None:
    """Raises WorkError if the run has no checkpoint to predict with."""
    if not run.best.exists():
        raise WorkError(f"{run.path} has no {run.best.name} yet: its first epoch is not finished. Train it first.")
