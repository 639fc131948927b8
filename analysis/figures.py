"""Pictures of how training went. Drawn without a screen."""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from datatransformer.tables import write_table
from predictor.figures import BLUE, GRAY, ORANGE
from predictor.sheet import save_figure
from training.run_folder import Row
from training.schedules import Schedule

if TYPE_CHECKING:
    from training.rate_finder import RateCurve

POINTS = 20
"""Of the learning rate that are drawn in an epoch."""


def draw_learning_rate(schedule: Schedule, rows: Sequence[Row], path: Path) -> None:
    """Learning rate, and momentum where the schedule moves it, through the epochs of a run; also a CSV."""
    times, rates, momenta = [], [], []
    for row in rows:
        schedule.stage = int(row["stage"])
        for time in np.linspace(row["epoch"] - 1, row["epoch"], POINTS, endpoint=False):
            times.append(time)
            rates.append(schedule.learning_rate(time))
            momenta.append(schedule.momentum(time))
    moves = momenta[0] is not None
    cells = zip(times, rates, momenta, strict=True)
    write_table(path.with_suffix(".csv"), ("epochs_done", "learning_rate", "momentum"), cells)
    figure = Figure(figsize=(8, 6 if moves else 3.5), layout="constrained")
    panels = figure.subplots(1 + moves, 1, sharex=True, squeeze=False)[:, 0]
    panels[0].plot(times, rates, color=BLUE)
    panels[0].set_ylabel("learning rate")
    if moves:
        panels[1].plot(times, momenta, color=ORANGE)
        panels[1].set_ylabel("momentum")
    panels[-1].set_xlabel("epochs done")
    for axes in panels:
        axes.grid(alpha=0.3)
    save_figure(figure, path)


def draw_rate_curve(curve: "RateCurve", path: Path) -> None:
    """The loss against ever larger learning rates, with what is suggested; also a CSV."""
    rows = ((f"{rate:.6g}", f"{loss:.6g}") for rate, loss in zip(curve.rates, curve.losses, strict=True))
    write_table(path.with_suffix(".csv"), ("learning_rate", "loss"), rows)
    figure = Figure(figsize=(8, 5), layout="constrained")
    axes = figure.subplots()
    axes.plot(curve.rates, curve.losses, color=BLUE)
    if curve.suggestion is not None:
        loss = curve.losses[list(curve.rates).index(curve.suggestion)]
        axes.plot(curve.suggestion, loss, "o", color=ORANGE, label=f"falls the steepest: {curve.suggestion:.1e}")
    axes.axvline(curve.least, color=GRAY, linestyle=":", label=f"least: {curve.least:.1e}")
    axes.set(xscale="log", xlabel="learning rate", ylabel="loss of the batches, smoothed")
    axes.legend()
    axes.grid(alpha=0.3)
    save_figure(figure, path)


def draw_learning_curve(rows: Sequence[Row], path: Path) -> None:
    """Accuracy, loss and learning rate by epoch; stages are marked, and the best epoch. Its numbers are history.csv."""
    epochs = [row["epoch"] for row in rows]
    figure = Figure(figsize=(8, 8), layout="constrained")
    accuracy, loss, rate = figure.subplots(3, 1, sharex=True, height_ratios=(3, 3, 1.3))
    for axes, key, title in ((accuracy, "accuracy", "accuracy"), (loss, "loss", "loss")):
        axes.plot(epochs, [row[key] for row in rows], color=BLUE, marker=".", label="training")
        axes.plot(epochs, [row[f"val_{key}"] for row in rows], color=ORANGE, marker=".", label="validation")
        axes.set_ylabel(title)
    best = max(rows, key=lambda row: row["val_accuracy"])
    label = f"best: {best['val_accuracy']:.3f} in epoch {int(best['epoch'])}"
    accuracy.plot(best["epoch"], best["val_accuracy"], "o", ms=11, mfc="none", mec=ORANGE, label=label)
    rate.step(epochs, [row["learning_rate"] for row in rows], where="mid", color=GRAY)
    rate.set(ylabel="learning rate", yscale="log", xlabel="epoch")
    rate.xaxis.set_major_locator(MaxNLocator(integer=True))
    for before, after in pairwise(rows):
        if after["stage"] != before["stage"]:
            for axes in (accuracy, loss, rate):
                axes.axvline(after["epoch"] - 0.5, color=GRAY, linestyle=":")
    accuracy.legend()
    for axes in (accuracy, loss, rate):
        axes.grid(alpha=0.3)
    save_figure(figure, path)
