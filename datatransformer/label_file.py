"""Label files of every usual shape -> (image, label) pairs."""

import contextlib
import csv
import json
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import NamedTuple, TextIO

from datatransformer.listing import Rejected
from settings import WorkError

IMAGE_COLUMNS = ("image", "image_id", "imageid", "img", "file", "file_name", "filename", "path", "name", "id")
"""The likeliest first."""

LABEL_COLUMNS = {"label", "label_id", "labels", "class", "class_id", "class_name", "category", "category_id", "target"}
NAME_COLUMNS = {"name", "class_name", "label_name"}


class Labelled(NamedTuple):
    """`line` is the number of the line or entry in the label file, for messages."""

    image: str
    label: str
    line: int


def read_labels(path: Path) -> Iterator[Labelled | Rejected]:
    """The pairs of a CSV, a TSV, a file of `name label` lines, or a JSON list, and the lines that hold none.

    JSON is the format of the AI Challenger scene data: a list of objects with `image_id` and `label_id`. Of the others
    a line at a time is read. Raises WorkError if the file has no such shape at all.
    """
    pairs = _from_json(path) if path.suffix.lower() == ".json" else _from_lines(path)
    is_empty = True
    for line, image, label in pairs:
        if image and label:
            is_empty = False
            yield Labelled(image, label, line)
        else:
            yield Rejected(f"{path}:{line}", "an image and a label are expected here")
    if is_empty:
        raise WorkError(
            f"{path}: no line holds an image and a label. Expected: lines of image,label or JSON of image_id, label_id"
        )


def read_class_names(path: Path) -> dict[str, str]:
    """The name of each label, from lines of `label,name`. Raises WorkError on a line or label that has none or two."""
    names: dict[str, str] = {}
    rows = list(_rows(path))
    if rows and rows[0][1][0].lower() in LABEL_COLUMNS | {"index"} and rows[0][1][-1].lower() in NAME_COLUMNS:
        rows = rows[1:]
    for number, row in rows:
        label, name = [*row, ""][:2]
        if not label or not name or label in names or name in names.values():
            raise WorkError(f"{path}, line {number}: a label and its name are expected, each once. Found: {row}")
        names[label] = name
    return names


@contextlib.contextmanager
def _text(path: Path) -> Iterator[TextIO]:
    """Raises WorkError, also where it is read, if it is no text."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            yield file
    except UnicodeDecodeError as error:
        raise WorkError(f"{path} is not text in UTF-8 ({error.reason}). Save it as UTF-8.") from error


def _rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """(line number, cells) of each line that is not empty."""
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
        whole = len(row) == width
        yield number, row[image_column] if whole else "", row[label_column] if whole else ""


def _columns(header: list[str]) -> tuple[int, int] | None:
    """Where a header puts image and label; None if this line is no header."""
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
            f"{path}: a list of objects with image_id and label_id is expected, not a {type(entries).__name__}"
        )
    for number, entry in enumerate(entries, 1):
        entry = entry if isinstance(entry, dict) else {}
        image, label = entry.get("image_id"), entry.get("label_id")
        yield number, "" if image is None else str(image), "" if label is None else str(label)
