"""Figures of how well a model predicts. They are drawn without a screen."""

from collections.abc import Sequence
from itertools import cycle, islice, product
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm, Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from plots.names import shorten
from plots.palette import BLUE, GRAY, MARKERS, ORANGE, PALE_BLUE, SERIES_COLOURS
from plots.save import save_figure
from storage.tables import printable, write_table

MAX_NUMBERED_CLASSES = 30
"""Largest number of classes for which a confusion matrix has numbers in its cells."""

MAX_NAME_LENGTH = 24
"""Characters of a class name at an axis."""

COLOUR_MAP = "magma_r"
"""Equal steps of a value look like equal steps of colour, also to colour-blind readers and in grey."""

MAX_RUN_NAME_LENGTH = 40
"""Letters of the name of a run in a legend or a title."""

Scale = Literal["share", "logarithmic"]


class CalibrationBin(NamedTuple):
    """The images whose predicted probabilities are in the same range: their mean probability, accuracy and number."""

    mean_probability: float
    accuracy: float
    images: int


def draw_confusion_matrix(
    labels: Sequence[int] | np.ndarray, predictions: Sequence[int] | np.ndarray, classes: Sequence[str], path: Path
) -> None:
    """Draws the confusion matrix of class indices (images,); see `draw_confusion_counts`."""
    count = len(classes)
    pairs = np.asarray(labels, np.int64) * count + np.asarray(predictions, np.int64)
    draw_confusion_counts(np.bincount(pairs, minlength=count * count).reshape(count, count), classes, path)


def draw_confusion_counts(
    counts: np.ndarray, classes: Sequence[str], path: Path, unit: str = "images", scale: Scale = "share"
) -> None:
    """Draws a confusion matrix (classes, classes) with a row for each true class and a column for each predicted one.

    Also writes it to a CSV of the same name.

    Arguments:
        unit: what is counted, `images` or `pixels`.
        scale: of the colours; cells without any are white. `share`: the share of the row. `logarithmic`: the count on
            a logarithmic scale, as in Hidra. Numbers in the cells are images, or for pixels, whose counts are too
            long, shares of the row.
    """
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    _write_table(path.with_suffix(".csv"), counts, classes)
    side = min(4 + 0.38 * len(classes), 20)
    figure = Figure(figsize=(side + 1, side), layout="constrained")
    axes = figure.subplots()
    image = axes.imshow(*_cell_colours(scale, counts, shares))
    text_size = max(10, 0.8 * side)
    _add_colour_bar(figure, axes, image, unit, scale, text_size)
    ticks, size = range(len(classes)), float(np.clip(640 / len(classes), 3, 10))
    names = [axis_name(name) for name in classes]
    axes.set_xticks(ticks, names, rotation=90, fontsize=size, parse_math=False)
    axes.set_yticks(ticks, names, fontsize=size, parse_math=False)
    axes.set_xlabel("predicted class", fontsize=text_size)
    axes.set_ylabel("true class", fontsize=text_size)
    correct, total = np.trace(counts), counts.sum()
    title = f"Accuracy {correct / max(total, 1):.1%}\n{correct:,} of {total:,} {unit} are correct"
    axes.set_title(title, fontsize=text_size + 1)
    if len(classes) <= MAX_NUMBERED_CLASSES:
        _write_numbers(axes, image, counts, None if unit == "images" else shares)
    save_figure(figure, path)


def _write_table(path: Path, counts: np.ndarray, classes: Sequence[str]) -> None:
    names = [printable(name) for name in classes]
    write_table(path, ("true / predicted", *names), ((name, *row) for name, row in zip(names, counts, strict=True)))


def _cell_colours(scale: Scale, counts: np.ndarray, shares: np.ndarray) -> tuple[np.ndarray, str, Normalize]:
    """The values of the cells, the name of the colour map, and the values at its ends."""
    if scale == "logarithmic":
        return np.ma.masked_equal(counts, 0), COLOUR_MAP, LogNorm(1, max(counts.max(), 10))
    return np.ma.masked_equal(shares, 0), COLOUR_MAP, Normalize(0, 1)


def _add_colour_bar(figure: Figure, axes: Axes, image: ScalarMappable, unit: str, scale: Scale, size: float) -> None:
    bar = figure.colorbar(image, ax=axes, shrink=0.8, aspect=30)
    if scale == "share":
        bar.set_label("share of the true class (white: none)", fontsize=size)
        return
    bar.set_label(f"{unit} (logarithmic scale, white: none)", fontsize=size)
    bar.ax.yaxis.set_major_formatter(lambda count, _: short_count(round(count)))
    bar.ax.yaxis.set_minor_formatter(NullFormatter())


