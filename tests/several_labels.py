"""A small set of images with several labels: coloured shapes, whose colours say which labels an image has."""

import csv
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from tests.conftest import make_data_folder

LABELS = ("disc", "line", "square")


def draw_shapes(folder: Path, count: int = 60, side: int = 32, seed: int = 0) -> dict[str, tuple[str, ...]]:
    """Draws images with none to three shapes on noise. Returns the labels of each, by its name."""
    random, labels = np.random.default_rng(seed), {}
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        image = Image.fromarray(random.integers(60, 120, (side, side, 3), np.uint8))
        pen, (x, y) = ImageDraw.Draw(image), random.integers(8, side - 8, 2).tolist()
        has = random.random(len(LABELS)) < 0.45
        if has[0]:
            pen.ellipse((x - 6, y - 6, x + 6, y + 6), (255, 0, 0))
        if has[1]:
            pen.line((0, y, side, y), (0, 0, 255), 4)
        if has[2]:
            pen.rectangle((y - 5, x - 5, y + 5, x + 5), (0, 255, 0))
        image.save(folder / f"shape{number}.png")
        labels[f"shape{number}.png"] = tuple(name for name, is_there in zip(LABELS, has, strict=True) if is_there)
    return labels


def make_label_folder(root: Path, labels: dict[str, tuple[str, ...]], **settings: object) -> Path:
    """A data folder of the images in `root/raw`, by a table with a column of 0 and 1 for each label."""
    names = sorted({name for given in labels.values() for name in given})
    with (root / "labels.csv").open("w", newline="") as file:
        rows = ([image, *(int(name in given) for name in names)] for image, given in labels.items())
        csv.writer(file).writerows([["image", *names], *rows])
    paths = {"raw_images": root / "raw", "raw_labels": root / "labels.csv"}
    return make_data_folder(root / "data", source="labels", labels="several", **(paths | settings))
