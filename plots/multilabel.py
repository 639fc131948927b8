"""Figures of predictions where an image may have several labels: precision-recall curves, and labels that co-occur."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from plots.palette import BLUE, GRAY, ORANGE
from plots.save import save_figure
from plots.scores import COLOUR_MAP, axis_name
from storage.tables import printable, write_table

MAX_PANELS = 24
"""Classes that get a precision-recall curve in a panel of their own; with more, the weakest ones get one."""

COLUMNS = 4

MAX_NUMBERED_CLASSES = 20
"""Largest number of classes for which the figure of co-occurrence has numbers in its cells."""


def draw_precision_recall(
    curves: Sequence[tuple[np.ndarray, np.ndarray]],
    average_precision: np.ndarray,
    chosen: np.ndarray,
    classes: Sequence[str],
    path: Path,
) -> None:
    """Draws the precision-recall curve of each class that some image has, the worst average precision first.

    Arguments:
        curves: recall and precision (points,) of each class at falling thresholds, with recall 0..1 rising.
        average_precision: (classes,); NaN for classes that no image has. These are not drawn.
        chosen: recall and precision at the threshold of each class, (classes, 2): a dot; NaN for no dot, where no
            probability reaches the threshold.
    """
    drawn = np.flatnonzero(np.isfinite(average_precision))
    drawn = drawn[np.argsort(average_precision[drawn], kind="stable")][:MAX_PANELS]
    columns = min(max(len(drawn), 2), COLUMNS)
    rows = max(-(-len(drawn) // columns), 1)
    figure = Figure(figsize=(2.6 * columns, 2.5 * rows + 0.7), layout="constrained")
    panels = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).flat
    for axes in panels:
        axes.set_visible(False)
    for label, axes in zip(drawn.tolist(), figure.axes, strict=False):
        _draw_curve(axes, *curves[label], chosen[label])
        axes.set_title(f"{axis_name(classes[label])}\nAP {average_precision[label]:.3f}", fontsize=9, parse_math=False)
    of_all = "" if len(drawn) == np.isfinite(average_precision).sum() else f" of the {len(drawn)} weakest classes"
    never = "; no dot: never predicted" if np.isnan(chosen[drawn]).any() else ""
    figure.suptitle(f"Precision and recall{of_all}; dot: the class's threshold{never}", fontsize=11)
    figure.supxlabel("recall", fontsize=10)
    figure.supylabel("precision", fontsize=10)
    save_figure(figure, path)


def _draw_curve(axes: Axes, recall: np.ndarray, precision: np.ndarray, chosen: np.ndarray) -> None:
    axes.set_visible(True)
    axes.step(np.append(0, recall), np.append(precision[:1], precision), where="pre", color=BLUE)
    axes.plot(*chosen, "o", color=ORANGE)
    axes.set(xlim=(-0.03, 1.03), ylim=(-0.03, 1.03))
    axes.tick_params(labelsize=8, labelbottom=True)
    axes.grid(alpha=0.3)


def draw_co_occurrence(true: np.ndarray, predicted: np.ndarray, classes: Sequence[str], path: Path) -> None:
    """Draws how often two labels come together, side by side for the true and the predicted labels; also a CSV.

    `true` and `predicted` are counts (classes, classes) of images that have both labels, on the diagonal of images
    that have the label. Colours are shares of the images with the label of the row.
    """
    names = [printable(name) for name in classes]
    rows = (
        (names[one], names[other], true[one, other], predicted[one, other])
        for one, other in np.ndindex(true.shape)
        if true[one, other] or predicted[one, other]
    )
    write_table(path.with_suffix(".csv"), ("label", "with", "images", "predicted_images"), rows)
    side = float(np.clip(2.5 + 0.34 * len(classes), 4.5, 14))
    figure = Figure(figsize=(2 * side + 1, side + 0.6), layout="constrained")
    panels = figure.subplots(1, 2, sharey=True)
    size = float(np.clip(500 / len(classes), 2.5, 10))
    shown = [axis_name(name) for name in classes]
    for axes, counts, title in zip(panels, (true, predicted), ("true labels", "predicted labels"), strict=True):
        shares = counts / np.maximum(np.diag(counts), 1)[:, None]
        image = axes.imshow(np.ma.masked_equal(shares, 0), COLOUR_MAP, vmin=0, vmax=1)
        axes.set_xticks(range(len(classes)), shown, rotation=90, fontsize=size, parse_math=False)
        axes.set_yticks(range(len(classes)), shown, fontsize=size, parse_math=False)
        axes.set_title(title, fontsize=11)
        if len(classes) <= MAX_NUMBERED_CLASSES:
            _write_numbers(axes, counts, shares)
    panels[0].set_ylabel("images with this label ...", color=GRAY)
    figure.supxlabel(
        "... that also have this one (on the diagonal: all images with the label)", fontsize=10, color=GRAY
    )
    figure.colorbar(image, ax=panels, shrink=0.8, label="share of the images of the row (white: none)")
    save_figure(figure, path)


def _write_numbers(axes: Axes, counts: np.ndarray, shares: np.ndarray) -> None:
    for row, column in zip(*np.nonzero(counts), strict=True):
        colour = "white" if shares[row, column] > 0.45 else "black"
        axes.text(column, row, str(counts[row, column]), ha="center", va="center", color=colour, fontsize=7)
