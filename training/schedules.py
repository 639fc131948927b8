"""Schedules of the learning rate. A schedule is rebuilt from the rows of history, so it needs no file of its own."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from training.checkpoint_file import Row

RISE = 0.25
"""Share of a cycle in which its rate rises."""

START_SHARE, END_SHARE = 1 / 25, 1e-5
"""The rate at the start and at the end of a cycle, as shares of the largest."""

MAX_MOMENTUM, MIN_MOMENTUM = 0.95, 0.85


class Schedule(Protocol):
    """Decides on the learning rate and on the end of each stage.

    Times are in epochs of the complete run: 2.5 is the middle of the third epoch.
    """

    stage: int

    @property
    def ended(self) -> bool: ...

    def learning_rate(self, time: float) -> float: ...

    def momentum(self, time: float) -> float | None:
        """The momentum; None if the schedule does not change it."""

    def observe(self, row: Row) -> None:
        """Updates the schedule after an epoch."""


@dataclass
class PlateauStages:
    """The schedule of S0: each learning rate until validation stops improving, then the next from the best weights.

    A stage ends when the score has not exceeded the best score by more than `min_delta` for `patience` epochs.
    """

    learning_rates: Sequence[float]
    patience: int
    score: Callable[[Row], float]
    min_delta: float = 0.0
    stage: int = 0
    best: float = -math.inf
    waited: int = 0

    @property
    def ended(self) -> bool:
        return self.stage >= len(self.learning_rates)

    def learning_rate(self, time: float) -> float:
        return self.learning_rates[min(self.stage, len(self.learning_rates) - 1)]

    def momentum(self, time: float) -> None:
        return None

    def observe(self, row: Row) -> None:
        if row["stage"] != self.stage:  # settings changed between two sessions; the stages that were trained count
            self.stage, self.waited = int(row["stage"]), 0
        if self.score(row) > self.best + self.min_delta:
            self.best, self.waited = self.score(row), 0
        else:
            self.waited += 1
        if self.waited >= self.patience:
            self.stage, self.waited = self.stage + 1, 0


class Curve(NamedTuple):
    """Learning rate, as a share of the largest, and momentum by the share 0..1 of the stage that is done."""

    rate: Callable[[float], float]
    momentum: Callable[[float], float] | None = None


@dataclass
class CurveSchedule:
    """Stages of equal numbers of epochs; the learning rate of each follows the same curve."""

    learning_rates: Sequence[float]
    epochs: int
    curve: Curve
    stage: int = 0
    ended: bool = False

    def learning_rate(self, time: float) -> float:
        return self.learning_rates[self.stage] * self.curve.rate(self._share_done(time))

    def momentum(self, time: float) -> float | None:
        return self.curve.momentum and self.curve.momentum(self._share_done(time))

    def observe(self, row: Row) -> None:
        last = len(self.learning_rates) - 1
        by_time = sum(row["epoch"] >= self._start(stage) for stage in range(1, last + 1))
        self.stage = min(max(by_time, int(row["stage"])), last)

    def _share_done(self, time: float) -> float:
        start, end = self._start(self.stage), self._start(self.stage + 1)
        return min((time - start) / (end - start), 1.0)

    def _start(self, stage: int) -> int:
        """The number of epochs before this stage."""
        return self.epochs * stage // len(self.learning_rates)


def cosine_between(first: float, last: float, share: float) -> float:
    """A value between `first` and `last` on half a cosine, which is flat at both ends."""
    return last + (first - last) / 2 * (1 + math.cos(math.pi * share))


def one_cycle_rate(share: float) -> float:
    """Rises from 1/25 to 1 in the first quarter, then falls to 1/100000."""
    if share < RISE:
        return cosine_between(START_SHARE, 1.0, share / RISE)
    return cosine_between(1.0, END_SHARE, (share - RISE) / (1 - RISE))


def one_cycle_momentum(share: float) -> float:
    """Falls while the rate rises, and rises while the rate falls."""
    if share < RISE:
        return cosine_between(MAX_MOMENTUM, MIN_MOMENTUM, share / RISE)
    return cosine_between(MIN_MOMENTUM, MAX_MOMENTUM, (share - RISE) / (1 - RISE))


CURVES = {
    "constant": Curve(lambda share: 1.0),
    # half a cosine (Loshchilov & Hutter 2017, https://arxiv.org/abs/1608.03983)
    "cosine": Curve(lambda share: cosine_between(1.0, 0.0, share)),
    # the one-cycle policy (Smith 2018, https://arxiv.org/abs/1803.09820) with the curves of fastai, which S1 used
    "one-cycle": Curve(one_cycle_rate, one_cycle_momentum),
}


def make_schedule(
    name: str,
    learning_rates: Sequence[float],
    rows: Sequence[Row],
    *,
    epochs: int,
    patience: int,
    min_delta: float,
    score: Callable[[Row], float],
) -> Schedule:
    """The schedule `name`, in its state after the epochs in `rows`.

    Arguments:
        learning_rates: the rate of each stage.
        epochs: used by all schedules but `stages`.
        patience, min_delta, score: used by the schedule `stages` only.
    """
    schedule: Schedule
    if name == "stages":
        schedule = PlateauStages(learning_rates, patience, score, min_delta)
    else:
        schedule = CurveSchedule(learning_rates, epochs, CURVES[name])
    for row in rows:
        schedule.observe(row)
    return schedule
