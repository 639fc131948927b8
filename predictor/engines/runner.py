"""A loaded model, independent of the engine that computes it."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np

from training.run_folder import RunFolder

if TYPE_CHECKING:
    import keras
    import tensorflow as tf

LoadModel = Callable[[], "keras.Model"]
"""Loads the run's best Keras model. Raises WorkError if it is damaged."""

Predict = Callable[["np.ndarray | tf.Tensor"], "tf.Tensor"]
"""Takes images (batch, height, width, 3) of 0..255. Returns probabilities, with the classes on the last axis."""


@dataclass(frozen=True)
class Runner:
    """A model that is loaded into an engine.

    Attributes:
        predict: several threads may call it at the same time.
        batch_size: images per call, at most.
        parallel_calls: calls at the same time that keep the engine busy.
    """

    predict: Predict
    batch_size: int
    parallel_calls: int = 1


class ModelRequest(NamedTuple):
    """The model that an engine has to load, and how it will be called.

    Attributes:
        run: the run whose best model is loaded.
        precision: one of the engine's `PRECISIONS`.
        size: height and width of the uint8 images; None for images of any size.
        load: loads the Keras model.
        wrap: returns a function that calls the model one or several times, for example on an image and its mirror
            image. It may call the model with float32 images.
        batch_size: images per batch, at most.
    """

    run: RunFolder
    precision: str
    size: tuple[int, int] | None
    load: LoadModel
    wrap: Callable[[Predict], Predict]
    batch_size: int


def to_probabilities(run: RunFolder) -> "Callable[[tf.Tensor], tf.Tensor]":
    """The function from the logits of a run's model to probabilities, with the classes on the last axis."""
    import tensorflow as tf

    return {"softmax": tf.nn.softmax, "sigmoid": tf.sigmoid}[run.kind.activation]


class Engine(Protocol):
    """The names that the module of an engine has.

    Attributes:
        TITLE: its name in messages.
        PRECISIONS: the values of `--precision` that it can compute in.
    """

    TITLE: str
    PRECISIONS: Collection[str]

    def is_preferred(self) -> bool:
        """Whether `--engine auto` takes it on this machine."""

    def check(self, run: RunFolder, precision: str) -> None:
        """Raises SettingError if the precision is not available here, WorkError if a package is not installed."""

    def make_runner(self, request: ModelRequest) -> Runner:
        """Loads the model. Raises ConversionError if this engine cannot use it."""
