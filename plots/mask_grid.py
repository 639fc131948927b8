"""Pictures beside their masks, true and predicted, with a legend of the classes."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from datatransformer.layout import DataFolder
from plots.palette import coloured, palette
from plots.save import save_figure
from storage.tables import printable

SIDE = 3.2
"""Of a picture on a sheet, in inches."""

MAX_IMAGES = 6
"""Pictures on a sheet."""


def draw_masks(
    rows: Sequence[Sequence[np.ndarray]],
    titles: Sequence[str],
    captions: Sequence[str],
    classes: Sequence[str],
    colours: np.ndarray,
    path: Path,
) -> None:
    """Arguments:
    rows: for each picture its columns: RGB (height, width, 3) or class indices (height, width).
    titles: of the columns.
    captions: of the rows.
    classes, colours: their names and (classes, 3) uint8.
    """
    height, width = rows[0][0].shape[:2]
    size = (SIDE * len(titles), (SIDE * height / width + 0.25) * len(rows) + 0.9)
    figure = Figure(figsize=size, layout="constrained")
    grid = figure.subplots(len(rows), len(titles), squeeze=False)
    shown = set()
    for axes_of_row, row, caption in zip(grid, rows, captions, strict=True):
        for axes, image in zip(axes_of_row, row, strict=True):
            if image.ndim == 2:
                shown |= set(np.unique(image).tolist())
                image = coloured(image, colours)
            axes.imshow(np.clip(image, 0, 255).astype(np.uint8), interpolation="nearest")
            axes.set(xticks=[], yticks=[])
        axes_of_row[0].set_ylabel("\n".join(map(printable, caption.split("\n"))), fontsize=8, parse_math=False)
    for axes, title in zip(grid[0], titles, strict=True):
        axes.set_title(title, fontsize=10)
    patches = [
        Patch(color=colours[index] / 255, label=printable(name)) for index, name in enumerate(classes) if index in shown
    ]
    legend = figure.legend(handles=patches, loc="outside lower center", ncols=min(6, max(len(patches), 1)), fontsize=8)
    for text in legend.get_texts():
        text.set_parse_math(False)
    save_figure(figure, path)


def draw_batch(batches, data: DataFolder, path: Path) -> None:
    """The first training batch as the network will see it."""
    images, masks = next(iter(batches))[:2]
    rows = list(zip(images[:MAX_IMAGES].numpy(), masks[:MAX_IMAGES].numpy().astype(np.uint8), strict=True))
    titles = ("training image after augmentation", "its mask")
    draw_masks(rows, titles, [""] * len(rows), data.classes, palette(data.colours), path)
