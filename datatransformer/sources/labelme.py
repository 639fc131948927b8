"""labelme, https://github.com/wkentaro/labelme: a JSON file for each image, with shapes and flags."""

import base64
import binascii
import json
import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from datatransformer.annotations.files import annotation_files
from datatransformer.folders.folder_split import split_of_path
from datatransformer.folders.raw_files import names_below
from datatransformer.listing import Listing, Rejected
from datatransformer.sources import Evidence
from settings import SettingError, WorkError, bad_setting
from storage.exhausted import raise_if_ran_out

if TYPE_CHECKING:
    from config import DataTransformerConfig
    from datatransformer.annotations.annotated import AnnotatedImage, Annotations
    from datatransformer.annotations.shapes import Shape
    from datatransformer.pictures.images import EncodedImage
    from datatransformer.report import Report

TASKS = ("segmentation", "classification", "multilabel")
SETTINGS = ("raw_images", "class_names", "merge_classes", "void", "attribute", "boxes", "range", "max_pixels", "link")
NAMED_BY = ()

IGNORE_FLAG = "__ignore__"
KINDS = {
    "polygon": "outlined polygon", "rectangle": "outlined rectangle", "circle": "outlined circle", "mask": "bitmap",
    "oriented_rectangle": "outlined polygon", "rotation": "outlined polygon",
}  # fmt: skip
"""The kind of shape that labelme's converter draws for each type. `rotation` is of programs that write this format."""

WITHOUT_AREA = ("line", "linestrip", "point", "points")
FEWEST_POINTS = {"outlined polygon": 3, "outlined rectangle": 2, "outlined circle": 2}


def recognises(settings: "DataTransformerConfig") -> list[Evidence]:
    """A JSON file of labelme in the raw folder or a folder in it."""
    root = settings.raw_images
    files = annotation_files(root, "labelme", (".json",)) if root else []
    inside = [path for path in files if root and path.is_relative_to(root)]
    return [Evidence(f"{inside[0]} is a file of labelme", overrides=("folders", "labels"))] if inside else []


def read(settings: "DataTransformerConfig", report: "Report") -> Listing:
    """Raises SettingError without `raw_images`, WorkError if there are no files of labelme."""
    from datatransformer.annotations.annotated import Annotations
    from datatransformer.annotations.listing import list_annotated

    root = settings.raw_images
    if root is None:
        raise SettingError(
            bad_setting("raw_images", None, "source labelme needs the folder of images and their JSON files")
        )
    if not any(name.lower().endswith(".json") for name, _ in names_below(root)):
        raise WorkError(f"{root} holds no JSON files. Name the folder that holds those of labelme and the images.")
    annotations = Annotations("labelme", f"the JSON files in {root}", "has no JSON file of labelme")
    annotations.attribute = settings.attribute or ""
    annotations.images = _images(root, annotations)
    return list_annotated(annotations, settings, report, root, _read_image)


def _images(root: Path, annotations: "Annotations") -> "Iterator[AnnotatedImage | Rejected]":
    from datatransformer.annotations.files import BadAnnotation, read_json

    for name, _ in names_below(root):
        if name.lower().endswith(".json"):
            try:
                yield _image(name, read_json(root / name), annotations)
            except BadAnnotation as error:
                yield Rejected(f"{root}/{name}", str(error))


def _image(name: str, content: Any, annotations: "Annotations") -> "AnnotatedImage | Rejected":
    from datatransformer.annotations.annotated import AnnotatedImage, as_label
    from datatransformer.annotations.files import BadAnnotation, size_of

    if not isinstance(content, dict) or not isinstance(content.get("shapes"), list):
        raise BadAnnotation("is no annotation of labelme: it has no list of shapes")
    size = size_of(content.get("imageWidth"), content.get("imageHeight"))
    shapes = [_shape(shape, number, annotations) for number, shape in enumerate(content["shapes"], 1)]
    flags = content.get("flags") or {}
    if not isinstance(flags, dict):
        raise BadAnnotation("its flags are no names with true and false")
    tags = tuple(as_label(flag) for flag, is_set in flags.items() if is_set is True)
    if IGNORE_FLAG in tags:
        raise BadAnnotation(f"is flagged {IGNORE_FLAG}")
    folder = PurePosixPath(name).parent
    image_path = content.get("imagePath")
    names = [(folder / PurePosixPath(name).stem).as_posix()]
    if isinstance(image_path, str) and image_path.strip():
        path = image_path.strip().replace("\\", "/")
        names.insert(0, path if path[1:2] == ":" else os.path.normpath(folder / path))
    holder = name if isinstance(content.get("imageData"), str) else ""
    drawn = tuple(shape for shape in shapes if shape)
    return AnnotatedImage(tuple(names), name, size, drawn, tags=tags, split=split_of_path(name), holder=holder)


def _shape(shape: Any, number: int, annotations: "Annotations") -> "Shape | None":
    """A shape; None if it has no area. Raises BadAnnotation."""
    from datatransformer.annotations.annotated import as_label
    from datatransformer.annotations.files import BadAnnotation, ring_of, shortened
    from datatransformer.annotations.shapes import Shape

    if not isinstance(shape, dict) or not isinstance(shape.get("label"), str | int):
        raise BadAnnotation(f"shape {number} has no label")
    kind = str(shape.get("shape_type") or "polygon")
    if kind in WITHOUT_AREA:
        annotations.remarks["Lines and points, which have no area and are not used"] += 1
        return None
    if kind not in KINDS:
        raise BadAnnotation(f"shape {number} is of the type {shortened(kind)}, which is not known")
    try:
        ring = ring_of(shape.get("points"))
    except BadAnnotation as error:
        raise BadAnnotation(f"shape {number}: {error}") from error
    of_shape = [shape[key] for key in ("flags", "attributes") if isinstance(shape.get(key), dict)]
    label = annotations.label_of(as_label(shape["label"]), {key: part[key] for part in of_shape for key in part})
    if KINDS[kind] == "bitmap":
        if len(ring) != 4 or not isinstance(shape.get("mask"), str):
            raise BadAnnotation(f"shape {number} is a mask without two points and a picture")
        return Shape(label, "bitmap", [int(ring[0]), int(ring[1]), shape["mask"]])
    if len(ring) < 2 * FEWEST_POINTS[KINDS[kind]]:
        annotations.remarks["Shapes of too few points, which have no area and are not used"] += 1
        return None
    return Shape(label, KINDS[kind], ring)


def _read_image(path: str) -> "EncodedImage":
    """As `read_image`; from a JSON file, the image that is inside."""
    from datatransformer.pictures.images import EncodedImage, UnreadableImage, encode, read_image

    if not path.lower().endswith(".json"):
        return read_image(path)
    try:
        with open(path, "rb") as file:
            content = base64.b64decode(json.load(file)["imageData"])
    except (OSError, ValueError, KeyError, TypeError, binascii.Error, RecursionError) as error:
        raise_if_ran_out(error)
        raise UnreadableImage(f"holds no image: {error}") from error
    encoded = encode(content)
    return EncodedImage(encoded.content, encoded.suffix)
