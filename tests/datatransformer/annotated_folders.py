"""What the tests of annotation formats share: plain pictures of 20x10 pixels, and what a data folder was made of."""

import json
from pathlib import Path

import numpy as np
from PIL import Image

from tests.conftest import make_data_folder, table, write_image

WIDTH, HEIGHT = SIZE = 20, 10

LEFT_HALF = [0, 0, 10, 0, 10, 10, 0, 10]
"""x and y of the corners of the left half of a picture."""


def save_pictures(root: Path, *names: str, size: tuple[int, int] = SIZE, **options: object) -> Path:
    for number, name in enumerate(names):
        write_image(root / name, 20 * number, size, **options)
    return root


def save_json(path: Path, content: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def transform(raw: Path, **settings: object) -> Path:
    """Makes a data folder beside the raw one, by default with source auto."""
    return make_data_folder(raw.parent / f"data_of_{raw.name}", **{"raw_images": raw, "workers": 1} | settings)


def masks(data: Path) -> dict[str, np.ndarray]:
    """The mask of each image, by the name of its raw file."""
    rows = table(data / "manifest.csv")
    return {Path(row["source"]).name: np.array(Image.open(data / row["mask"])) for row in rows}


def counts(data: Path) -> dict[str, dict[str, int]]:
    """The pixels of each class in the mask of each image, by the name of its raw file."""
    names = {int(row["index"]): row["name"] for row in table(data / "classes.csv")} | {255: "void"}
    found = {}
    for file, mask in masks(data).items():
        values, pixels = np.unique(mask, return_counts=True)
        found[file] = {names[value]: number for value, number in zip(values.tolist(), pixels.tolist(), strict=True)}
    return found


def column(data: Path, key: str) -> dict[str, str]:
    """A column of the manifest, such as split, class or labels, by the names of the raw files."""
    return {Path(row["source"]).name: row[key] for row in table(data / "manifest.csv")}


def said(data: Path) -> str:
    """All sentences of the report."""
    content = json.loads((data / "report.json").read_text())
    return "\n".join(content["readings"] + content["warnings"])
