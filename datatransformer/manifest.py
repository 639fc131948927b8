"""The manifest of a data folder: a row per image."""

import csv
from collections.abc import Iterable, Iterator, Mapping
from os.path import splitext
from pathlib import Path
from sys import intern
from typing import NamedTuple

from storage.tables import (
    class_cell,
    csv_safe,
    drop_incomplete_line,
    original,
    printable,
    rows_of_table,
    write_table,
)

MANIFEST = "manifest.csv"
SPLIT_NAMES = {"train": "training", "val": "validation", "test": "test"}
"""How the images and masks of a split are called: a training image."""

SPLITS = tuple(SPLIT_NAMES)

MANIFEST_HEADERS = {
    "classification": ("image", "split", "class", "source", "digest"),
    "multilabel": ("image", "split", "labels", "source", "digest"),
    "segmentation": ("image", "split", "mask", "source", "digest"),
}

LABEL_SEPARATOR = "|"
"""Between the labels of an image, in the manifest and in predictions. So no label may contain it."""


class Row(NamedTuple):
    """One image of the manifest. `image` and `mask` are paths in the data folder.

    The task decides which one of `class_name`, `mask` and `labels` is used; the others are empty. `digest` is that of
    `picture_digest`, empty in data folders of earlier versions.
    """

    image: str
    split: str
    class_name: str
    mask: str
    source: str
    labels: tuple[str, ...] = ()
    digest: str = ""

    def cells(self) -> tuple[str, ...]:
        what = self.mask or class_cell(self.class_name or LABEL_SEPARATOR.join(self.labels))
        return (self.image, self.split, what, csv_safe(self.source), self.digest)


def task_of(path: Path) -> str:
    """The task of a data folder, by the header of its manifest."""
    with (path / MANIFEST).open(encoding="utf-8-sig", errors="replace") as file:
        header = file.readline().strip().replace('"', "").split(",")
    return next((task for task, columns in MANIFEST_HEADERS.items() if columns[2] in header), "classification")


def read_manifest(path: Path) -> list[Row]:
    return list(rows_of_manifest(path))


def rows_of_manifest(path: Path, ragged: bool = False) -> Iterator[Row]:
    """Yields the rows. They share the strings of splits and classes, since there may be millions of rows.

    `ragged`: lines with fewer cells are given too.
    """
    return map(_row, rows_of_table(path / MANIFEST, ("image", "split", "source"), ragged=ragged))


def _row(cells: Mapping[str, str]) -> Row:
    names = original(cells.get("labels") or "").split(LABEL_SEPARATOR)
    labels = tuple(intern(name) for name in names if name)
    class_name, mask, source, digest = (cells.get(name) or "" for name in ("class", "mask", "source", "digest"))
    image, split = cells["image"] or "", intern(cells["split"] or "")  # None in a line that was cut off
    return Row(image, split, intern(original(class_name)), mask, source, labels, digest)


def fault_of_rows(rows: Iterable[Row], task: str) -> str:
    """What is wrong with the rows of a complete data folder; empty if nothing is."""
    seen = set()
    class_of_folder: dict[str, str] = {}
    for row in rows:
        parts = row.image.split("/")
        if row.split not in SPLITS or parts[0] != row.split or ".." in parts:
            return f"the image {printable(row.image)!r} has the split {printable(row.split)!r}"
        if row.mask and row.mask != f"{row.split}/masks/{splitext(parts[-1])[0]}.png":
            return f"the image {printable(row.image)!r} has the mask {printable(row.mask)!r}"
        if (task == "classification" and not row.class_name) or (task == "segmentation" and not row.mask):
            return f"the image {printable(row.image)!r} has no {MANIFEST_HEADERS[task][2]}"
        if row.class_name and class_of_folder.setdefault(parts[1], row.class_name) != row.class_name:
            return f"the image {printable(row.image)!r} has the class {printable(row.class_name)!r}, unlike its folder"
        if row.image in seen:
            return f"the image {printable(row.image)!r} stands in it twice"
        seen.add(row.image)
    return ""


def record_of_rows(task: str, rows: Iterable[Row]) -> Iterator[tuple[str, ...]]:
    """Header and lines of a manifest without the sources, by which a run records its data."""
    yield tuple(column for column in MANIFEST_HEADERS[task] if column != "source")
    for row in rows:
        image, split, what, _, digest = row.cells()
        yield image, split, what, digest


def rows_of_record(lines: Iterable[str]) -> Iterator[Row]:
    """The rows of what `record_of_rows` has given. Raises KeyError or csv.Error if it is damaged."""
    return map(_row, csv.DictReader(lines))


def rows_of_unfinished(path: Path) -> Iterator[Row]:
    """As `rows_of_manifest`, for a folder whose run was stopped: the manifest may be missing or end in half a line."""
    drop_incomplete_line(path / MANIFEST)
    is_begun = (path / MANIFEST).exists() and (path / MANIFEST).stat().st_size > 0
    return rows_of_manifest(path, ragged=True) if is_begun else iter(())


def write_manifest(path: Path, task: str, rows: Iterable[Row]) -> None:
    write_table(path / MANIFEST, MANIFEST_HEADERS[task], (row.cells() for row in rows))
