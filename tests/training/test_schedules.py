"""Learning rates over epochs, and schedules that are rebuilt from history."""

import math
from types import SimpleNamespace

import pytest

from training.schedules import CurveSchedule, Stages, make_schedule
from training.stages import Stage

RATES = (1e-3, 1e-4, 1e-5)


def settings(**changed):
    return SimpleNamespace(**{"schedule": "stages", "patience": 2, "min_delta": 0.01, "epochs": 10} | changed)


def stages(*rates: float) -> list[Stage]:
    return [Stage((32, 32), 8, 5, rate, 0) for rate in rates]


def play(schedule, accuracies, epoch: int = 0) -> list[dict[str, float]]:
    """Rows of history of a run that follows a schedule to its end."""
    rows = []
    for number, accuracy in enumerate(accuracies, epoch + 1):
        if schedule.ended:
            break
        rows.append({"epoch": number, "stage": schedule.stage, "val_accuracy": accuracy, "val_loss": 1.0})
        schedule.observe(rows[-1])
    return rows


def test_a_stage_ends_when_accuracy_has_not_risen_for_patience_epochs():
    rows = play(Stages(RATES, 2, 0.01), [0.5, 0.6, 0.605, 0.609, 0.7, 0.7, 0.7, 0.7, 0.9])
    assert [row["stage"] for row in rows] == [0, 0, 0, 0, 1, 1, 1, 2, 2]


def test_the_best_of_all_stages_is_what_counts():
    rows = play(Stages(RATES, 1), [0.8, 0.5, 0.7, 0.79, 0.81])
    assert [row["stage"] for row in rows] == [0, 0, 1, 2], "0.7 is no rise over 0.8"


def test_a_model_without_accuracy_goes_by_its_loss():
    schedule = Stages(RATES, 1)
    for epoch, loss in enumerate((5.0, 4.0, 4.5, 3.0), 1):
        schedule.observe({"epoch": epoch, "stage": schedule.stage, "val_loss": loss})
    assert schedule.stage == 1 and schedule.best == -3.0


@pytest.mark.parametrize("cut", range(8))
def test_it_goes_on_from_history_wherever_it_was_cut(cut):
    accuracies = [0.5, 0.6, 0.605, 0.609, 0.7, 0.7, 0.7, 0.7]
    unbroken = Stages(list(RATES), 2, 0.01)
    rows = play(unbroken, accuracies)
    resumed = make_schedule(settings(), stages(*RATES), rows[:cut])
    assert rows[:cut] + play(resumed, accuracies[cut:], cut) == rows
    assert resumed == unbroken


def test_a_stage_that_was_reached_stays_reached_when_patience_is_changed():
    rows = play(Stages(RATES, 2, 0.01), [0.5, 0.5, 0.5])
    rows.append({"epoch": 4, "stage": 1, "val_accuracy": 0.6, "val_loss": 1.0})
    schedule = make_schedule(settings(patience=50), stages(*RATES), rows)
    assert schedule.stage == 1 and schedule.learning_rate(0) == 1e-4


def test_constant_never_ends():
    schedule = make_schedule(settings(schedule="constant"), stages(1e-3), [])
    play(schedule, [0.1] * 100)
    assert not schedule.ended and schedule.learning_rate(100.5) == 1e-3 and schedule.momentum(3.0) is None


def test_cosine():
    schedule = make_schedule(settings(schedule="cosine"), stages(1e-3), [])
    assert isinstance(schedule, CurveSchedule)
    assert [schedule.learning_rate(time) for time in (0, 5, 10, 12)] == pytest.approx([1e-3, 5e-4, 0, 0], abs=1e-12)
    assert schedule.learning_rate(2) == pytest.approx(1e-3 * (1 + math.cos(math.pi / 5)) / 2)


def test_one_cycle_is_that_of_fastai():
    """Figures of its formulas by hand: cosine from max/25 to max in a quarter, then down to max/1e5."""
    schedule = make_schedule(settings(schedule="one-cycle", epochs=8), stages(0.1), [])
    rates = [schedule.learning_rate(time) for time in (0, 1, 2, 5, 8)]
    assert rates == pytest.approx([0.1 / 25, (0.1 / 25 + 0.1) / 2, 0.1, (0.1 + 1e-6) / 2, 1e-6])
    assert [schedule.momentum(time) for time in (0, 1, 2, 5, 8)] == pytest.approx([0.95, 0.9, 0.85, 0.9, 0.95])


def test_each_stage_has_a_cycle_of_its_own_also_from_history():
    schedule = make_schedule(settings(schedule="one-cycle", epochs=9), stages(0.1, 0.01), [])
    rows = play(schedule, [0.1] * 9)
    assert [row["stage"] for row in rows] == [0, 0, 0, 0, 1, 1, 1, 1, 1], "9 epochs are 4 and 5"
    resumed = make_schedule(settings(schedule="one-cycle", epochs=9), stages(0.1, 0.01), rows[:4])
    assert resumed.stage == 1 and resumed.learning_rate(4) == pytest.approx(0.01 / 25)
    assert resumed.learning_rate(9) == pytest.approx(0.01 / 1e5)
