"""JSON files as tables: lists of objects or lists, JSON lines, and objects of names and labels. Read in pieces."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TextIO

from settings import WorkError
from storage.text_files import open_text

FIRST_ENTRIES = 200
"""Entries by which the columns are decided."""

JSON_SUFFIXES = (".json", ".jsonl", ".ndjson")
SEVERAL = "|"
"""Between the parts of a list in a cell."""

PAIRS = "pairs"
LINES = ""
LIST = "item"


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
        source = _Utf8(file)
        try:
            if kind == PAIRS:
                pairs = ijson.kvitems(source, "", use_float=True)
                yield from enumerate((_checked_pair(path, *pair) for pair in pairs), 1)
            else:
                yield from enumerate(ijson.items(source, kind, use_float=True, multiple_values=kind == LINES), 1)
        except (ijson.JSONError, RecursionError, ValueError) as error:
            raise NotJson(f"{path} is not JSON: {_one_line(error)}") from error


def _checked_pair(path: Path, key: str, value: object) -> tuple[str, object]:
    """Raises WorkError if the object is more than names and labels, as COCO's is."""
    if isinstance(value, dict) or (isinstance(value, list) and value and isinstance(value[0], dict | list)):
        raise WorkError(
            f"{path}: expected a list of objects such as image_id and label_id, or an object of names and labels, but "
            f"{key!r} holds objects. COCO's JSON is read by --source coco; pandas saves a list by orient='records'"
        )
    return key, value


def _kind_of(path: Path) -> str:
    """Where the entries lie: in a list, one after another (JSON lines), or in one object."""
    import ijson

    is_lines = path.suffix.lower() in JSON_SUFFIXES[1:]
    depth = values = 0
    with open_text(path) as file:
        try:
            for event, _ in ijson.basic_parse(_Utf8(file), multiple_values=True):
                if depth == 0:
                    values += 1
                    if values == 1 and event != "start_map":
                        return LINES if is_lines else LIST
                    if values == 2:
                        return LINES
                depth += event.startswith("start_") - event.startswith("end_")
        except (ijson.JSONError, RecursionError, ValueError):
            pass  # reported when the entries are read
    return LINES if is_lines else PAIRS


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
