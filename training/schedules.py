"""Learning rates over a run. A schedule is rebuilt from the rows of history, so it needs no file of its own."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


class Schedule(Protocol):
    """What decides on the learning rate, and on the end."""

    stage: int
    ended: bool

    def learning_rate(self, step: int) -> float:
        """For the batch of that number, counted over the whole run from 0."""

    def observe(self, val_accuracy: float, stage: int) -> None:
        """Takes note of an epoch that was trained in `stage`."""


@dataclass
class Stages:
    """S0's way: a learning rate until validation no longer improves, then the next from the best weights so far.

    A stage ends when validation accuracy has not exceeded the best by more than `min_delta` for `patience` epochs.
    """

    learning_rates: Sequence[float]
    patience: float
    min_delta: float = 0.0
    stage: int = 0
    best: float = -math.inf
    waited: int = 0

    @property
    def ended(self) -> bool:
        return self.stage >= len(self.learning_rates)

    def learning_rate(self, step: int) -> float:
        return self.learning_rates[min(self.stage, len(self.learning_rates) - 1)]

    def observe(self, val_accuracy: float, stage: int) -> None:
        if stage != self.stage:  # patience or the rates were changed between two sessions: what was done counts
            self.stage, self.waited = stage, 0
        if val_accuracy > self.best + self.min_delta:
            self.best, self.waited = val_accuracy, 0
        else:
            self.waited += 1
        if self.waited >= self.patience:
            self.stage, self.waited = self.stage + 1, 0


@dataclass
class Cosine:
    """From `peak` down to zero over `total_steps` batches, along half a cosine (Loshchilov & Hutter 2017)."""

    peak: float
    total_steps: int
    stage: int = 0
    ended: bool = False

    def learning_rate(self, step: int) -> float:
        return self.peak / 2 * (1 + math.cos(math.pi * min(step / self.total_steps, 1)))

    def observe(self, val_accuracy: float, stage: int) -> None:
        pass


def make_schedule(settings, steps_per_epoch: int, rows: Sequence[dict[str, float]]) -> Schedule:
    """The schedule of the settings, as it stands after the epochs in `rows`."""
    rates = settings.learning_rates
    schedule: Schedule
    if settings.schedule == "stages":
        schedule = Stages(rates, settings.patience, settings.min_delta)
    elif settings.schedule == "constant":
        schedule = Stages(rates[:1], math.inf)
    else:
        schedule = Cosine(rates[0], settings.epochs * steps_per_epoch)
    for row in rows:
        schedule.observe(row["val_accuracy"], int(row["stage"]))
    return schedule
