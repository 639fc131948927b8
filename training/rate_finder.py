"""The learning rate range test (Smith 2017, https://arxiv.org/abs/1506.01186): at which rate does the loss fall?"""

import math
from typing import NamedTuple

import keras
import numpy as np

from training.compiled import model_and_data_for_stage, open_model
from training.failures import translate_errors
from training.job import TrainingJob
from training.session import Session

FIRST, LAST, STEPS = 1e-7, 10.0, 100
"""Rates grow evenly on a logarithmic scale, one a batch."""

SMOOTHING = 0.9
"""The share of what was before in the moving average of the loss."""

HOPELESS = 4.0
"""The test ends when the loss is so many times the least."""


class RateCurve(NamedTuple):
    """Smoothed losses (batches,) by learning rates (batches,).

    `suggestion` is the rate at which the loss falls the steepest, None if it does not; `least` that of the least loss.
    """

    rates: np.ndarray
    losses: np.ndarray
    suggestion: float | None
    least: float


def find_rate(session: Session, job: TrainingJob) -> RateCurve:
    """Trains a copy of the model, as the run has it now, with ever larger rates."""
    strategy, model = open_model(session, job)
    number = session.schedule(session.progress.rows).stage
    stage = session.stages[min(number, len(session.stages) - 1)]
    test = _RangeTest()
    with strategy.scope(), translate_errors(session):
        learner, batches = model_and_data_for_stage(model, session, job, stage)
        learner.fit(batches.training(stage, 0), steps_per_epoch=STEPS, callbacks=[test], shuffle=False, verbose=0)
    return rate_curve(test.rates[: len(test.losses)], test.losses)


def rate_curve(rates: list[float], losses: list[float]) -> RateCurve:
    """From the loss of each batch."""
    smooth = smoothed(losses)
    low = int(np.argmin(smooth))
    slopes = np.gradient(smooth, np.log10(rates)) if len(rates) > 1 else np.zeros(1)
    steepest = int(np.argmin(slopes[: low + 1]))
    suggestion = rates[steepest] if slopes[steepest] < 0 else None
    return RateCurve(np.array(rates), smooth, suggestion, rates[low])


def smoothed(losses: list[float]) -> np.ndarray:
    """Moving average, not drawn towards zero at its beginning."""
    average, result = 0.0, []
    for count, loss in enumerate(losses, 1):
        average = SMOOTHING * average + (1 - SMOOTHING) * loss
        result.append(average / (1 - SMOOTHING**count))
    return np.array(result)


class _RangeTest(keras.callbacks.Callback):
    """Sets the rate of each batch and notes its loss; ends when that is hopeless."""

    def __init__(self):
        super().__init__()
        self.rates = np.geomspace(FIRST, LAST, STEPS).tolist()
        self.losses: list[float] = []

    def on_train_batch_begin(self, batch, logs=None):
        self.model.reset_metrics()  # Keras would give the mean of all batches so far
        self.model.optimizer.learning_rate = self.rates[batch]

    def on_train_batch_end(self, batch, logs=None):
        loss = float(logs["loss"])
        if math.isfinite(loss):
            self.losses.append(loss)
            now = smoothed(self.losses)
            self.model.stop_training = bool(now[-1] > HOPELESS * now.min())
        else:
            self.model.stop_training = True
