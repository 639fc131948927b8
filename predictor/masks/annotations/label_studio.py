"""Label Studio's tasks with predictions, https://labelstud.io/guide/predictions: polygons, brushes where holes are."""

import json
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import quote

import numpy as np

from predictor.masks.annotations.brush import brush
from predictor.masks.annotations.coco import DescribedPictures
from predictor.masks.annotations.picture import AnnotatedPicture
from predictor.masks.annotations.regions import Region

FILE = "tasks.json"
CONFIG = "labeling_config.xml"

LOCAL_FILES = "/data/local-files/?d="
"""How Label Studio asks its server for a file below LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT."""


def describe(picture: AnnotatedPicture) -> dict[str, Any]:
    """The task of an image. The document root is the folder that holds the folder of images."""
    path = "/".join(part for part in (picture.folder.resolve().name, picture.name.lstrip("/")) if part)
    results = [_result(region, number, picture) for number, region in enumerate(picture.regions, 1)]
    return {
        "data": {"image": LOCAL_FILES + quote(path, errors="surrogateescape")},
        "predictions": [{"model_version": "SceneLab", "result": results}],
    }


def text_of_file(pictures: DescribedPictures, classes: Sequence[str]) -> Iterator[str]:
    """Yields the file in pieces."""
    yield "[\n"
    for number, picture in enumerate(pictures(), 1):
        yield (",\n" if number > 1 else "") + json.dumps(picture, ensure_ascii=False)
    yield "\n]\n"


def config(classes: Sequence[str], colours: np.ndarray) -> str:
    """The labelling configuration. `colours`: uint8 (classes, 3)."""
    from xml.sax.saxutils import quoteattr

    labels = [
        f'    <Label value={quoteattr(name)} background="#{bytes(colour.tolist()).hex()}"/>\n'
        for name, colour in zip(classes, colours, strict=True)
    ]
    groups = [
        f'  <{tag} name="{name}" toName="image">\n{"".join(labels)}  </{tag}>\n'
        for tag, name in (("PolygonLabels", "polygon"), ("BrushLabels", "brush"))
    ]
    image = '  <Image name="image" value="$image" zoom="true" zoomControl="true"/>\n'
    return f"<View>\n{image}{''.join(groups)}</View>\n"


def _result(region: Region, number: int, picture: AnnotatedPicture) -> dict[str, Any]:
    width, height = picture.size
    labels = [picture.classes[region.label]]
    value: dict[str, Any]
    if region.inside is None:
        kind = "polygon"
        points = (region.polygon * 100 / (width, height)).round(7).tolist()
        value = {"points": points, "closed": True, "polygonlabels": labels}
    else:
        kind = "brush"
        left, top, box_width, box_height = region.box
        pixels = np.zeros((height, width), bool)
        pixels[top : top + box_height, left : left + box_width] = region.inside
        value = {"format": "rle", "rle": brush(pixels), "brushlabels": labels}
    return {
        "id": f"region{number}",
        "type": f"{kind}labels",
        "from_name": kind,
        "to_name": "image",
        "original_width": width,
        "original_height": height,
        "image_rotation": 0,
        "value": value,
    }
