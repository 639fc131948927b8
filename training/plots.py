"""Pictures of how training went. Drawn without a screen."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from plots.palette import BLUE, GRAY, GREEN, ORANGE
from plots.save import save_figure
from storage.tables import write_table
from training.run_folder import Row, RunFolder
from training.schedules import Schedule

if TYPE_CHECKING:
    from training.rate_finder import RateCurve

POINTS = 20
"""Of the learning rate that are drawn in an epoch."""


def draw_training(run: RunFolder, schedule: Schedule) -> None:
    """`learning_rate.png` and `learning_curve.png` of what a run has trained so far, each with a CSV of its numbers."""
    rows, resumed = run.history(), run.resumed()
    draw_learning_rate(schedule, rows, run.figures / "learning_rate.png", resumed)
    draw_learning_curve(rows, run.figures / "learning_curve.png", run.kind.score, resumed)


def draw_learning_rate(schedule: Schedule, rows: Sequence[Row], path: Path, resumed: Sequence[int] = ()) -> None:
    """Learning rate, and momentum where the schedule moves it, through the epochs of a run; also a CSV.

    Dots are what history has noted at the end of each epoch. Stages are marked, and where training went on after so
    many epochs, `resumed`.
    """
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
    for axes, name in zip(panels, ("learning_rate", "momentum"), strict=False):
        axes.plot([row["epoch"] for row in rows], [row.get(name, np.nan) for row in rows], ".", color=GRAY)
        axes.grid(alpha=0.3)
        _mark_begins(axes, rows, resumed, 0)
    panels[-1].set_xlabel("epochs done")
    panels[-1].xaxis.set_major_locator(MaxNLocator(integer=True))
    if panels[0].get_legend_handles_labels()[0]:
        panels[0].legend()
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


def draw_learning_curve(
    rows: Sequence[Row], path: Path, score: Callable[[Row], float], resumed: Sequence[int] = ()
) -> None:
    """What was measured in training and validation, a panel each, and the learning rate by epoch; also a CSV.

    Stages are marked, the best epoch in the panel of what decides on it, and where training went on after so many
    epochs, `resumed`.
    """
    write_table(
        path.with_suffix(".csv"), tuple(rows[0]), (tuple(f"{value:.7g}" for value in row.values()) for row in rows)
    )
    epochs = [row["epoch"] for row in rows]
    measures = measured(rows[0])
    figure = Figure(figsize=(8, 2.3 + 2.8 * len(measures)), layout="constrained")
    *panels, rate = figure.subplots(len(measures) + 1, 1, sharex=True, height_ratios=[3] * len(measures) + [1.3])
    for axes, measure in zip(panels, measures, strict=True):
        axes.plot(epochs, [row[measure] for row in rows], color=BLUE, marker=".", label="training")
        axes.plot(epochs, [row[f"val_{measure}"] for row in rows], color=ORANGE, marker=".", label="validation")
        axes.set_ylabel(measure.replace("_", " "))
    _mark_best(panels[0], max(rows, key=score), f"val_{measures[0]}")
    rate.step(epochs, [row["learning_rate"] for row in rows], where="mid", color=GRAY)
    rate.set(ylabel="learning rate", yscale="log", xlabel="epoch")
    rate.xaxis.set_major_locator(MaxNLocator(integer=True))
    for axes in (*panels, rate):
        axes.grid(alpha=0.3)
        _mark_begins(axes, rows, resumed, 0.5)
    panels[0].legend()
    save_figure(figure, path)


def _mark_begins(axes: Axes, rows: Sequence[Row], resumed: Sequence[int], shift: float) -> None:
    """Lines where a stage begins and where training was resumed, so much to the right of the epochs done by then."""
    stages = [before["epoch"] for before, after in pairwise(rows) if after["stage"] != before["stage"]]
    for done, colour, style, label in ((stages, GRAY, ":", "next stage"), (resumed, GREEN, "--", "resumed")):
        for number, epochs in enumerate(done):
            axes.axvline(epochs + shift, color=colour, linestyle=style, label="" if number else label)


def measured(row: Row) -> list[str]:
    """What has a value for training and for validation, first what decides on the best epoch, then the loss."""
    names = [name for name in row if f"val_{name}" in row]
    return sorted(names, key=lambda name: (name != "accuracy", name != "loss"))


def _mark_best(axes: Axes, best: Row, name: str) -> None:
    label = f"best: {best[name]:.4g} in epoch {int(best['epoch'])}"
    axes.plot(best["epoch"], best[name], "o", ms=11, mfc="none", mec=ORANGE, label=label)
