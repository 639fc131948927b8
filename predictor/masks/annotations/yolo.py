"""YOLO's text file of each image, https://docs.ultralytics.com/datasets/segment: a line for each polygon."""

import json
import re
from collections.abc import Sequence
from pathlib import Path

from predictor.image_names import place_below
from predictor.masks.annotations.picture import AnnotatedPicture

IMAGES, LABELS = "images", "labels"
"""Folders: of an image images/NAME.jpg, YOLO looks for the text file labels/NAME.txt."""


def name_of_copy(name: str) -> str:
    """The path of an image below IMAGES. There no other folder is called IMAGES: to find the labels of an image, YOLO
    replaces the last folder of this name in its path by LABELS. `images_` gets one more
    underscore, so that both folders stay apart."""
    *folders, file = place_below(Path(), name).parts
    return "/".join([*(f"{folder}_" if re.fullmatch(f"{IMAGES}_*", folder) else folder for folder in folders), file])


def text_of_image(picture: AnnotatedPicture) -> str:
    """For each region the index of its class, and x and y of its corners as fractions of width and height."""
    lines = [
        f"{region.label} {' '.join(f'{value:.7f}' for value in (region.polygon / picture.size).ravel())}\n"
        for region in picture.regions
    ]
    return "".join(lines)


def description(classes: Sequence[str]) -> str:
    """data.yaml. JSON's texts are YAML's too."""
    names = "".join(f"  {index}: {json.dumps(name, ensure_ascii=False)}\n" for index, name in enumerate(classes))
    return (
        "# Predicted by SceneLab. The images are in images/, their polygons in labels/, both beside this file.\n"
        f"train: {IMAGES}\nval: {IMAGES}\nnames:\n{names}"
    )
