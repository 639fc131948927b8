"""Learning rates over a run. A schedule is rebuilt from the rows of history, so it needs no file of its own."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from training.run_folder import Row

RISE = 0.25
"""Share of a cycle in which its rate rises."""

FIRST_RATE, LAST_RATE = 1 / 25, 1e-5
"""Of the largest, at both ends of a cycle."""

MOST_MOMENTUM, LEAST_MOMENTUM = 0.95, 0.85


class Schedule(Protocol):
    """What decides on the learning rate, and on the end.

    A time is counted in epochs over the whole run: 2.5 is in the middle of the third.
    """

    stage: int
    ended: bool

    def learning_rate(self, time: float) -> float: ...

    def momentum(self, time: float) -> float | None:
        """None if it stays as the optimizer has it."""

    def observe(self, row: Row) -> None:
        """Takes note of an epoch."""


@dataclass
class Stages:
    """S0's way: a learning rate until validation no longer improves, then the next from the best weights so far.

    A stage ends when the score has not exceeded the best by more than `min_delta` for `patience` epochs.
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
        if row["stage"] != self.stage:  # patience or the rates were changed between two sessions: what was done counts
            self.stage, self.waited = int(row["stage"]), 0
        if self.score(row) > self.best + self.min_delta:
            self.best, self.waited = self.score(row), 0
        else:
            self.waited += 1
        if self.waited >= self.patience:
            self.stage, self.waited = self.stage + 1, 0


class Curve(NamedTuple):
    """Share of the largest learning rate, and momentum, at 0..1 of a stage."""

    rate: Callable[[float], float]
    momentum: Callable[[float], float] | None = None


@dataclass
class CurveSchedule:
    """Each stage has an even share of the epochs and one curve."""

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
        by_time = sum(row["epoch"] >= self._begin(stage) for stage in range(1, last + 1))
        self.stage = min(max(by_time, int(row["stage"])), last)

    def _share_done(self, time: float) -> float:
        begin, end = self._begin(self.stage), self._begin(self.stage + 1)
        return min((time - begin) / (end - begin), 1.0)

    def _begin(self, stage: int) -> int:
        """Epochs that are done by then."""
        return self.epochs * stage // len(self.learning_rates)


def between(first: float, last: float, share: float) -> float:
    """Along half a cosine, flat at both ends."""
    return last + (first - last) / 2 * (1 + math.cos(math.pi * share))


def one_cycle_rate(share: float) -> float:
    """Up from a 25th in the first quarter, then down to a hundred thousandth."""
    if share < RISE:
        return between(FIRST_RATE, 1.0, share / RISE)
    return between(1.0, LAST_RATE, (share - RISE) / (1 - RISE))


def one_cycle_momentum(share: float) -> float:
    """Low where the rate is high."""
    if share < RISE:
        return between(MOST_MOMENTUM, LEAST_MOMENTUM, share / RISE)
    return between(LEAST_MOMENTUM, MOST_MOMENTUM, (share - RISE) / (1 - RISE))


CURVES = {
    "constant": Curve(lambda share: 1.0),
    # half a cosine (Loshchilov & Hutter 2017, https://arxiv.org/abs/1608.03983)
    "cosine": Curve(lambda share: between(1.0, 0.0, share)),
    # the one-cycle policy (Smith 2018, https://arxiv.org/abs/1803.09820) in the shape that fastai gave it, as S1 had it
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
    """The schedule `name`, as it stands after the epochs in `rows`.

    `learning_rates` has one for each stage. `patience`, `min_delta` and `score` are those of `Stages`, `epochs` that of
    `CurveSchedule`.
    """
    schedule: Schedule
    if name == "stages":
        schedule = Stages(learning_rates, patience, score, min_delta)
    else:
        schedule = CurveSchedule(learning_rates, epochs, CURVES[name])
    for row in rows:
        schedule.observe(row)
    return schedule
