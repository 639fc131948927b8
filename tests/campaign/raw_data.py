"""Raw data of each kind, as small as a command takes them: twelve images with classes, labels, masks and outlines."""

import csv
import json
from pathlib import Path

import numpy as np
from PIL import Image

COUNT, SIDE = 12, 32
CLASSES = ("cat", "dog")


def draw_raw_data(folder: Path) -> None:
    """Draws `by_class/`, `photos/`, `masks/`, and writes `labels.csv`, `several.csv` and `coco.json`."""
    random = np.random.default_rng(0)
    for name in ("photos", "masks", *(f"by_class/{name}" for name in CLASSES)):
        (folder / name).mkdir(parents=True)
    names = [f"photo{number}.png" for number in range(COUNT)]
    for number, name in enumerate(names):
        image = Image.fromarray(random.integers(0, 255, (SIDE, SIDE, 3), np.uint8))
        image.save(folder / "photos" / name)
        image.save(folder / "by_class" / CLASSES[number % 2] / name)
        mask = np.zeros((SIDE, SIDE), np.uint8)
        mask[:, : SIDE // 2] = 1 + number % 2
        Image.fromarray(mask).save(folder / "masks" / name)
    rows = [[name, number % 2, int(number % 3 > 0)] for number, name in enumerate(names)]
    _write_table(folder / "labels.csv", ["image", "label"], [[name, CLASSES[dog]] for name, dog, _ in rows])
    _write_table(folder / "several.csv", ["image", "dog", "red"], rows)
    (folder / "coco.json").write_text(json.dumps(_coco(names)))


def _write_table(path: Path, heading: list[str], rows: list[list]) -> None:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([heading, *rows])


def _coco(names: list[str]) -> dict[str, list[dict]]:
    """The left half of each image belongs to its class."""
    half, outline = SIDE // 2, [0, 0, SIDE // 2, 0, SIDE // 2, SIDE, 0, SIDE]
    return {
        "images": [
            {"id": number, "file_name": name, "width": SIDE, "height": SIDE} for number, name in enumerate(names)
        ],
        "annotations": [
            {"id": number, "image_id": number, "category_id": 1 + number % 2, "segmentation": [outline],
             "bbox": [0, 0, half, SIDE], "area": half * SIDE, "iscrowd": 0}
            for number in range(len(names))
        ],
        "categories": [{"id": 1 + number, "name": name} for number, name in enumerate(CLASSES)],
    }  # fmt: skip
