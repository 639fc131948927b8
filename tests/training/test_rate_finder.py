"""The learning rate range test."""

import numpy as np
import pytest

from tests.conftest import QUICK, run
from training.rate_finder import STEPS, rate_curve, smoothed


def test_the_moving_average_is_not_drawn_towards_zero():
    assert smoothed([3.0, 3.0, 3.0]).tolist() == pytest.approx([3.0, 3.0, 3.0])
    assert smoothed([1.0, 3.0])[1] == pytest.approx((0.9 * 0.1 * 1 + 0.1 * 3) / (1 - 0.9**2))


def test_it_suggests_where_the_loss_falls_the_steepest():
    """A valley in log10(rate): flat, steepest at 1e-3 by its derivative, least at 1e-1, then up."""
    rates = np.geomspace(1e-7, 10, 400).tolist()
    losses = [3 - 2 / (1 + np.exp(-4 * (np.log10(rate) + 3))) + 20 * max(np.log10(rate) + 1, 0) ** 2 for rate in rates]
    curve = rate_curve(rates, losses)
    assert np.log10(curve.suggestion) == pytest.approx(-3, abs=0.25), "smoothing lags a little"
    assert -1.5 < np.log10(curve.least) < -0.5


def test_a_loss_that_only_rises_suggests_nothing():
    assert rate_curve([1e-3, 1e-2, 1e-1], [1.0, 2.0, 3.0]).suggestion is None


def test_from_the_command_line_it_leaves_the_run_as_it_is(scenes, small_run):
    before = {path: path.read_bytes() for path in small_run.rglob("*") if path.is_file() and "find_lr" not in path.name}
    flags = ("--data", scenes, "--runs", small_run.parent, *QUICK, "--epochs", 3, "--find-lr")
    for resume in ("last", "never"):
        done = run("classifiers.small", *flags, "--resume", resume)
        assert done.code == 0 and "Suggestion: --learning-rates" in done.out, done.err
        rows = (small_run / "figures" / "find_lr.csv").read_text().splitlines()
        assert rows[0] == "learning_rate,loss" and rows[1].startswith("1e-07,") and 20 < len(rows) <= STEPS + 1
    assert (small_run / "figures" / "find_lr.png").stat().st_size > 5000
    after = {path: path.read_bytes() for path in small_run.rglob("*") if path.is_file() and "find_lr" not in path.name}
    assert after == before
