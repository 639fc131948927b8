"""The best model of a run, ready to compute."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from predictor.engines.choice import other_engine
from predictor.engines.runner import Runner
from settings import WorkError
from training.run_folder import RunFolder


def load_runner(
    run: RunFolder,
    engine: str,
    precision: str,
    size: tuple[int, int] | None,
    wrap: Callable[[Callable], Callable] = lambda model: model,
) -> Runner:
    """The run's best model, which answers to pictures uint8 of `size` (height, width) or, if that is None, of any.

    `wrap` makes more of it: it is given such a model, of which pictures may be float32 too, and gives another.
    Raises WorkError as `trained_model` does.
    """
    import tensorflow as tf

    if other := other_engine(run, engine, precision, size, partial(best_model, run)):
        return replace(other, answer=wrap(other.answer))
    shape = (None, *(size or (None, None)), 3)
    return Runner(tf.function(wrap(trained_model(run)), [tf.TensorSpec(shape, tf.uint8)], autograph=False))


def trained_model(run: RunFolder) -> Callable:
    """The run's best model, loaded: pictures uint8 -> probabilities, the softmax of its logits.

    To be called outside of graphs: what is loaded while a function is traced never gets its weights. Raises WorkError
    as `best_model` does.
    """
    import tensorflow as tf

    model = best_model(run)
    return lambda images: tf.nn.softmax(model(tf.cast(images, tf.float32), training=False))


def best_model(run: RunFolder):
    """Of Keras: pictures -> logits. Raises WorkError if it is damaged or knows other classes than the run."""
    from layers.saved import load_saved_model

    model, classes = load_saved_model(run.best), len(run.classes())
    if model.output_shape[-1] != classes:
        raise WorkError(f"{run.best} knows {model.output_shape[-1]} classes, {run.path}/classes.csv {classes}")
    return model


def check_trained(run: RunFolder) -> None:
    """Raises WorkError if there is no checkpoint to predict with."""
    if not run.best.exists():
        raise WorkError(f"{run.path} has no {run.best.name} yet: its first epoch is not finished. Train it first.")
