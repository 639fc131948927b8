"""Learning rates over epochs, and schedules that are rebuilt from history."""

import math
from types import SimpleNamespace

import pytest

from training.schedules import Cosine, Stages, make_schedule

RATES = (1e-3, 1e-4, 1e-5)


def settings(**changed):
    return SimpleNamespace(
        **{"schedule": "stages", "learning_rates": RATES, "patience": 2, "min_delta": 0.01, "epochs": 10} | changed
    )


def play(schedule, accuracies) -> list[dict[str, float]]:
    """Rows of history of a run that follows a schedule to its end."""
    rows = []
    for accuracy in accuracies:
        if schedule.ended:
            break
        rows.append({"stage": schedule.stage, "val_accuracy": accuracy})
        schedule.observe(accuracy, schedule.stage)
    return rows


def test_a_stage_ends_when_accuracy_has_not_risen_for_patience_epochs():
    rows = play(Stages(RATES, 2, 0.01), [0.5, 0.6, 0.605, 0.609, 0.7, 0.7, 0.7, 0.7, 0.9])
    assert [row["stage"] for row in rows] == [0, 0, 0, 0, 1, 1, 1, 2, 2]


def test_the_best_of_all_stages_is_what_counts():
    rows = play(Stages(RATES, 1), [0.8, 0.5, 0.7, 0.79, 0.81])
    assert [row["stage"] for row in rows] == [0, 0, 1, 2], "0.7 is no rise over 0.8"


@pytest.mark.parametrize("cut", range(8))
def test_it_goes_on_from_history_wherever_it_was_cut(cut):
    accuracies = [0.5, 0.6, 0.605, 0.609, 0.7, 0.7, 0.7, 0.7]
    unbroken = Stages(RATES, 2, 0.01)
    rows = play(unbroken, accuracies)
    resumed = make_schedule(settings(), 5, rows[:cut])
    assert rows[:cut] + play(resumed, accuracies[cut:]) == rows
    assert resumed == unbroken


def test_a_stage_that_was_reached_stays_reached_when_patience_is_changed():
    rows = play(Stages(RATES, 2, 0.01), [0.5, 0.5, 0.5])
    schedule = make_schedule(settings(patience=50), 5, [*rows, {"stage": 1, "val_accuracy": 0.6}])
    assert schedule.stage == 1 and schedule.learning_rate(0) == 1e-4


def test_constant_never_ends():
    schedule = make_schedule(settings(schedule="constant"), 5, [{"stage": 0, "val_accuracy": 0.1}] * 100)
    assert not schedule.ended and schedule.learning_rate(10_000) == 1e-3


def test_cosine():
    schedule = make_schedule(settings(schedule="cosine"), 5, [])
    assert isinstance(schedule, Cosine)
    assert [schedule.learning_rate(step) for step in (0, 25, 50, 60)] == pytest.approx([1e-3, 5e-4, 0, 0], abs=1e-12)
    assert schedule.learning_rate(10) == pytest.approx(1e-3 * (1 + math.cos(math.pi / 5)) / 2)
