"""YOLO: a text file for each image, with a line for each box or polygon, and a data.yaml or Darknet's obj.data."""

import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from datatransformer.annotations.files import BadAnnotation, annotation_files, number_of, numbers_of
from datatransformer.annotations.rings import centred_box_ring
from datatransformer.folders.raw_files import names_below
from datatransformer.listing import Listing, Rejected
from datatransformer.naming import IMAGE_SUFFIX, without_suffix
from datatransformer.sources import Evidence
from settings import SettingError, bad_setting

if TYPE_CHECKING:
    from config import DataTransformerConfig
    from datatransformer.annotations.annotated import AnnotatedImage, Annotations
    from datatransformer.annotations.shapes import Shape
    from datatransformer.annotations.yolo_folder import YoloFolder
    from datatransformer.report import Report

TASKS = ("segmentation", "classification", "multilabel")
SETTINGS = ("raw_images", "raw_labels", "class_names", "merge_classes", "void", "boxes", "range", "max_pixels", "link")
NAMED_BY = ()

DESCRIPTIONS = (".yaml", ".yml", ".data")
FIRST_NAMES = 2000
"""Files among which a text file with the name of an image is looked for."""

SLACK = 0.5
"""How far a coordinate may lie outside of 0..1. One further out is in pixels, or a mistake."""


def recognises(settings: "DataTransformerConfig") -> list[Evidence]:
    """A data.yaml or obj.data in the raw folder, or a text file of numbers for an image."""
    root = settings.raw_images
    if root is None:
        return []
    files = _descriptions(root)
    overrides = ("folders", "labels", "masks")
    if files:
        return [Evidence(f"{files[0]} describes data for YOLO", overrides=overrides)]
    for count, (name, _) in enumerate(names_below(root)):
        if count >= FIRST_NAMES:
            break
        if IMAGE_SUFFIX.search(name) and (label := label_file(root, name)) and _is_yolo(root / label):
            return [Evidence(f"{root / label} has the lines of YOLO for {name}", overrides=overrides)]
    return []


def read(settings: "DataTransformerConfig", report: "Report") -> Listing:
    """Raises SettingError without `raw_images` or for a wrong description, WorkError without images."""
    from datatransformer.annotations.annotated import Annotations
    from datatransformer.annotations.listing import list_annotated
    from datatransformer.annotations.yolo_folder import read_folder

    root = settings.raw_images
    if root is None:
        raise SettingError(bad_setting("raw_images", None, "source yolo needs the folder of images and text files"))
    files = [settings.raw_labels] if settings.raw_labels else _descriptions(root)
    folder = read_folder(root, files, settings, report)
    annotations = Annotations(
        "YOLO", folder.description, f"is not in {folder.description}", classes=list(folder.names.values())
    )
    annotations.images = _images(root, folder, annotations, report)
    return list_annotated(annotations, settings, report, root)


def _descriptions(root: Path) -> list[Path]:
    """The descriptions in the raw folder; if this is `images` beside `labels`, those beside it else."""
    files = annotation_files(root, "yolo", DESCRIPTIONS)
    inside = [path for path in files if path.is_relative_to(root)]
    return files if not inside and _is_images_folder(root) else inside


def _is_images_folder(root: Path) -> bool:
    path = os.path.abspath(root)
    return os.path.basename(path).lower() == "images" and os.path.isdir(os.path.join(os.path.dirname(path), "labels"))


def label_file(root: Path, image: str) -> str:
    """The text file of an image: in the folder `labels` in place of the last `images`, beside it, or in `labels` there.

    Empty if there is none. Both are paths from `root`, which may itself be the folder `images`.
    """
    stem = without_suffix(image) + ".txt"
    parts = PurePosixPath(stem).parts
    candidates = [stem, PurePosixPath(*parts[:-1], "labels", parts[-1]).as_posix()]
    if places := [place for place, part in enumerate(parts[:-1]) if part.lower() == "images"]:
        at = places[-1]
        candidates.insert(0, PurePosixPath(*parts[:at], "labels", *parts[at + 1 :]).as_posix())
    elif os.path.basename(os.path.abspath(root)).lower() == "images":
        candidates.insert(0, PurePosixPath("..", "labels", *parts).as_posix())
    return next((name for name in candidates if os.path.isfile(root / name)), "")


def _is_yolo(path: Path) -> bool:
    try:
        with path.open(encoding="utf-8") as file:
            lines = [line.split() for line in file.read(2000).splitlines()[:3] if line.strip()]
        return bool(lines) and all(len(line) >= 5 and all(float(cell) >= 0 for cell in line) for line in lines[:1])
    except (OSError, ValueError):
        return False


def _images(
    root: Path, folder: "YoloFolder", annotations: "Annotations", report: "Report"
) -> "Iterator[AnnotatedImage | Rejected]":
    from datatransformer.annotations.annotated import AnnotatedImage

    without = 0
    for name, split in folder.images():
        label = label_file(root, name)
        without += not label
        image = AnnotatedImage((name,), label or name, split=split, file=name, fractions=True)
        try:
            shapes, boxes = _read_lines(root / label, folder, annotations) if label else ([], [])
            yield image._replace(shapes=tuple(shapes), boxes=tuple(boxes))
        except BadAnnotation as error:
            yield image._replace(problem=str(error))
    yield from folder.unused(label_file)
    if without:
        report.note(f"Images without a text file, which count as images with nothing on them: {without:,}.")


def _read_lines(path: Path, folder: "YoloFolder", annotations: "Annotations") -> "tuple[list[Shape], list[Shape]]":
    """Polygons and boxes. Raises BadAnnotation."""
    from datatransformer.annotations.shapes import Shape

    shapes: list[Shape] = []
    boxes: list[Shape] = []
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeError) as error:
        raise BadAnnotation(f"cannot be read: {error}") from error
    for number, line in enumerate(lines, 1):
        if not (cells := line.split()):
            continue
        try:
            index, numbers = int(number_of(cells[0], "the class")), numbers_of(cells[1:], "a coordinate")
            label = folder.name_of(index)
            is_box, ring = _ring(numbers, folder.has_keypoints)
        except BadAnnotation as error:
            raise BadAnnotation(f"line {number}: {error}") from error
        if label is None:
            annotations.doubts[f"Lines with the class {index}, which has no name and becomes void"] += 1
        (boxes if is_box else shapes).append(Shape(label or "", "rings", [ring]))
    return shapes, boxes


def _ring(numbers: list[float], has_keypoints: bool) -> tuple[bool, list[float]]:
    """Whether a line is a box, and its outline. Raises BadAnnotation."""
    is_box = len(numbers) in (4, 5) or has_keypoints
    if len(numbers) < 4 or (not is_box and len(numbers) % 2):
        raise BadAnnotation(
            f"has {len(numbers)} numbers after the class; a box has 4, a polygon x and y of three points or more"
        )
    ring = centred_box_ring(*numbers[:4]) if is_box else numbers
    if any(not -SLACK <= value <= 1 + SLACK for value in ring):
        raise BadAnnotation("has coordinates that are no fractions 0..1 of width and height; are they in pixels?")
    return is_box, ring
