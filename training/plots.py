"""Figures of a training: the learning curve, the learning rate, the learning rate range test."""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from plots.names import column_title
from plots.palette import BLUE, GRAY, GREEN, ORANGE
from plots.save import save_figure
from storage.tables import write_table
from training.checkpoint_file import Row
from training.kinds import Kind
from training.run_folder import RunFolder
from training.schedules import Schedule

if TYPE_CHECKING:
    from training.rate_finder import RateCurve

POINTS_PER_EPOCH = 20
"""Points of the curve of the learning rate."""


def draw_training(run: RunFolder, schedule: Schedule) -> None:
    """Draws `learning_rate.png` and `learning_curve.png` of a run, each with a CSV of its numbers."""
    rows, resumed_after = run.history(), run.resumed_after()
    draw_learning_rate(schedule, rows, run.figures / "learning_rate.png", resumed_after)
    recalibrated = run.best_row() if run.is_recalibrated else None
    draw_learning_curve(rows, run.figures / "learning_curve.png", run.kind, resumed_after, recalibrated)


def draw_learning_rate(schedule: Schedule, rows: Sequence[Row], path: Path, resumed_after: Sequence[int] = ()) -> None:
    """Draws learning rate and, where the schedule changes it, momentum over the epochs of a run; also a CSV.

    Dots are the values in the history, at the end of each epoch. Lines mark new stages and resumed sessions.
    """
    times, rates, momenta = _scheduled(schedule, rows)
    cells = zip(times, rates, momenta, strict=True)
    write_table(path.with_suffix(".csv"), ("epochs_done", "learning_rate", "momentum"), cells)
    has_momentum = momenta[0] is not None
    figure = Figure(figsize=(8, 6 if has_momentum else 3.5), layout="constrained")
    panels = figure.subplots(1 + has_momentum, 1, sharex=True, squeeze=False)[:, 0]
    panels[0].plot(times, rates, color=BLUE)
    panels[0].set_ylim(0, 1.05 * max(rates))  # otherwise the axis of a constant rate shows rounding errors
    panels[0].set_ylabel("learning rate")
    if has_momentum:
        panels[1].plot(times, momenta, color=ORANGE)
        panels[1].set_ylabel("momentum")
    for axes, name in zip(panels, ("learning_rate", "momentum"), strict=False):
        axes.plot([row["epoch"] for row in rows], [row.get(name, np.nan) for row in rows], ".", color=GRAY)
        axes.grid(alpha=0.3)
        _mark_starts(axes, rows, resumed_after, offset=0)
    panels[-1].set_xlabel("epochs done")
    panels[-1].xaxis.set_major_locator(MaxNLocator(integer=True))
    if panels[0].get_legend_handles_labels()[0]:
        panels[0].legend()
    save_figure(figure, path)


def _scheduled(schedule: Schedule, rows: Sequence[Row]) -> tuple[list[float], list[float], list[float | None]]:
    """Times in epochs, and learning rate and momentum at each."""
    times, rates, momenta = [], [], []
    for row in rows:
        schedule.stage = int(row["stage"])
        for time in np.linspace(row["epoch"] - 1, row["epoch"], POINTS_PER_EPOCH, endpoint=False):
            times.append(time)
            rates.append(schedule.learning_rate(time))
            momenta.append(schedule.momentum(time))
    return times, rates, momenta


def draw_rate_curve(curve: "RateCurve", path: Path) -> None:
    """Draws the loss against the learning rate, with the suggested rate; also a CSV."""
    rows = ((f"{rate:.6g}", f"{loss:.6g}") for rate, loss in zip(curve.rates, curve.losses, strict=True))
    write_table(path.with_suffix(".csv"), ("learning_rate", "loss"), rows)
    figure = Figure(figsize=(8, 5), layout="constrained")
    axes = figure.subplots()
    axes.plot(curve.rates, curve.losses, color=BLUE)
    if curve.suggestion is not None:
        loss = curve.losses[list(curve.rates).index(curve.suggestion)]
        axes.plot(curve.suggestion, loss, "o", color=ORANGE, label=f"falls fastest: {curve.suggestion:.1e}")
    lowest = curve.rate_of_lowest_loss
    axes.axvline(lowest, color=GRAY, linestyle=":", label=f"lowest: {lowest:.1e}")
    axes.set(xscale="log", xlabel="learning rate", ylabel="training loss, smoothed")
    axes.legend()
    axes.grid(alpha=0.3)
    save_figure(figure, path)


