"""COCO's JSON of all images (Lin et al. 2014, https://cocodataset.org): polygons, and run lengths where holes are."""

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from predictor.masks.annotations.picture import AnnotatedPicture
from predictor.masks.annotations.regions import Region
from storage.tables import printable

FILE = "annotations.json"

DescribedPictures = Callable[[], Iterator[dict[str, Any]]]
"""Starts a new pass over what `describe` returned for each image."""


def describe(picture: AnnotatedPicture) -> dict[str, Any]:
    """An image and its annotations, without ids."""
    width, height = picture.size
    image = {"file_name": printable(picture.name), "width": width, "height": height}
    return {"image": image, "annotations": [_annotation(region, picture.size) for region in picture.regions]}


def text_of_file(pictures: DescribedPictures, classes: Sequence[str]) -> Iterator[str]:
    """Yields the file in pieces. Ids begin at 1, as in COCO's own files: 0 means background to some programs."""
    categories = [{"id": number, "name": name, "supercategory": ""} for number, name in enumerate(classes, 1)]
    about = {"info": {"description": "Predicted by SceneLab"}, "licenses": [], "categories": categories}
    yield f'{_json(about)[:-1]},\n"images": [\n'
    for number, picture in enumerate(pictures(), 1):
        yield (",\n" if number > 1 else "") + _json({"id": number, **picture["image"]})
    yield '\n],\n"annotations": [\n'
    annotation_id = 0
    for number, picture in enumerate(pictures(), 1):
        for annotation in picture["annotations"]:
            annotation_id += 1
            ids = {"id": annotation_id, "image_id": number}
            yield (",\n" if annotation_id > 1 else "") + _json(ids | annotation)
    yield "\n]}\n"


def _annotation(region: Region, size: tuple[int, int]) -> dict[str, Any]:
    return {
        "category_id": region.label + 1,
        "segmentation": _segmentation(region, size),
        "area": region.area,
        "bbox": list(region.box),
        "iscrowd": 0,
    }


def _segmentation(region: Region, size: tuple[int, int]) -> list[list[float]] | dict[str, Any]:
    """A polygon, or compressed run lengths."""
    from pycocotools import mask

    if region.inside is None:
        return [region.polygon.round(2).ravel().tolist()]
    width, height = size
    left, top, box_width, box_height = region.box
    pixels = np.zeros((height, width), np.uint8, order="F")
    pixels[top : top + box_height, left : left + box_width] = region.inside
    return {"size": [height, width], "counts": mask.encode(pixels)["counts"].decode()}


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
