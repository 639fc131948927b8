"""Pictures of how well a model predicts. Drawn without a screen."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.colors import LogNorm, Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, NullFormatter
from sklearn.metrics import confusion_matrix

from plots.palette import BLUE, GRAY, ORANGE, PALE_BLUE
from plots.save import save_figure
from storage.tables import csv_safe, printable, write_table

NUMBERS_UP_TO = 30
"""Classes up to which a confusion matrix has its numbers written into it."""


def draw_confusion_matrix(
    labels: Sequence[int], predictions: Sequence[int], classes: Sequence[str], path: Path
) -> None:
    """A row a true class, a column a predicted one. Colour is the share of the row, the numbers are images.

    The counts are also in a CSV of the same name.
    """
    draw_confusion_matrix_of(confusion_matrix(labels, predictions, labels=range(len(classes))), classes, path)


def draw_confusion_matrix_of(
    counts: np.ndarray, classes: Sequence[str], path: Path, unit: str = "images", scale: str = "share"
) -> None:
    """As `draw_confusion_matrix`, of counts (classes, classes).

    `scale` says what colours and numbers are. `share`: colours are shares of the row, numbers are images, or shares of
    pixels, which are too many to be counted. `normalised`: both are shares. `counts`: both are counts. `logarithmic`:
    so they are, and colours are on a logarithmic scale, as S4 drew it; what never happened is white.
    """
    names = [csv_safe(name) for name in classes]
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    cells = [[f"{share:.6f}" for share in row] for row in shares] if scale == "normalised" else counts
    rows = ((name, *row) for name, row in zip(names, cells, strict=True))
    write_table(path.with_suffix(".csv"), ("true / predicted", *names), rows)
    side = min(4 + 0.38 * len(classes), 20)
    figure = Figure(figsize=(side + 1, side), layout="constrained")
    axes = figure.subplots()
    image = axes.imshow(*_coloured_by(scale, counts, shares))
    label = {"counts": unit, "logarithmic": f"{unit}, logarithmic; white: none"}.get(scale)
    bar = figure.colorbar(image, ax=axes, label=label or "share of the true class", shrink=0.8, aspect=30)
    if label:
        bar.ax.yaxis.set_major_formatter(lambda count, _: shortened(round(count)))
        bar.ax.yaxis.set_minor_formatter(NullFormatter())
    if scale == "counts":
        bar.ax.yaxis.set_major_locator(MaxNLocator(integer=True, steps=(1, 2, 5, 10)))
    ticks, size = range(len(classes)), float(np.clip(640 / len(classes), 3, 10))
    shown = [printable(name) for name in classes]
    axes.set_xticks(ticks, shown, rotation=90, fontsize=size, parse_math=False)
    axes.set_yticks(ticks, shown, fontsize=size, parse_math=False)
    axes.set(xlabel="predicted", ylabel="true")
    right = np.trace(counts)
    axes.set_title(f"{right:,} of {counts.sum():,} {unit} right ({right / max(counts.sum(), 1):.1%})")
    if len(classes) <= NUMBERS_UP_TO:
        as_shares = scale == "normalised" or (scale == "share" and unit != "images")
        for true, predicted in zip(*np.nonzero(counts), strict=True):
            share, count = shares[true, predicted], counts[true, predicted]
            text = f"{share:.2f}".lstrip("0") if as_shares else shortened(count)
            red, green, blue, _ = image.to_rgba(image.get_array()[true, predicted])
            colour = "white" if 0.3 * red + 0.6 * green + 0.1 * blue < 0.55 else "black"  # of what is dark, what bright
            axes.text(predicted, true, text, ha="center", va="center", color=colour, fontsize=8)
    save_figure(figure, path)


def _coloured_by(scale: str, counts: np.ndarray, shares: np.ndarray) -> tuple[np.ndarray, str, Normalize]:
    """Values, colours and what of the values is the first and the last of the colours."""
    most = max(counts.max(), 1)
    if scale == "logarithmic":
        return np.ma.masked_equal(counts, 0), "viridis_r", LogNorm(1, max(most, 10))
    if scale == "counts":
        return counts, "Blues", Normalize(0, most)
    return shares, "Blues", Normalize(0, 1)


def shortened(count: int) -> str:
    """In four letters at most: 999, 12k, 3.4M."""
    for unit, size in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if count >= size:
            return f"{count / size:.1f}{unit}" if count < 10 * size else f"{count / size:.0f}{unit}"
    return str(count)


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


def draw_scores(
    classes: Sequence[str],
    overall: tuple[str, np.ndarray],
    precision: np.ndarray,
    recall: np.ndarray,
    path: Path,
    unit: str = "images",
) -> None:
    """Bars of the overall score of each class, its name first, the best on top; precision and recall are marked.

    Scores (classes,) are NaN where there is nothing to judge by.
    """
    name, values = overall
    order = np.argsort(np.nan_to_num(values, nan=-1), kind="stable")
    figure = Figure(figsize=(7, 1.5 + 0.26 * len(classes)), layout="constrained")
    axes, rows = figure.subplots(), np.arange(len(classes))
    axes.barh(rows, values[order], color=PALE_BLUE, label=name)
    axes.plot(precision[order], rows, "s", color=ORANGE, label="precision: predicted so and right")
    axes.plot(recall[order], rows, "o", color=BLUE, label="recall: is so and found")
    axes.set_yticks(rows, [printable(classes[index]) for index in order], parse_math=False)
    axes.set(xlim=(-0.02, 1.02), ylim=(-0.7, len(classes) - 0.3), xlabel=f"score, 0 to 1, by {unit}")
    axes.grid(axis="x", alpha=0.3)
    figure.legend(loc="outside upper center", ncols=3, fontsize=9)
    save_figure(figure, path)