def draw_learning_curve(
    rows: Sequence[Row],
    path: Path,
    kind: Kind,
    resumed_after: Sequence[int] = (),
    recalibrated: Row | None = None,
) -> None:
    """Draws each metric in validation and, where it is measured, in training, a panel each, and the learning rate.

    The deciding score is in the first panel. Metrics that never change are left out.
    Lines mark new stages and resumed sessions. The first panel marks the best epoch and, if the best checkpoint was
    recalibrated, its score. There is also a CSV.
    """
    cells = (tuple(f"{value:.7g}" for value in row.values()) for row in rows)
    write_table(path.with_suffix(".csv"), tuple(rows[0]), cells)
    epochs = [row["epoch"] for row in rows]
    deciding, *others = validation_metrics(rows[0], kind)
    metrics = [deciding, *(name for name in others if name == "loss" or not _is_flat(rows, name))]
    figure = Figure(figsize=(8, 2.3 + 2.8 * len(metrics)), layout="constrained")
    *panels, rate = figure.subplots(len(metrics) + 1, 1, sharex=True, height_ratios=[3] * len(metrics) + [1.3])
    for axes, metric in zip(panels, metrics, strict=True):
        if metric in rows[0]:
            axes.plot(epochs, [row[metric] for row in rows], color=BLUE, marker=".", label="training")
        axes.plot(epochs, [row[f"val_{metric}"] for row in rows], color=ORANGE, marker=".", label="validation")
        axes.set_ylabel(column_title(metric))
    _mark(panels[0], max(rows, key=kind.score), f"val_{metrics[0]}", "best", "o")
    if recalibrated:
        _mark(panels[0], recalibrated, f"val_{metrics[0]}", "recalibrated", "D")
    rate.step(epochs, [row["learning_rate"] for row in rows], where="mid", color=GRAY)
    rate.set(ylabel="learning rate", yscale="log", xlabel="epoch")
    rate.xaxis.set_major_locator(MaxNLocator(integer=True))
    for axes in (*panels, rate):
        axes.grid(alpha=0.3)
        _mark_starts(axes, rows, resumed_after, offset=0.5)
    for number in sorted({0, next(number for number, metric in enumerate(metrics) if metric in rows[0])}):
        panels[number].legend()  # the first panel has the best epoch, and may lack the curve of the training
    save_figure(figure, path)


def validation_metrics(row: Row, kind: Kind) -> list[str]:
    """The metrics that are measured in validation: first the deciding one, then the loss, then the others."""
    names = [name.removeprefix("val_") for name in row if name.startswith("val_")]
    return sorted(names, key=lambda name: (f"val_{name}" != kind.score_column, name != "loss"))


def _is_flat(rows: Sequence[Row], metric: str) -> bool:
    """Whether a metric has the same value in all of several epochs, as the top-5 accuracy of five classes has."""
    values = [{row[name] for row in rows} for name in (metric, f"val_{metric}") if name in rows[0]]
    return len(rows) > 1 and all(len(one) == 1 for one in values)


def _mark_starts(axes: Axes, rows: Sequence[Row], resumed_after: Sequence[int], offset: float) -> None:
    """Draws a line at the start of each stage and session; `offset` moves the lines to the right, in epochs."""
    stages = [before["epoch"] for before, after in pairwise(rows) if after["stage"] != before["stage"]]
    for starts, colour, style, label in ((stages, GRAY, ":", "next stage"), (resumed_after, GREEN, "--", "resumed")):
        for number, epochs in enumerate(starts):
            axes.axvline(epochs + offset, color=colour, linestyle=style, label="" if number else label)


def _mark(axes: Axes, row: Row, column: str, word: str, marker: str) -> None:
    label = f"{word}: {row[column]:.4g} in epoch {int(row['epoch'])}"
    axes.plot(row["epoch"], row[column], marker, ms=11, mfc="none", mec=ORANGE, label=label)
