"""Writes small raw data in the format of each annotation tool."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

SIDE = 32
"""Pixels of the sides of the pictures."""

CLASSES = ("cat", "dog")

POLYGON = [(4, 4), (20, 4), (20, 28), (4, 28)]
"""Corners of the shape of each picture, as x and y. Pictures take the classes in turn."""

BOX = (24, 8, 30, 20)
"""Left, top, right and bottom of the box of each picture, which has the class of the shape."""


def save(tool: str, root: Path, names: Sequence[str]) -> None:
    """Random pictures NAME.png, the first of 16 bits, each with a shape and a box, and their annotations."""
    random = np.random.default_rng(0)
    folder = root / ("images/train" if tool == "yolo" else "images")
    folder.mkdir(parents=True)
    for name in names:
        dtype = np.uint16 if name == names[0] else np.uint8
        values = random.integers(0, np.iinfo(dtype).max, (SIDE, SIDE), dtype)
        Image.fromarray(values).save(folder / f"{name}.png")
    FORMATS[tool](root, names)


def _coco(root: Path, names: Sequence[str]) -> None:
    left, top, right, bottom = BOX
    images, annotations = [], []
    for number, name in enumerate(names):
        images.append({"id": number, "file_name": f"{name}.png", "width": SIDE, "height": SIDE})
        common = {"image_id": number, "category_id": 3 + number % 2, "iscrowd": 0}
        outline = [float(value) for corner in POLYGON for value in corner]
        annotations.append({"id": 2 * number, "bbox": [4, 4, 16, 24], "segmentation": [outline], **common})
        box = [left, top, right - left, bottom - top]
        annotations.append({"id": 2 * number + 1, "bbox": box, "segmentation": [], **common})
    categories = [{"id": 3 + number, "name": name} for number, name in enumerate(CLASSES)]
    content = {"images": images, "annotations": annotations, "categories": categories}
    (root / "instances.json").write_text(json.dumps(content))


def _yolo(root: Path, names: Sequence[str]) -> None:
    left, top, right, bottom = (value / SIDE for value in BOX)
    folder = root / "labels" / "train"
    folder.mkdir(parents=True)
    outline = " ".join(f"{value / SIDE}" for corner in POLYGON for value in corner)
    box = f"{(left + right) / 2} {(top + bottom) / 2} {right - left} {bottom - top}"
    for number, name in enumerate(names):
        (folder / f"{name}.txt").write_text(f"{number % 2} {outline}\n{number % 2} {box}\n")
    (root / "data.yaml").write_text(f"train: images/train\nnames: [{', '.join(CLASSES)}]\n")


def _labelme(root: Path, names: Sequence[str]) -> None:
    left, top, right, bottom = BOX
    for number, name in enumerate(names):
        label = CLASSES[number % 2]
        shapes = [
            {"label": label, "points": POLYGON, "shape_type": "polygon", "flags": {}},
            {"label": label, "points": [(left, top), (right, bottom)], "shape_type": "rectangle", "flags": {}},
        ]
        content = {"version": "5.0.0", "flags": {}, "shapes": shapes, "imageData": None, "imagePath": f"{name}.png"}
        content |= {"imageHeight": SIDE, "imageWidth": SIDE}
        (root / "images" / f"{name}.json").write_text(json.dumps(content))


def _cvat(root: Path, names: Sequence[str]) -> None:
    left, top, right, bottom = BOX
    points = ";".join(f"{x},{y}" for x, y in POLYGON)
    images = ""
    for number, name in enumerate(names):
        label = CLASSES[number % 2]
        images += (
            f'<image id="{number}" name="{name}.png" width="{SIDE}" height="{SIDE}">'
            f'<polygon label="{label}" points="{points}" z_order="0"/>'
            f'<box label="{label}" xtl="{left}" ytl="{top}" xbr="{right}" ybr="{bottom}" z_order="0"/></image>\n'
        )
    labels = "".join(f"<label><name>{name}</name></label>" for name in CLASSES)
    meta = f"<meta><task><labels>{labels}</labels></task></meta>"
    (root / "annotations.xml").write_text(f"<annotations><version>1.1</version>{meta}{images}</annotations>")


def _label_studio(root: Path, names: Sequence[str]) -> None:
    left, top, right, bottom = (value * 100 / SIDE for value in BOX)
    tasks = []
    for number, name in enumerate(names):
        label = [CLASSES[number % 2]]
        polygon = {"points": [[x * 100 / SIDE, y * 100 / SIDE] for x, y in POLYGON], "polygonlabels": label}
        box = {"x": left, "y": top, "width": right - left, "height": bottom - top, "rectanglelabels": label}
        common = {"original_width": SIDE, "original_height": SIDE, "from_name": "label", "to_name": "image"}
        result = [
            {"id": "a", "type": "polygonlabels", "value": polygon, **common},
            {"id": "b", "type": "rectanglelabels", "value": {**box, "rotation": 0}, **common},
        ]
        annotations = [{"id": number, "was_cancelled": False, "result": result}]
        tasks.append({"id": number, "data": {"image": f"/data/upload/1/{name}.png"}, "annotations": annotations})
    (root / "export.json").write_text(json.dumps(tasks))


FORMATS: dict[str, Callable[[Path, Sequence[str]], None]] = {
    "coco": _coco,
    "yolo": _yolo,
    "labelme": _labelme,
    "cvat": _cvat,
    "label-studio": _label_studio,
}
"""What writes the annotations of each format."""
