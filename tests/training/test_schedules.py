"""Learning rates over epochs, and schedules that are rebuilt from history."""

import math
from collections.abc import Sequence

import pytest

from training.kinds import AUTOENCODER
from training.schedules import CurveSchedule, PlateauStages, Schedule, make_schedule

RATES = (1e-3, 1e-4, 1e-5)


def score(row: dict[str, float]) -> float:
    return row["val_accuracy"]


def make(name: str, *rates: float, rows: Sequence[dict] = (), epochs: int = 10, patience: int = 2) -> Schedule:
    return make_schedule(name, rates, rows, epochs=epochs, patience=patience, min_delta=0.01, score=score)


def simulate(schedule: Schedule, accuracies: Sequence[float], epoch: int = 0) -> list[dict[str, float]]:
    """The rows of history of a run with these accuracies, until the schedule ends."""
    rows = []
    for number, accuracy in enumerate(accuracies, epoch + 1):
        if schedule.ended:
            break
        rows.append({"epoch": number, "stage": schedule.stage, "val_accuracy": accuracy, "val_loss": 1.0})
        schedule.observe(rows[-1])
    return rows


def test_a_stage_ends_when_accuracy_has_not_improved_for_patience_epochs():
    rows = simulate(PlateauStages(RATES, 2, score, 0.01), [0.5, 0.6, 0.605, 0.609, 0.7, 0.7, 0.7, 0.7, 0.9])
    assert [row["stage"] for row in rows] == [0, 0, 0, 0, 1, 1, 1, 2, 2]


def test_improvement_is_measured_against_the_best_of_all_stages():
    rows = simulate(PlateauStages(RATES, 1, score), [0.8, 0.5, 0.7, 0.79, 0.81])
    assert [row["stage"] for row in rows] == [0, 0, 1, 2], "0.7 does not exceed 0.8"


def test_an_auto_encoder_is_scored_by_its_loss():
    schedule = PlateauStages(RATES, 1, AUTOENCODER.score)
    for epoch, loss in enumerate((5.0, 4.0, 4.5, 3.0), 1):
        schedule.observe({"epoch": epoch, "stage": schedule.stage, "val_loss": loss})
    assert schedule.stage == 1 and schedule.best == -3.0


@pytest.mark.parametrize("cut", range(8))
def test_it_is_rebuilt_from_history_after_any_epoch(cut):
    accuracies = [0.5, 0.6, 0.605, 0.609, 0.7, 0.7, 0.7, 0.7]
    uninterrupted = PlateauStages(RATES, 2, score, 0.01)
    rows = simulate(uninterrupted, accuracies)
    resumed = make("stages", *RATES, rows=rows[:cut])
    assert rows[:cut] + simulate(resumed, accuracies[cut:], cut) == rows
    assert resumed == uninterrupted


def test_another_patience_does_not_undo_a_stage():
    rows = simulate(PlateauStages(RATES, 2, score, 0.01), [0.5, 0.5, 0.5])
    rows.append({"epoch": 4, "stage": 1, "val_accuracy": 0.6, "val_loss": 1.0})
    schedule = make("stages", *RATES, rows=rows, patience=50)
    assert schedule.stage == 1 and schedule.learning_rate(0) == 1e-4


def test_constant_never_ends():
    schedule = make("constant", 1e-3)
    simulate(schedule, [0.1] * 100)
    assert not schedule.ended and schedule.learning_rate(100.5) == 1e-3 and schedule.momentum(3.0) is None


def test_cosine():
    schedule = make("cosine", 1e-3)
    assert isinstance(schedule, CurveSchedule)
    assert [schedule.learning_rate(time) for time in (0, 5, 10, 12)] == pytest.approx([1e-3, 5e-4, 0, 0], abs=1e-12)
    assert schedule.learning_rate(2) == pytest.approx(1e-3 * (1 + math.cos(math.pi / 5)) / 2)


def test_one_cycle_equals_fastai():
    """Values of its formulas by hand: cosine from max/25 to max in a quarter, then down to max/1e5."""
    schedule = make("one-cycle", 0.1, epochs=8)
    rates = [schedule.learning_rate(time) for time in (0, 1, 2, 5, 8)]
    assert rates == pytest.approx([0.1 / 25, (0.1 / 25 + 0.1) / 2, 0.1, (0.1 + 1e-6) / 2, 1e-6])
    assert [schedule.momentum(time) for time in (0, 1, 2, 5, 8)] == pytest.approx([0.95, 0.9, 0.85, 0.9, 0.95])


def test_each_stage_has_its_own_cycle_also_from_history():
    schedule = make("one-cycle", 0.1, 0.01, epochs=9)
    rows = simulate(schedule, [0.1] * 9)
    assert [row["stage"] for row in rows] == [0, 0, 0, 0, 1, 1, 1, 1, 1], "9 epochs are 4 and 5"
    resumed = make("one-cycle", 0.1, 0.01, rows=rows[:4], epochs=9)
    assert resumed.stage == 1 and resumed.learning_rate(4) == pytest.approx(0.01 / 25)
    assert resumed.learning_rate(9) == pytest.approx(0.01 / 1e5)
