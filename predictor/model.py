"""The best model of a run, ready to predict."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from datatransformer.pictures.pixel_range import PixelRange
from predictor.engines.choice import make_runner
from predictor.engines.runner import ModelRequest, Predict, Runner
from settings import SettingError, WorkError, bad_setting
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
    return make_runner(engine, ModelRequest(run, precision, size, partial(best_model, run), wrap, batch_size))


def common_pixel_range(runs: Sequence[RunFolder]) -> PixelRange | None:
    """The range by which all runs scale pictures of more than 8 bits. Raises SettingError if the runs differ in it."""
    ranges = [run.pixel_range() for run in runs]
    if len(set(ranges)) > 1:
        said = ", ".join(f"{run.path.name} by {found or 'none'}" for run, found in zip(runs, ranges, strict=True))
        allowed = f"these runs scale pictures of more than 8 bits by different ranges ({said}); predict with each alone"
        raise SettingError(bad_setting("run", [run.path.name for run in runs], allowed))
    return ranges[0]


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
