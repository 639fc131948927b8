"""The learning rate range test (Smith 2017, https://arxiv.org/abs/1506.01186): at which rate does the loss fall?"""

import math
import sys
from typing import NamedTuple

import keras
import numpy as np

from training.callbacks import Logs
from training.compiled import build_or_load_model, compile_model, model_and_data_for_stage
from training.failures import translate_errors
from training.fit import watch_data_service
from training.freezing import freeze
from training.job import TrainingJob
from training.session import Session

LOWEST_RATE, HIGHEST_RATE, STEPS = 1e-7, 10.0, 100
"""The rate grows from batch to batch, evenly on a logarithmic scale."""

SMOOTHING = 0.9
"""The share of the previous value in the moving average of the loss."""

DIVERGED = 4.0
"""The test ends when the loss is this many times the lowest."""


class RateCurve(NamedTuple):
    """Smoothed losses (batches,) by learning rate (batches,).

    Attributes:
        suggestion: the rate at which the loss falls fastest; None if it never falls.
    """

    rates: np.ndarray
    losses: np.ndarray
    suggestion: float | None
    rate_of_lowest_loss: float


def find_rate(session: Session, job: TrainingJob) -> RateCurve:
    """Trains a copy of the model, new or from the run's checkpoint, with increasing learning rates."""
    strategy, model = build_or_load_model(session, job)
    number = session.schedule(session.progress.rows).stage
    stage = session.stages[min(number, len(session.stages) - 1)]
    test = _RangeTest()
    shown = session.settings.verbose == "bar" and session.cluster.is_chief and sys.stdout.isatty()
    with strategy.scope(), translate_errors(session), watch_data_service(session):
        if session.supervised and session.supervised.unfreeze_schedule and freeze(model, stage.frozen):
            compile_model(model, session, job.objective)
        trained, datasets = model_and_data_for_stage(model, session, job, stage)
        batches = datasets.training(stage, 0)
        trained.fit(batches, steps_per_epoch=STEPS, callbacks=[test], shuffle=False, verbose=int(shown))
    return rate_curve(test.rates[: len(test.losses)], test.losses)


def rate_curve(rates: list[float], losses: list[float]) -> RateCurve:
    """The curve of the loss of each batch."""
    smooth = smoothed(losses)
    low = int(np.argmin(smooth))
    slopes = np.gradient(smooth, np.log10(rates)) if len(rates) > 1 else np.zeros(1)
    steepest = int(np.argmin(slopes[: low + 1]))
    suggestion = rates[steepest] if slopes[steepest] < 0 else None
    return RateCurve(np.array(rates), smooth, suggestion, rates[low])


def smoothed(losses: list[float]) -> np.ndarray:
    """The moving average, corrected for its start at zero."""
    average, result = 0.0, []
    for count, loss in enumerate(losses, 1):
        average = SMOOTHING * average + (1 - SMOOTHING) * loss
        result.append(average / (1 - SMOOTHING**count))
    return np.array(result)


class _RangeTest(keras.callbacks.Callback):
    """Sets the learning rate of each batch and records its loss. Stops when the loss diverges."""

    def __init__(self) -> None:
        super().__init__()
        self.rates = np.geomspace(LOWEST_RATE, HIGHEST_RATE, STEPS).tolist()
        self.losses: list[float] = []

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        self.model.reset_metrics()  # otherwise Keras reports the mean of all batches so far
        self.model.optimizer.learning_rate = self.rates[batch]

    def on_train_batch_end(self, batch: int, logs: Logs) -> None:
        loss = float(logs["loss"])
        if math.isfinite(loss):
            self.losses.append(loss)
            smooth = smoothed(self.losses)
            self.model.stop_training = bool(smooth[-1] > DIVERGED * smooth.min())
        else:
            self.model.stop_training = True
