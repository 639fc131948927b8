"""COCO's JSON (Lin et al. 2014, https://cocodataset.org): images, categories, and annotations of both."""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datatransformer.annotations.files import (
    BadAnnotation,
    annotation_files,
    json_items,
    numbers_of,
    shortened,
    size_of,
    subset_of,
)
from datatransformer.annotations.rings import box_ring
from datatransformer.listing import Listing, Rejected
from datatransformer.sources import Evidence
from datatransformer.temporary_database import TemporaryDatabase, open_temporary_database
from settings import SettingError, WorkError, bad_setting
from storage.tables import printable

if TYPE_CHECKING:
    from config import DataTransformerConfig
    from datatransformer.annotations.annotated import AnnotatedImage, Annotations
    from datatransformer.report import Report

TASKS = ("segmentation", "classification", "multilabel")
SETTINGS = (
    "raw_images", "raw_labels", "class_names", "merge_classes", "void", "attribute", "boxes", "range", "max_pixels",
    "link",
)  # fmt: skip
NAMED_BY = ()

TABLES = """
    CREATE TABLE image (file INTEGER, id TEXT, name TEXT, size TEXT, PRIMARY KEY (file, id));
    CREATE TABLE annotation (file INTEGER, image TEXT, number INTEGER, content TEXT);
"""
MOST_ORPHANS = 100
"""Annotations of unknown images that are listed one by one."""

TAG, BOX, SHAPE, CROWD, PROBLEM = "tag", "box", "shape", "crowd", "problem"
UNKNOWN = "\0"
"""The label of an annotation whose category is not in the list."""


def recognises(settings: "DataTransformerConfig") -> list[Evidence]:
    """A JSON file with the lists of COCO in the raw folder, a folder in it, or beside it."""
    root = settings.raw_images
    files = annotation_files(root, "coco", (".json",)) if root else []
    return [Evidence(f"{files[0]} is a file of COCO", overrides=("folders", "labels"))] if files else []


def read(settings: "DataTransformerConfig", report: "Report") -> Listing:
    """Raises SettingError without `raw_images` or with several unlike files, WorkError for a damaged file."""
    from datatransformer.annotations.annotated import Annotations
    from datatransformer.annotations.listing import list_annotated

    root = settings.raw_images
    if root is None:
        raise SettingError(bad_setting("raw_images", None, "source coco needs the folder of images"))
    files = [settings.raw_labels] if settings.raw_labels else _files(root)
    if not files:
        raise SettingError(
            bad_setting("raw_labels", None, f"source coco found no JSON file of COCO in or beside {root}; name it")
        )
    shown = ", ".join(path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path) for path in files)
    annotations = Annotations("COCO", shown, f"is not in {shown}", attribute=settings.attribute or "")
    annotations.images = _images(files, root, annotations, report)
    return list_annotated(annotations, settings, report, root)


def _files(root: Path) -> list[Path]:
    """The files to read, at most one for each split. Raises SettingError if that is undecided."""
    files = annotation_files(root, "coco", (".json",))
    if len(files) > 1 and any(subset_of(path) for path in files):
        files = [path for path in files if subset_of(path)]  # beside the parts, a file with all
    for preferred in (lambda path: True, lambda path: path.name.startswith("instances")):
        chosen = [path for path in files if preferred(path)]
        if chosen and len({subset_of(path) for path in chosen}) == len(chosen):
            return chosen
    if files:
        names = ", ".join(str(path) for path in files)
        raise SettingError(bad_setting("raw_labels", None, f"there are {len(files)} files of COCO: {names}; name one"))
    return []


