"""Many small pictures as one."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from plots.save import save_figure
from storage.tables import printable

GAP = 2
"""White pixels between pictures."""

SIDE = 0.75
"""Of a picture in inches."""


def mosaic(rows: Sequence[Sequence[np.ndarray]]) -> np.ndarray:
    """Rows of pictures (height, width, 3) of 0..255, all of one size -> one, uint8; a short row ends in white."""
    columns = max(map(len, rows))
    white = np.full_like(rows[0][0], 255)
    filled = np.array([[*row, *[white] * (columns - len(row))] for row in rows])
    framed = np.pad(filled, ((0, 0), (0, 0), (0, GAP), (0, GAP), (0, 0)), constant_values=255)
    joined = np.concatenate(np.concatenate(framed, axis=1), axis=1)
    return np.clip(np.round(joined[:-GAP, :-GAP]), 0, 255).astype(np.uint8)


def draw_mosaic(
    rows: Sequence[Sequence[np.ndarray]], path: Path, title: str, labels: Sequence[str] = (), columns: str = ""
) -> None:
    """With a title above, a label to the left of each row if there are labels, and a line on the columns below."""
    height, width = rows[0][0].shape[:2]
    size = SIDE * max(map(len, rows)) * width / height + 1.5, SIDE * len(rows) + 1
    figure = Figure(figsize=(max(size[0], 5), size[1]), layout="constrained")
    axes = figure.subplots()
    axes.imshow(mosaic(rows), interpolation="nearest")
    axes.set_yticks([row * (height + GAP) + height / 2 for row in range(len(labels))], map(printable, labels))
    axes.tick_params(length=0)
    axes.set(xticks=[], xlabel=columns, frame_on=False)
    axes.set_title(title, fontsize=11)
    save_figure(figure, path)
