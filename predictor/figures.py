"""Pictures of how well a model predicts. Drawn without a screen."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from sklearn.metrics import confusion_matrix

from datatransformer.tables import harmless, printable, write_table
from predictor.sheet import save_figure

BLUE, ORANGE, GRAY = "#0072b2", "#d55e00", "#777777"
"""Told apart by the colour-blind (Okabe & Ito 2008)."""

NUMBERS_UP_TO = 30
"""Classes up to which a confusion matrix has its numbers written into it."""


def draw_confusion_matrix(
    labels: Sequence[int], predictions: Sequence[int], classes: Sequence[str], path: Path
) -> None:
    """A row a true class, a column a predicted one. Colour is the share of the row, the numbers are images.

    The counts are also in a CSV of the same name.
    """
    draw_confusion_matrix_of(confusion_matrix(labels, predictions, labels=range(len(classes))), classes, path)


def draw_confusion_matrix_of(counts: np.ndarray, classes: Sequence[str], path: Path, unit: str = "images") -> None:
    """As `draw_confusion_matrix`, of counts (classes, classes). Pixels are written as shares: they are too many."""
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
    shown = [printable(name) for name in classes]
    axes.set_xticks(ticks, shown, rotation=90, fontsize=size, parse_math=False)
    axes.set_yticks(ticks, shown, fontsize=size, parse_math=False)
    axes.set(xlabel="predicted", ylabel="true")
    right = np.trace(counts)
    axes.set_title(f"{right:,} of {counts.sum():,} {unit} right ({right / max(counts.sum(), 1):.1%})")
    if len(classes) <= NUMBERS_UP_TO:
        for (true, predicted), count in np.ndenumerate(counts):
            if count:
                colour = "white" if shares[true, predicted] > 0.5 else "black"
                text = count if unit == "images" else f"{shares[true, predicted]:.2f}".lstrip("0")
                axes.text(predicted, true, text, ha="center", va="center", color=colour, fontsize=8)
    save_figure(figure, path)


def draw_calibration(bins: Sequence[tuple[float, float, int]], error: float, path: Path) -> None:
    """How often predictions of a probability are right; `bins` are mean probability, share right, images."""
    probability, right, count = (np.array(values) for values in zip(*bins, strict=True))
    figure = Figure(figsize=(6, 6.5), layout="constrained")
    curve, histogram = figure.subplots(2, 1, sharex=True, height_ratios=(4, 1))
    curve.plot([0, 1], [0, 1], color=GRAY, linestyle=":", label="as sure as it is right")
    curve.plot(probability, right, "o-", color=BLUE, label=f"this model, calibration error {error:.3f}")
    curve.set(ylabel="share that is right", xlim=(0, 1), ylim=(0, 1.02))
    histogram.bar(probability, count, width=0.04, color=BLUE)
    histogram.set(xlabel="probability of the predicted class", ylabel="images")
    curve.legend(loc="upper left")
    for axes in (curve, histogram):
        axes.grid(alpha=0.3)
    save_figure(figure, path)


def draw_scores(classes: Sequence[str], precision: np.ndarray, recall: np.ndarray, path: Path) -> None:
    """Precision and recall of each class, the class with the best recall on top."""
    order = np.argsort(recall, kind="stable")
    figure = Figure(figsize=(7, 1.5 + 0.26 * len(classes)), layout="constrained")
    axes, rows = figure.subplots(), np.arange(len(classes))
    axes.hlines(rows, np.minimum(precision, recall)[order], np.maximum(precision, recall)[order], color=GRAY, lw=1)
    axes.plot(precision[order], rows, "s", color=ORANGE, label="precision: predicted so and right")
    axes.plot(recall[order], rows, "o", color=BLUE, label="recall: is so and found")
    axes.set_yticks(rows, [printable(classes[index]) for index in order], parse_math=False)
    axes.set(xlim=(-0.02, 1.02), ylim=(-0.7, len(classes) - 0.3), xlabel="share of the images")
    axes.grid(alpha=0.3)
    figure.legend(loc="outside upper center", ncols=2)
    save_figure(figure, path)
