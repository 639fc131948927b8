"""The listing of annotated images: their files, their task, and a mask or the labels of each."""

import io
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageOps

from datatransformer.annotations.annotated import TABLES, Annotations, shapes_of, take_up
from datatransformer.annotations.classes import ClassIndices, class_indices, label_classes
from datatransformer.annotations.matching import MatchedImages
from datatransformer.annotations.shapes import drawn_mask
from datatransformer.annotations.task import chosen_task, describe, splits_of_subsets
from datatransformer.folders.raw_files import names_below
from datatransformer.listing import EncodedPair, Listing, RawImage
from datatransformer.masks.split_report import with_mask
from datatransformer.naming import IMAGE_SUFFIX
from datatransformer.pictures.images import ORIENTATION, EncodedImage, UnreadableImage, read_image
from datatransformer.temporary_database import open_temporary_database
from settings import WorkError
from storage.exhausted import raise_if_ran_out

if TYPE_CHECKING:
    from config import DataTransformerConfig
    from datatransformer.report import Report

ReadImage = Callable[[str], EncodedImage]

TURNED = range(2, 9)
"""EXIF orientations of images that are not stored upright. From 5 on, width and height are exchanged."""


def list_annotated(
    annotations: Annotations,
    settings: "DataTransformerConfig",
    report: "Report",
    root: Path,
    read: ReadImage = read_image,
) -> Listing:
    """The listing of annotated images below `root`.

    Arguments:
        read: reads the file of an image.

    Raises SettingError for settings that do not fit the annotations, WorkError if there are none.
    """
    with ExitStack() as stack:
        table = stack.enter_context(open_temporary_database(TABLES))
        names = (table.text(name) for name, _ in names_below(root) if IMAGE_SUFFIX.search(name))
        table.each("INSERT INTO image_file SELECT CAST(? AS TEXT), NULL", names)
        survey, rejected = take_up(table, annotations.images)
        if not survey.images:
            first = f" {rejected[0].source}: {rejected[0].reason}" if rejected else ""
            raise WorkError(f"{annotations.files} ({annotations.tool}) holds no images.{first}")
        if rejected and not (survey.shapes or survey.boxes or survey.tags or survey.problems):
            first = f"{rejected[0].source}: {rejected[0].reason}"
            raise WorkError(f"{annotations.files} ({annotations.tool}) holds no annotation that can be used. {first}")
        if annotations.attribute:
            annotations.classes.clear()
            annotations.colours.clear()
        describe(annotations, survey, report)
        task = chosen_task(settings, annotations, survey, report)
        splits = splits_of_subsets(settings, survey, report)
        matched = MatchedImages(table, root, splits, annotations.unlisted, report, stack.pop_all())
        if task == "segmentation":
            classes = class_indices(settings, annotations, survey, report)
            draw = partial(_make_pair, classes, read)
            entries = matched.with_masks()
            return Listing(chain(rejected, entries), list(classes.names), draw, list(classes.colours), task)
        classes_of_labels = label_classes(settings, annotations, survey, report)
        entries = matched.with_labels(classes_of_labels, settings.boxes == "class", settings.labels == "several")
        one = None if settings.labels == "several" else task
        make_pair = None if read is read_image else partial(_make_single, read)
        return Listing(chain(rejected, entries), list(dict.fromkeys(classes_of_labels.values())), make_pair, task=one)


def _make_single(read: ReadImage, image: RawImage) -> EncodedPair:
    return EncodedPair(read(image.path), b"")


def _make_pair(classes: ClassIndices, read: ReadImage, image: RawImage) -> EncodedPair:
    """The image, and the mask of its shapes. Raises UnreadableImage."""
    size, fractions, shapes = shapes_of(image.mask)
    encoded = read(image.path)
    with Image.open(io.BytesIO(encoded.content)) as decoded:
        upright = decoded.size
    orientation = 1 if encoded.original else _orientation(image.path)
    stored = upright[::-1] if orientation >= 5 else upright
    if size is None or size == upright:  # tools show an image upright
        stored, orientation = upright, 1
    elif size != stored:
        raise UnreadableImage(
            f"has {upright[0]}x{upright[1]} pixels, and was annotated with {size[0]}x{size[1]}; "
            "the annotations do not fit an image that was resized or cut later"
        )
    mask = drawn_mask(shapes, classes.by_label, stored, classes.background, fractions)
    return with_mask(encoded, _turned(mask, orientation))


def _orientation(path: str) -> int:
    """The EXIF orientation of an image that was converted; 1 if there is none or the file is no image."""
    try:
        with Image.open(path) as image:
            orientation = image.getexif().get(ORIENTATION, 1)
    except OSError as error:
        raise_if_ran_out(error)
        return 1
    return orientation if orientation in TURNED else 1


def _turned(mask: np.ndarray, orientation: int) -> np.ndarray:
    """A mask of the image as it is stored, turned upright."""
    if orientation == 1:
        return mask
    image = Image.fromarray(mask)
    image.getexif()[ORIENTATION] = orientation
    return np.array(ImageOps.exif_transpose(image))
