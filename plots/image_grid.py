"""Grids of images with a caption for each."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from plots.names import shorten
from plots.save import save_figure
from storage.tables import printable

if TYPE_CHECKING:
    import tensorflow as tf

MIN_COLUMNS, MAX_COLUMNS, MAX_IMAGES = 3, 6, 24
MAX_CAPTION_LENGTH = 28
"""Characters in a line of a caption."""

SMALLEST_NAMED_SHARE = 0.05
"""A caption of a mixed image leaves out classes with a smaller share."""


def draw_image_grid(images: Sequence[np.ndarray], captions: Sequence[str], path: Path, title: str = "") -> None:
    """Draws images (height, width, 3) of 0..255, at most six in a row, each with its caption above."""
    columns = min(max(len(images), MIN_COLUMNS), MAX_COLUMNS)
    rows = -(-len(images) // columns)
    figure = Figure(figsize=(2.1 * columns, 2.45 * rows + 0.5), layout="constrained")
    for axes in figure.subplots(rows, columns, squeeze=False).flat:
        axes.axis("off")
    for axes, image, caption in zip(figure.axes, images, captions, strict=False):
        axes.imshow(np.clip(image, 0, 255).astype(np.uint8), interpolation="nearest")
        axes.set_title("\n".join(map(_shorten, caption.split("\n"))), fontsize=8, parse_math=False)
    figure.suptitle(title, fontsize=11)
    save_figure(figure, path)


def _shorten(text: str) -> str:
    return shorten(printable(text), MAX_CAPTION_LENGTH)


def draw_training_images(batches: "tf.data.Dataset", classes: Sequence[str], path: Path) -> None:
    """Draws the first training batch after augmentation. The caption of a mixed image has the share of each class."""
    images, targets = next(iter(batches))[:2]
    images, targets = images[:MAX_IMAGES].numpy(), targets[:MAX_IMAGES].numpy()
    captions = ["\n".join(_class_shares(shares, classes)) for shares in targets]
    draw_image_grid(images, captions, path, "Training images after augmentation, with their labels")


def _class_shares(shares: np.ndarray, classes: Sequence[str]) -> list[str]:
    """The classes of an image and, if there are several, their shares; the largest first. `shares` is (classes,)."""
    return [
        classes[index] if shares[index] > 1 - SMALLEST_NAMED_SHARE else f"{classes[index]} {shares[index]:.0%}"
        for index in np.argsort(-shares)
        if shares[index] >= SMALLEST_NAMED_SHARE
    ]
