"""Joins many small images of the same size into one."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from plots.save import save_figure
from storage.tables import printable

GAP = 2
"""White pixels between images."""

CELL_HEIGHT = 0.75
"""Height of an image in a figure, in inches."""

Rows = Sequence[Sequence[np.ndarray] | np.ndarray]
"""Rows of images (height, width, 3) of 0..255, all of the same size."""


def mosaic(rows: Rows) -> np.ndarray:
    """All images as one, RGB uint8. White fills the end of short rows."""
    columns = max(map(len, rows))
    white = np.full_like(rows[0][0], 255)
    filled = np.array([[*row, *[white] * (columns - len(row))] for row in rows])
    framed = np.pad(filled, ((0, 0), (0, 0), (0, GAP), (0, GAP), (0, 0)), constant_values=255)
    joined = np.concatenate(np.concatenate(framed, axis=1), axis=1)
    return np.clip(np.round(joined[:-GAP, :-GAP]), 0, 255).astype(np.uint8)


def draw_mosaic(rows: Rows, path: Path, title: str, labels: Sequence[str] = (), columns: str = "") -> None:
    """Draws the images with a title. `labels` are written to the left of the rows, `columns` below the figure."""
    height, width = rows[0][0].shape[:2]
    size = CELL_HEIGHT * max(map(len, rows)) * width / height + 1.5, CELL_HEIGHT * len(rows) + 1
    figure = Figure(figsize=(max(size[0], 5), size[1]), layout="constrained")
    axes = figure.subplots()
    axes.imshow(mosaic(rows), interpolation="nearest")
    middles = [row * (height + GAP) + height / 2 for row in range(len(labels))]
    axes.set_yticks(middles, map(printable, labels), parse_math=False)
    axes.tick_params(length=0)
    axes.set(xticks=[], xlabel=columns, frame_on=False)
    axes.set_title(title, fontsize=11)
    save_figure(figure, path)
