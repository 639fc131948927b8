"""Sheets of pictures with a line of text each."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from plots.save import save_figure
from storage.tables import printable

COLUMNS, MOST = 6, 24
LONGEST_LINE = 28
NAMED_SHARE = 0.05
"""Classes with less of a mixed label are not named."""


def draw_sheet(images: Sequence[np.ndarray], captions: Sequence[str], path: Path, title: str = "") -> None:
    """Pictures (height, width, 3) of 0..255, six in a row, each under its caption."""
    rows = -(-len(images) // COLUMNS)
    figure = Figure(figsize=(2.1 * COLUMNS, 2.45 * rows + 0.5), layout="constrained")
    for axes in figure.subplots(rows, COLUMNS, squeeze=False).flat:
        axes.axis("off")
    for axes, image, caption in zip(figure.axes, images, captions, strict=False):
        axes.imshow(np.clip(image, 0, 255).astype(np.uint8), interpolation="nearest")
        axes.set_title("\n".join(map(_short, caption.split("\n"))), fontsize=8, parse_math=False)
    figure.suptitle(title, fontsize=11)
    save_figure(figure, path)


def _short(line: str) -> str:
    line = printable(line)
    return line if len(line) <= LONGEST_LINE else f"{line[: LONGEST_LINE - 1]}…"


def draw_batch(batches, classes: Sequence[str], path: Path) -> None:
    """The first training batch as the model will see it; a mixed picture is captioned with its shares."""
    images, targets = next(iter(batches))[:2]
    images, targets = images[:MOST].numpy(), targets[:MOST].numpy()
    captions = [
        "\n".join(
            classes[index] if of_image[index] > 1 - NAMED_SHARE else f"{classes[index]} {of_image[index]:.0%}"
            for index in np.argsort(-of_image)
            if of_image[index] >= NAMED_SHARE
        )
        for of_image in targets
    ]
    draw_sheet(images, captions, path, "Training images after augmentation, with their labels")
