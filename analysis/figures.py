"""Pictures of how training went and of what a model confuses. Drawn without a screen."""

import os
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from sklearn.metrics import confusion_matrix

from datatransformer.tables import harmless, write_table

BLUE, ORANGE, GRAY = "#0072b2", "#d55e00", "#777777"
"""Told apart by the colour-blind (Okabe & Ito 2008)."""

NUMBERS_UP_TO = 30
"""Classes up to which a confusion matrix has its numbers written into it."""


def draw_learning_curve(rows: Sequence[dict[str, float]], path: Path) -> None:
    """Accuracy, loss and learning rate by epoch; stages are marked, and the best epoch. Its numbers are history.csv."""
    epochs = [row["epoch"] for row in rows]
    figure = Figure(figsize=(8, 8), layout="constrained")
    accuracy, loss, rate = figure.subplots(3, 1, sharex=True, height_ratios=(3, 3, 1.3))
    for axes, key, title in ((accuracy, "accuracy", "accuracy"), (loss, "loss", "loss (cross-entropy)")):
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
    _save(figure, path)


def draw_confusion_matrix(
    labels: Sequence[int], predictions: Sequence[int], classes: Sequence[str], path: Path
) -> None:
    """A row a true class, a column a predicted one. Colour is the share of the row, the numbers are images.

    The counts are also in a CSV of the same name.
    """
    counts = confusion_matrix(labels, predictions, labels=range(len(classes)))
    names = [harmless(name) for name in classes]
    rows = ((name, *row) for name, row in zip(names, counts, strict=True))
    write_table(path.with_suffix(".csv"), ("true / predicted", *names), rows)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    side = min(4 + 0.38 * len(classes), 20)
    figure = Figure(figsize=(side + 1, side), layout="constrained")
    axes = figure.subplots()
    image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    figure.colorbar(image, ax=axes, label="share of the true class", shrink=0.8)
    ticks, size = range(len(classes)), 10 if len(classes) <= NUMBERS_UP_TO else 6
    axes.set_xticks(ticks, classes, rotation=90, fontsize=size)
    axes.set_yticks(ticks, classes, fontsize=size)
    axes.set(xlabel="predicted", ylabel="true")
    axes.set_title(f"{np.trace(counts)} of {counts.sum()} right ({np.trace(counts) / max(counts.sum(), 1):.1%})")
    if len(classes) <= NUMBERS_UP_TO:
        for (true, predicted), count in np.ndenumerate(counts):
            if count:
                colour = "white" if shares[true, predicted] > 0.5 else "black"
                axes.text(predicted, true, count, ha="center", va="center", color=colour, fontsize=8)
    _save(figure, path)


def _save(figure: Figure, path: Path) -> None:
    """By rename, as every file here."""
    work = path.with_name(f".{path.name}.tmp")
    figure.savefig(work, format="png", dpi=110)
    os.replace(work, path)
