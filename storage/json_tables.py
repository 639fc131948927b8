"""JSON files as tables: lists of objects or lists, JSON lines, and objects of names and labels. Read in pieces."""

import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TextIO

from settings import WorkError
from storage.column_names import KNOWN, normal_name
from storage.json_text import bounded
from storage.text_files import open_text

FIRST_ENTRIES = 200
"""Entries by which the columns are decided."""

JSON_SUFFIXES = (".json", ".jsonl", ".ndjson")
SEVERAL = "|"
"""Between the parts of a list in a cell."""

PAIRS, COLUMNS = "pairs", "columns"
LINES = ""
LIST = "item"
LIST_OF_LISTS = ["map_key", "start_array", "start_array"]
"""The first events of ijson in an object of one list of lists."""

IMAGE_NAME = re.compile(r".+\.(jpe?g|png|bmp|gif|tiff?|webp)", re.IGNORECASE)


class NotJson(WorkError):
    """The file is not JSON, or damaged."""


class _Utf8:
    """A text file as the bytes that ijson reads."""

    def __init__(self, file: TextIO) -> None:
        self.file = file

    def read(self, size: int = -1) -> bytes:
        return self.file.read(size).encode("utf-8", "surrogatepass")


def json_table_form(path: Path) -> tuple[str, ...] | tuple[()] | None:
    """The columns of a JSON table, () if its rows have no names; None if the file is not JSON.

    Raises WorkError for JSON that is no table.
    """
    with open_text(path) as file:
        start = file.read(4096).lstrip()
    is_named = path.suffix.lower() in JSON_SUFFIXES
    if not is_named and not start.startswith(("[{", "[\n", "[ ", '["', "[[", '{"', "{\n", "{ ")):
        return None
    columns: dict[str, None] = {}
    try:
        for _, entry in islice(_entries(path), FIRST_ENTRIES):
            if isinstance(entry, dict):
                columns |= dict.fromkeys(key for key, value in entry.items() if not isinstance(value, dict))
    except NotJson:
        if is_named:
            raise
        return None
    return tuple(columns)


def json_rows(path: Path, header: tuple[str, ...] | None) -> Iterator[tuple[int, list[str]]]:
    """Yields number and cells of each entry. An entry of another kind than the others has no cells."""
    for number, entry in _entries(path):
        if isinstance(entry, dict):
            yield number, [_cell(entry.get(column)) for column in header or ()]
        elif isinstance(entry, list | tuple) and not header:
            yield number, [_cell(value) for value in entry]
        else:
            yield number, [] if header else [_cell(entry)]


def _entries(path: Path) -> Iterator[tuple[int, object]]:
    """Yields the entries of the table with their numbers from 1; a pair for each entry of an object."""
    import ijson

    kind = _kind_of(path)
    with open_text(path) as file:
        read = ijson.basic_parse(_Utf8(file), use_float=True, multiple_values=kind == LINES)
        events = ijson.parse(bounded(read))
        try:
            if kind in (PAIRS, COLUMNS):
                pairs = ijson.kvitems(events, "")
                yield from enumerate((pair for key, value in pairs for pair in _pairs_of(path, key, value, kind)), 1)
            else:
                yield from enumerate(ijson.items(events, kind), 1)
        except (ijson.JSONError, RecursionError, ValueError) as error:
            raise NotJson(f"{path} is not JSON: {_one_line(error)}") from error


def _pairs_of(path: Path, key: str, value: object, kind: str) -> Iterator[tuple[str, object]]:
    """An entry of an object as pairs: a name and its labels, or each name of a list and the label that the list has.

    Raises WorkError if the object is more than names and labels, as COCO's is, or holds columns or splits.
    """
    has_objects = isinstance(value, dict) or (
        isinstance(value, list) and bool(value) and isinstance(value[0], dict | list)
    )
    is_list = (
        isinstance(value, list) and bool(value) and not IMAGE_NAME.fullmatch(key) and all(map(_names_image, value))
    )
    if has_objects or (is_list and kind == COLUMNS):
        raise WorkError(
            f"{path}: expected a list of objects such as image_id and label_id, or an object of names and labels, but "
            f"{key!r} holds {'objects' if has_objects else 'a list'}. COCO's JSON is read by --source coco; pandas "
            "saves a list by orient='records'"
        )
    if isinstance(value, list) and is_list:
        yield from ((str(name), key) for name in value)
    else:
        yield key, value


def _names_image(value: object) -> bool:
    return isinstance(value, str) and bool(IMAGE_NAME.fullmatch(value))


def _kind_of(path: Path) -> str:
    """Where the entries lie: in a list, one after another (JSON lines), in one object, or in a list that it holds.

    COLUMNS is an object whose entries are called like columns or splits.

    The last is a path of ijson, for an object whose only entry is a list of lists, as StyleGAN's dataset.json is.
    """
    import ijson

    is_lines = path.suffix.lower() in JSON_SUFFIXES[1:]
    depth = values = 0
    keys: list[str] = []
    start: list[str] = []
    with open_text(path) as file:
        try:
            for event, value in ijson.basic_parse(_Utf8(file), multiple_values=True):
                if depth == 0:
                    values += 1
                    if values == 1 and event != "start_map":
                        return LINES if is_lines else LIST
                    if values == 2:
                        return LINES
                if depth == 1 and event == "map_key":
                    keys += [value] if len(keys) < FIRST_ENTRIES else []
                start += [event] if len(keys) == 1 and len(start) < len(LIST_OF_LISTS) else []
                depth += event.startswith("start_") - event.startswith("end_")
        except (ijson.JSONError, RecursionError, ValueError):
            pass  # reported when the entries are read
    if start == LIST_OF_LISTS and len(keys) == 1:
        return f"{keys[0]}.item"
    if is_lines:
        return LINES
    return COLUMNS if all(normal_name(key) in KNOWN for key in keys) else PAIRS


def _cell(value: object) -> str:
    if value is None or isinstance(value, dict):
        return ""
    if isinstance(value, list | tuple):
        return SEVERAL.join(_cell(part) for part in value)
    return str(value)


def _one_line(error: Exception) -> str:
    """The message of the parser without the piece of the file that it repeats on further lines."""
    text = error.args[0] if error.args else error
    text = text.decode(errors="replace") if isinstance(text, bytes) else str(text)
    return " ".join(text.splitlines()[0].split()) if text else "it ends too early"