def _images(
    files: list[Path], root: Path, annotations: "Annotations", report: "Report"
) -> "Iterator[AnnotatedImage | Rejected]":
    from datatransformer.annotations.annotated import AnnotatedImage
    from datatransformer.annotations.shapes import Shape

    with open_temporary_database(TABLES) as table:
        for number, path in enumerate(files):
            yield from _take_up(table, number, path, annotations, report)
        table("CREATE INDEX by_image ON annotation (file, image, number)")
        for file, key, name, size in table("SELECT file, id, name, size FROM image ORDER BY rowid"):
            select = "SELECT content FROM annotation WHERE file = ? AND image = ? ORDER BY number"
            found = [json.loads(content) for (content,) in table(select, file, key)]
            parts = {kind: [entry for entry in found if entry[0] == kind] for kind in (TAG, BOX, SHAPE, CROWD, PROBLEM)}
            yield AnnotatedImage(
                _names(name, files[file], root),
                f"{files[file].name}: image {key}",
                size and tuple(json.loads(size)),
                tuple(Shape(*entry[1:]) for entry in (*parts[CROWD], *parts[SHAPE])),
                tuple(Shape(*entry[1:]) for entry in parts[BOX]),
                tuple(dict.fromkeys(entry[1] for entry in parts[TAG])),
                subset_of(files[file]),
                problem=parts[PROBLEM][0][-1] if parts[PROBLEM] else "",
            )
        yield from _orphans(table, files)


def _names(name: str, file: Path, root: Path) -> tuple[str, ...]:
    """The name below the folder of the file, and as it is."""
    folder = file.parent.relative_to(root).as_posix() if file.parent.is_relative_to(root) else "."
    inside = [] if folder in (".", "annotations") else [f"{folder}/{name}"]
    return tuple(dict.fromkeys((*inside, name)))


def _take_up(
    table: TemporaryDatabase, number: int, path: Path, annotations: "Annotations", report: "Report"
) -> Iterator[Rejected]:
    """Puts the images and annotations of a file into the table. Yields what is left out."""
    names, unused = _categories(path, report)
    yield from _take_up_images(table, number, path)

    def rows() -> Iterator[tuple]:
        for position, item in enumerate(json_items(path, "annotations.item"), 1):
            image, entry = _entry(item, names, annotations)
            unused.discard(str(item.get("category_id")) if isinstance(item, dict) else "")
            if entry[1] == UNKNOWN:
                entry[1] = ""
                unknown = shortened(item.get("category_id"))
                annotations.doubts[
                    f"Annotations of the category {unknown}, which is not in the list and becomes void"
                ] += 1
            yield number, *table.text(image), position, json.dumps(entry)

    table.each("INSERT INTO annotation VALUES (?, CAST(? AS TEXT), ?, ?)", rows())
    if unused:
        dropped = ", ".join(names[key] for key in sorted(unused))
        report.note(f"{path.name}: {dropped} is only the group of the other categories, and no class.")
    kept = [name for key, name in names.items() if key not in unused]
    annotations.classes += [name for name in dict.fromkeys(kept) if name not in annotations.classes]


def _take_up_images(table: TemporaryDatabase, number: int, path: Path) -> Iterator[Rejected]:
    is_empty = True
    insert = "INSERT OR IGNORE INTO image VALUES (?, CAST(? AS TEXT), CAST(? AS TEXT), ?)"
    for position, item in enumerate(json_items(path, "images.item"), 1):
        is_empty = False
        try:
            if not isinstance(item, dict) or "id" not in item or not isinstance(item.get("file_name"), str):
                raise BadAnnotation("has no id and file_name")
            size = size_of(item.get("width"), item.get("height"))
            texts = table.text(str(item["id"]), item["file_name"])
            if not table(insert, number, *texts, size and json.dumps(size)).rowcount:
                raise BadAnnotation(f"has the id {item['id']} of an image before")
        except BadAnnotation as error:
            yield Rejected(f"{path}: image {position}", str(error))
    if is_empty:
        raise WorkError(f"{path} has no list of images, and so is no file of COCO.")