def _write_numbers(axes: Axes, image: ScalarMappable, counts: np.ndarray, shares: np.ndarray | None) -> None:
    """Writes the shares, or else the counts, into the cells that are not zero, in black or white for contrast."""
    values = image.get_array()
    assert values is not None, "imshow has set the values"
    colours = image.to_rgba(values)
    for true, predicted in zip(*np.nonzero(counts), strict=True):
        count = short_count(counts[true, predicted])
        text = count if shares is None else f"{shares[true, predicted]:.2f}".lstrip("0")
        red, green, blue, _ = colours[true, predicted]
        colour = "white" if 0.3 * red + 0.6 * green + 0.1 * blue < 0.55 else "black"
        axes.text(predicted, true, text, ha="center", va="center", color=colour, fontsize=8)


def axis_name(name: str) -> str:
    return shorten(printable(name), MAX_NAME_LENGTH)


def run_title(name: str) -> str:
    return shorten(printable(name), MAX_RUN_NAME_LENGTH)


def short_count(count: int) -> str:
    """The count in at most four characters: 999, 12k, 3.4M."""
    for unit, size in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if count >= size:
            return f"{count / size:.1f}{unit}" if count < 10 * size else f"{count / size:.0f}{unit}"
    return str(count)


def draw_calibration(bins: Sequence[CalibrationBin], error: float, path: Path) -> None:
    """Draws how often predictions with a probability are correct. `error` is the expected calibration error."""
    probability, accuracy, count = (np.array(values) for values in zip(*bins, strict=True))
    figure = Figure(figsize=(6, 6.5), layout="constrained")
    curve, histogram = figure.subplots(2, 1, sharex=True, height_ratios=(4, 1))
    curve.plot([0, 1], [0, 1], color=GRAY, linestyle=":", label="perfect calibration")
    curve.plot(probability, accuracy, "o-", color=BLUE, label="this model")
    curve.set(ylabel="accuracy", xlim=(0, 1), ylim=(0, 1.02))
    curve.set_title(f"Calibration, expected calibration error {error:.3f}", fontsize=11)
    histogram.bar(probability, count, width=0.04, color=BLUE)
    histogram.set(xlabel="probability of the predicted class", ylabel="images")
    figure.legend(loc="outside upper center", ncols=2, fontsize=9)  # off the points, wherever they are
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
    """Draws a bar for the overall score of each class, the best on top, with markers for precision and recall.

    Arguments:
        overall: the name and the values of the overall score, such as F1. Values are (classes,), NaN for classes that
            do not occur.
        precision, recall: (classes,).
        unit: what the scores count, `images` or `pixels`.
    """
    name, values = overall
    order = np.argsort(np.nan_to_num(values, nan=-1), kind="stable")
    figure = Figure(figsize=(7, 1.8 + 0.26 * len(classes)), layout="constrained")
    axes, rows = figure.subplots(), np.arange(len(classes))
    bars = axes.barh(rows, values[order], color=PALE_BLUE, label=name)
    squares = axes.plot(precision[order], rows, "s", color=ORANGE, label="precision")
    dots = axes.plot(recall[order], rows, "o", color=BLUE, label="recall")
    axes.set_yticks(rows, [axis_name(classes[index]) for index in order], parse_math=False)
    axes.set(xlim=(-0.02, 1.02), ylim=(-0.7, len(classes) - 0.3), xlabel=f"score of each class, computed over {unit}")
    axes.grid(axis="x", alpha=0.3)
    figure.legend(handles=[bars, *squares, *dots], loc="outside upper center", ncols=3, fontsize=9)
    save_figure(figure, path)


def draw_scores_of_runs(
    classes: Sequence[str], runs: Sequence[str], scores: np.ndarray, title: str, path: Path
) -> None:
    """Draws the score of each class in each run, the class with the best mean on top.

    `scores` is (runs, classes), NaN for classes that do not occur.
    """
    order = np.argsort(np.nan_to_num(scores, nan=-1).mean(axis=0), kind="stable")
    ordered, rows = scores[:, order], np.arange(len(classes))
    figure = Figure(figsize=(7, 1.8 + 0.26 * len(classes) + 0.2 * len(runs)), layout="constrained")
    axes = figure.subplots()
    axes.hlines(rows, ordered.min(axis=0), ordered.max(axis=0), color=PALE_BLUE)
    looks = islice(cycle(product(MARKERS, SERIES_COLOURS)), len(runs))
    lines = [
        axes.plot(of_run, rows, marker, color=colour)[0]
        for of_run, (marker, colour) in zip(ordered, looks, strict=True)
    ]
    axes.set_yticks(rows, [axis_name(classes[index]) for index in order], parse_math=False)
    axes.set(xlim=(-0.02, 1.02), ylim=(-0.7, len(classes) - 0.3), xlabel=title)
    axes.grid(axis="x", alpha=0.3)
    legend = figure.legend(lines, list(map(run_title, runs)), loc="outside upper center", ncols=1, fontsize=9)
    for text in legend.get_texts():
        text.set_parse_math(False)
    save_figure(figure, path)
