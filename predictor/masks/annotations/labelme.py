"""labelme's JSON of each image, https://github.com/wkentaro/labelme: polygons."""

import json
import os
from pathlib import Path

from predictor.masks.annotations.picture import AnnotatedPicture
from storage.tables import printable

VERSION = "5.5.0"
"""The version of labelme whose files these are like."""


def text_of_image(picture: AnnotatedPicture, folder: Path) -> str:
    """The JSON for a file in `folder`, from which the path of the image leads."""
    width, height = picture.size
    shapes = [
        {
            "label": picture.classes[region.label],
            "points": region.polygon.round(2).tolist(),
            "group_id": None,
            "description": "",
            "shape_type": "polygon",
            "flags": {},
            "mask": None,
        }
        for region in picture.regions
    ]
    content: dict[str, object] = {
        "version": VERSION,
        "flags": {},
        "shapes": shapes,
        "imagePath": printable(os.path.relpath(picture.path, folder)),
        "imageData": None,
        "imageHeight": height,
        "imageWidth": width,
    }
    return json.dumps(content, ensure_ascii=False, indent=1) + "\n"