def _categories(path: Path, report: "Report") -> tuple[dict[str, str], set[str]]:
    """The name of each category by its id, and the ids that Roboflow adds as the group of all others."""
    names: dict[str, str] = {}
    groups: dict[str, str] = {}
    for item in json_items(path, "categories.item"):
        if not isinstance(item, dict) or not isinstance(item.get("name"), str | int) or "id" not in item:
            raise WorkError(f"{path}: the category {shortened(item)} has no id and name.")
        key, name = str(item["id"]), printable(str(item["name"])).strip()
        if names.setdefault(key, name) != name:
            raise WorkError(f"{path}: the categories {names[key]} and {name} have the same id {key}.")
        groups[key] = str(item.get("supercategory"))
    if not names:
        raise WorkError(f"{path} has no list of categories. Is it a file of captions, or of test images?")
    if twice := [name for name, count in Counter(names.values()).items() if count > 1]:
        report.note(f"{path.name}: several categories are called {', '.join(twice)}; they are one class.")
    unused = {key for key, name in names.items() if groups[key] == "none" and name in groups.values()}
    return names, unused


def _entry(item: Any, names: dict[str, str], annotations: "Annotations") -> tuple[str, list]:
    """The id of the image, and kind and content of an annotation."""
    if not isinstance(item, dict):
        return "", [PROBLEM, "", "no object"]
    image, label = str(item.get("image_id")), names.get(str(item.get("category_id")), UNKNOWN)
    if "segments_info" in item:
        raise WorkError(
            "this is COCO's panoptic format, whose masks are pictures. Name the file of instances or use --source masks"
        )
    attributes = item.get("attributes")
    if label != UNKNOWN:
        label = annotations.label_of(label, attributes if isinstance(attributes, dict) else {})
    segmentation, box = item.get("segmentation"), item.get("bbox")
    try:
        if segmentation:
            is_crowd = item.get("iscrowd") in (1, True, "1")
            annotations.remarks["Crowds and masks of areas (iscrowd), which are drawn below other shapes"] += is_crowd
            return image, [CROWD if is_crowd else SHAPE, label, *_geometry(segmentation, annotations.remarks)]
        if box:
            left, top, width, height = (*numbers_of(box, "bbox"), *[0.0] * 4)[:4]
            return image, [BOX, label, "rings", [box_ring(left, top, width, height)]]
    except BadAnnotation as error:
        return image, [PROBLEM, "", f"(annotation {item.get('id')}): {error}"]
    if item.get("keypoints"):
        annotations.remarks["Annotations with keypoints only, which are not used"] += 1
        return image, ["", label]
    return image, [TAG if label else "", label]


def _geometry(segmentation: Any, remarks: Counter[str]) -> tuple[str, Any]:
    """Kind and data of a shape: polygons or run lengths. Raises BadAnnotation."""
    if isinstance(segmentation, dict):
        return "coco runs", {"size": segmentation.get("size"), "counts": segmentation.get("counts")}
    if not isinstance(segmentation, list):
        raise BadAnnotation(f"segmentation is {shortened(segmentation)}, and neither polygons nor run lengths")
    parts = [segmentation] if not isinstance(segmentation[0], list) else segmentation
    rings = [numbers_of(part, "a polygon") for part in parts]
    if any(len(ring) % 2 for ring in rings):
        raise BadAnnotation("a polygon has an odd number of coordinates")
    remarks["Polygons of too few points, which have no area and are not used"] += sum(len(ring) < 6 for ring in rings)
    return "rings", [ring for ring in rings if len(ring) >= 6]


def _orphans(table: TemporaryDatabase, files: list[Path]) -> Iterator[Rejected]:
    """Annotations of images that are in no list."""
    listed = "SELECT 1 FROM image WHERE image.file = annotation.file AND image.id = annotation.image"
    orphans = f"FROM annotation WHERE NOT EXISTS ({listed})"
    for file, image, number in table(f"SELECT file, image, number {orphans} LIMIT {MOST_ORPHANS}"):
        yield Rejected(f"{files[file]}: annotation {number}", f"is of the image {image}, which is not in the list")
    more = table(f"SELECT count(*) {orphans}").fetchone()[0] - MOST_ORPHANS
    if more > 0:
        yield Rejected(f"{files[0]}: {more} more annotations", "are of images that are not in the list")
