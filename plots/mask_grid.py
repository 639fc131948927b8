"""Grids of images and their masks, with a legend of the classes."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from datatransformer.layout import DataFolder
from plots.names import shorten, text_width
from plots.palette import VOID_COLOUR, VOID_NAME, colour_mask, palette
from plots.save import save_figure
from storage.tables import printable

if TYPE_CHECKING:
    import tensorflow as tf

CELL_WIDTH = 3.2
"""Width of an image in the figure, in inches."""

MAX_IMAGES = 6
"""Largest number of images in a figure."""

MAX_NAME_LENGTH = 28
"""Characters of a class name in the legend."""


def draw_masks(
    rows: Sequence[Sequence[np.ndarray]],
    titles: Sequence[str],
    captions: Sequence[str],
    classes: Sequence[str],
    colours: np.ndarray,
    path: Path,
) -> None:
    """Draws a row for each image.

    Arguments:
        rows: the columns of each row: RGB (height, width, 3) of 0..255 or class indices (height, width).
        titles: of the columns.
        captions: of the rows.
        classes, colours: names, and uint8 (classes, 3). The legend shows the classes that occur, and void.
    """
    shown = {int(index) for row in rows for image in row if image.ndim == 2 for index in np.unique(image)}
    names = {
        index: shorten(printable(classes[index]), MAX_NAME_LENGTH) for index in sorted(shown) if index < len(classes)
    }
    patches = [Patch(color=colours[index] / 255, label=name) for index, name in names.items()]
    if max(shown, default=0) >= len(classes):
        patches.append(Patch(color=VOID_COLOUR, label=VOID_NAME))
    height, width = rows[0][0].shape[:2]
    figure_width = CELL_WIDTH * len(titles)
    longest = max((text_width(str(patch.get_label())) for patch in patches), default=0)
    entry_width = 0.6 + 0.075 * longest  # inches at this font size
    legend_rows = -(-len(patches) // max(1, int(figure_width / entry_width)))
    legend_columns = -(-len(patches) // max(1, legend_rows))
    legend_height = 0.2 * legend_rows
    figure_height = (CELL_WIDTH * height / width + 0.25) * len(rows) + 0.6 + legend_height
    figure = Figure(figsize=(figure_width, figure_height), layout="constrained")
    grid = figure.subplots(len(rows), len(titles), squeeze=False)
    for axes_row, row, caption in zip(grid, rows, captions, strict=True):
        for axes, image in zip(axes_row, row, strict=True):
            pixels = colour_mask(image, colours) if image.ndim == 2 else np.clip(image, 0, 255).astype(np.uint8)
            axes.imshow(pixels, interpolation="nearest")
            axes.set(xticks=[], yticks=[])
        axes_row[0].set_ylabel("\n".join(map(printable, caption.split("\n"))), fontsize=8, parse_math=False)
    for axes, title in zip(grid[0], titles, strict=True):
        axes.set_title(title, fontsize=10)
    if patches:
        legend = figure.legend(handles=patches, loc="outside lower center", ncols=legend_columns, fontsize=8)
        for text in legend.get_texts():
            text.set_parse_math(False)
    save_figure(figure, path)


def draw_training_masks(batches: "tf.data.Dataset", data: DataFolder, path: Path) -> None:
    """Draws images and masks of the first training batch after augmentation."""
    images, masks = next(iter(batches))[:2]
    rows = list(zip(images[:MAX_IMAGES].numpy(), masks[:MAX_IMAGES].numpy().astype(np.uint8), strict=True))
    titles = ("training image after augmentation", "its mask")
    draw_masks(rows, titles, [""] * len(rows), data.classes, palette(data.colours), path)
