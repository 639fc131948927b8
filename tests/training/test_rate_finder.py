"""The learning rate range test."""

import numpy as np
import pytest

from tests.conftest import assert_drawn, train_small
from training.rate_finder import STEPS, rate_curve, smoothed


def test_the_moving_average_does_not_start_at_zero():
    assert smoothed([3.0, 3.0, 3.0]).tolist() == pytest.approx([3.0, 3.0, 3.0])
    assert smoothed([1.0, 3.0])[1] == pytest.approx((0.9 * 0.1 * 1 + 0.1 * 3) / (1 - 0.9**2))


def test_it_suggests_the_rate_at_which_the_loss_falls_fastest():
    """A valley in log10(rate): flat, steepest at 1e-3 by its derivative, lowest at 1e-1, then rising."""
    rates = np.geomspace(1e-7, 10, 400).tolist()
    losses = [3 - 2 / (1 + np.exp(-4 * (np.log10(rate) + 3))) + 20 * max(np.log10(rate) + 1, 0) ** 2 for rate in rates]
    curve = rate_curve(rates, losses)
    assert np.log10(curve.suggestion) == pytest.approx(-3, abs=0.25), "smoothing delays it a little"
    assert -1.5 < np.log10(curve.rate_of_lowest_loss) < -0.5


def test_a_loss_that_only_rises_gives_no_suggestion():
    assert rate_curve([1e-3, 1e-2, 1e-1], [1.0, 2.0, 3.0]).suggestion is None


def test_the_command_does_not_change_the_run(scenes, small_run, caplog):
    caplog.set_level("INFO", "scenelab")
    before = {path: path.read_bytes() for path in small_run.rglob("*") if path.is_file() and "find_lr" not in path.name}
    for resume in ("last", "never"):
        caplog.clear()
        train_small(scenes, small_run.parent, "--find-lr", "--resume", resume)
        assert "Suggestion: --learning-rates" in caplog.text
        rows = (small_run / "figures" / "find_lr.csv").read_text().splitlines()
        assert rows[0] == "learning_rate,loss" and rows[1].startswith("1e-07,") and 20 < len(rows) <= STEPS + 1
    assert_drawn(small_run / "figures" / "find_lr.png")
    after = {path: path.read_bytes() for path in small_run.rglob("*") if path.is_file() and "find_lr" not in path.name}
    assert after == before
