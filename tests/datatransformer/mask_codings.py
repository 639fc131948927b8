"""Folders of images with masks of every coding, and what they should become."""

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from PIL import Image

from datatransformer.layout import read_data_folder
from tests.conftest import make_data_folder, rejection_reasons, table

SIZE = 64
Make = Callable[[int], np.ndarray]


def disc(number: int, size: int = SIZE) -> np.ndarray:
    """A mask of 0 and 1."""
    y, x = np.mgrid[:size, :size]
    row, column = np.random.default_rng(number).integers(size // 3, 2 * size // 3, 2)
    return ((y - row) ** 2 + (x - column) ** 2 < (size * 0.26) ** 2).astype(np.uint8)


def three(number: int, size: int = SIZE) -> np.ndarray:
    """A mask of 0, 1 and 2."""
    outer = disc(number, size)
    return outer + (outer & np.roll(outer, size // 5, 1))


def coded(values: list[int], truth: Make = three, dtype: type = np.uint8) -> Make:
    """A mask with these values instead of 0, 1, 2."""
    return lambda number: np.array(values, dtype)[truth(number)]


def smooth(values: list[int], truth: Callable[[int, int], np.ndarray] = three) -> Make:
    """The same, resized with interpolation."""

    def make(number: int) -> np.ndarray:
        large = Image.fromarray(np.array(values, np.uint8)[truth(number, 200)])
        return np.array(large.resize((SIZE, SIZE), Image.Resampling.BILINEAR))

    return make


def with_pixels(make: Make, value: int, pixels: int = 1, masks: range = range(2, 3)) -> Make:
    """The same with a few stray pixels in some masks."""

    def change(number: int) -> np.ndarray:
        values = make(number).copy()
        if number in masks:
            values[0, :pixels] = value
        return values

    return change


def some(make: Make, masks: range) -> Make:
    """The same in some masks; the others are empty."""
    return lambda number: make(number) * (number in masks)


def write_masks(folder: Path, make: Make, count: int = 10, suffix: str = "png", **options: object) -> Path:
    """Images and their masks in folder/raw, which is returned."""
    raw = folder / "raw"
    for number in range(count):
        values = make(number)
        photograph = np.random.default_rng(number).integers(0, 255, (*values.shape[:2], 3), np.uint8)
        for kind, array, name in (("images", photograph, "jpg"), ("masks", values, suffix)):
            path = raw / kind / f"{number:02d}.{name}"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(array).save(path, **(options if kind == "masks" else {}))
    return raw


def transform(raw: Path, names: str | None = None, data: str = "data", **settings: object) -> Path:
    """Makes a data folder beside the raw one. `names`: the lines of the file of class names, apart by blanks."""
    if names is not None:
        file = raw.parent / f"{data}.csv"
        file.write_text("\n".join(names.split()) + "\n")
        settings["class_names"] = file
    return make_data_folder(raw.parent / data, source="masks", raw_images=raw, workers=2, **settings)


def check_masks(data: Path, truth: Make, expected: Mapping[int, str]) -> None:
    """Asserts that each value of the truth has become the expected class, or void, in all masks."""
    classes = read_data_folder(data, "segmentation").classes
    rows = table(data / "manifest.csv")
    assert rows and rejection_reasons(data) == {}
    for row in rows:
        values = truth(int(Path(row["source"]).stem))
        with Image.open(data / row["mask"]) as mask:
            found = np.array(mask)
        for value, name in expected.items():
            index = 255 if name == "void" else classes.index(name)
            assert (found[values == value] == index).all(), (row["source"], value, name)
