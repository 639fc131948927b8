"""Label files of all common formats, read as pairs of image and label."""

import contextlib
import csv
import json
from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path
from typing import NamedTuple, TextIO

from datatransformer.listing import Rejected
from datatransformer.raw_files import first_entries
from settings import WorkError

IMAGE_COLUMNS = ("image", "image_id", "imageid", "img", "file", "file_name", "filename", "path", "name", "id")
"""Names of the column of images; the first name that a header has counts."""

LABEL_COLUMNS = {"label", "label_id", "labels", "class", "class_id", "class_name", "category", "category_id", "target"}
NAME_COLUMNS = {"name", "class_name", "label_name"}

SUFFIXES = (".csv", ".tsv", ".json")
"""Suffixes by which a label file in a raw folder is found. A file that --raw-labels names may have any suffix."""

FIRST_ENTRIES = 10_000
"""Entries of a folder among which label files are looked for."""

FIRST_TABLES = 20
FIRST_LINES = 20
MAX_JSON = 2**24
"""Bytes of a JSON file that is opened for a quick look. The whole file must be read for that."""

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".gif", ".tif", ".tiff", ".webp")
"""Suffixes that are tried for names without a suffix."""


class LabelEntry(NamedTuple):
    """An image and its label. `line` is the number of the line or entry in the label file, for messages."""

    image: str
    label: str
    line: int


def read_labels(path: Path) -> Iterator[LabelEntry | Rejected]:
    """Yields the entries of a CSV, a TSV, a file of `name label` lines, or a JSON list; lines without one as Rejected.

    JSON has the format of the AI Challenger scene data: a list of objects with `image_id` and `label_id`. The other
    formats are read line by line. Raises WorkError if no line has an entry.
    """
    pairs = _from_json(path) if path.suffix.lower() == ".json" else _from_lines(path)
    is_empty = True
    for line, image, label in pairs:
        if image and label:
            is_empty = False
            yield LabelEntry(image, label, line)
        else:
            yield Rejected(f"{path}:{line}", "expected an image and a label")
    if is_empty:
        raise WorkError(
            f"{path}: no line holds an image and a label. Expected: lines of image,label or JSON of image_id, label_id"
        )


def label_files(folder: Path, images: Path) -> list[Path]:
    """Tables in `folder` that can be label files of the images in the folder `images`, found by a quick look."""
    names = [entry.name for entry in first_entries(folder, FIRST_ENTRIES) if entry.is_file()]
    tables = [folder / name for name in names if name.lower().endswith(SUFFIXES)]
    return [table for table in tables[:FIRST_TABLES] if _names_images(table, images)]


def _names_images(table: Path, images: Path) -> bool:
    """Whether most of the first entries of a table name files in the folder `images`."""
    if table.suffix.lower() == ".json" and table.stat().st_size > MAX_JSON:
        return False
    try:
        entries = [entry for entry in islice(read_labels(table), FIRST_LINES) if isinstance(entry, LabelEntry)]
    except (WorkError, OSError):
        return False
    return sum(_exists(entry.image, images) for entry in entries) * 2 > len(entries)


def _exists(name: str, images: Path) -> bool:
    """Whether a file in the folder `images` has this name, perhaps with a suffix."""
    path = Path(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts:
        return False
    suffixes = ("", *IMAGE_SUFFIXES, *map(str.upper, IMAGE_SUFFIXES))
    try:
        return any((images / f"{path}{suffix}").is_file() for suffix in suffixes)
    except (OSError, ValueError):  # too long for a name, or with a null character
        return False


def read_class_names(path: Path) -> dict[str, str]:
    """The name of each label, from lines of `label,name`.

    Raises WorkError for a line that lacks one of the two, and for labels and names that occur twice.
    """
    names: dict[str, str] = {}
    rows = list(_rows(path))
    if rows and rows[0][1][0].lower() in LABEL_COLUMNS | {"index"} and rows[0][1][-1].lower() in NAME_COLUMNS:
        rows = rows[1:]
    for number, row in rows:
        label, name = [*row, ""][:2]
        if not label or not name or label in names or name in names.values():
            raise WorkError(f"{path}, line {number}: expected a label and its name, each of them once, not {row}")
        names[label] = name
    return names


@contextlib.contextmanager
def _text(path: Path) -> Iterator[TextIO]:
    """The opened file. Raises WorkError, also while it is read, if it is not text in UTF-8."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            yield file
    except UnicodeDecodeError as error:
        raise WorkError(f"{path} is not text in UTF-8 ({error.reason}). Save it as UTF-8.") from error


def _rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yields line number and cells of each line that is not empty."""
    with _text(path) as file:
        first = next((line for line in file if line.strip()), "").strip()
        file.seek(0)
        separator = next((sign for sign in "\t,;" if sign in first), None)
        if not separator:
            yield from ((number, line.strip().rsplit(None, 1)) for number, line in enumerate(file, 1) if line.strip())
            return
        reader = csv.reader(file, delimiter=separator)
        try:
            for row in reader:
                if any(cells := [cell.strip() for cell in row]):
                    yield reader.line_num, cells
        except csv.Error as error:
            raise WorkError(f"{path}, line {reader.line_num}: {error}; is a quote left open?") from error


def _from_lines(path: Path) -> Iterator[tuple[int, str, str]]:
    rows = _rows(path)
    first = next(rows, None)
    if first is None:
        return
    image_column, label_column, width = 0, 1, 2
    if columns := _columns([cell.lower() for cell in first[1]]):
        (image_column, label_column), width = columns, len(first[1])
    else:
        rows = chain([first], rows)
    for number, row in rows:
        while len(row) > width and not row[-1]:
            row.pop()
        is_complete = len(row) == width
        yield number, row[image_column] if is_complete else "", row[label_column] if is_complete else ""


def _columns(header: list[str]) -> tuple[int, int] | None:
    """The columns of image and label in a header; None if this line is no header."""
    image = next((header.index(name) for name in IMAGE_COLUMNS if name in header), None)
    label = next((column for column, name in enumerate(header) if name in LABEL_COLUMNS and column != image), None)
    return None if image is None or label is None else (image, label)


def _from_json(path: Path) -> Iterator[tuple[int, str, str]]:
    try:
        with _text(path) as file:
            entries = json.load(file)
    except json.JSONDecodeError as error:
        raise WorkError(f"{path}, line {error.lineno}: not JSON: {error.msg}") from error
    except RecursionError as error:
        raise WorkError(f"{path}: not a list of objects with image_id and label_id") from error
    if not isinstance(entries, list):
        raise WorkError(
            f"{path}: expected a list of objects with image_id and label_id, not a {type(entries).__name__}"
        )
    for number, entry in enumerate(entries, 1):
        entry = entry if isinstance(entry, dict) else {}
        image, label = entry.get("image_id"), entry.get("label_id")
        yield number, "" if image is None else str(image), "" if label is None else str(label)
