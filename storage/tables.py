"""CSV and JSON files that survive a kill of the process and are safe to open in a spreadsheet."""

import contextlib
import csv
import io
import json
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, TextIO

from log import visible
from settings import WorkError
from storage.temporary import temporary_file

FORMULA_STARTS = ("=", "+", "-", "@")
GUARDED = re.compile(r"'[=+\-@]")
"""The start of a cell that got an apostrophe."""


def csv_safe(text: str) -> str:
    """A file name as a cell on one line. An apostrophe in front keeps a spreadsheet from reading it as a formula."""
    text = printable(text)
    return "'" + text if text.startswith(FORMULA_STARTS) else text


def printable(text: str) -> str:
    """Escapes control characters and the bytes of a file name that are not UTF-8."""
    return visible(text)


def original(cell: str) -> str:
    """The name of a class in a cell of one of our tables, without the apostrophe that keeps it from being a formula."""
    return cell[1:] if GUARDED.match(cell) else cell


def _harmless(cell: object) -> object:
    """A cell that no spreadsheet runs. Numbers stay as they are, also negative ones."""
    if not isinstance(cell, str) or (cell.isascii() and cell.isalnum()):
        return cell
    safe = csv_safe(cell)
    return cell if safe != cell and _is_number(cell) else safe


def _is_number(cell: str) -> bool:
    try:
        return cell.isprintable() and float(cell) is not None
    except ValueError:
        return False


class _SafeWriter:
    """A csv.writer through which all tables pass: no cell is a formula, or commands a terminal."""

    def __init__(self, file: TextIO) -> None:
        self.rows = csv.writer(file, lineterminator="\n")

    def writerow(self, cells: Iterable[object]) -> None:
        self.rows.writerow([_harmless(cell) for cell in cells])

    def writerows(self, rows: Iterable[Iterable[object]]) -> None:
        for cells in rows:
            self.writerow(cells)


def csv_line(cells: Sequence[object]) -> str:
    """One line of a CSV file, with its line feed."""
    text = io.StringIO()
    row_writer(text).writerow(cells)
    return text.getvalue()


def row_writer(file: TextIO) -> _SafeWriter:
    """A csv.writer whose lines end in a line feed, and whose cells are harmless in a spreadsheet and a terminal."""
    return _SafeWriter(file)


def write_table(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Writes a temporary file and renames it, so `path` is always complete."""
    with replacing(path) as file:
        table = row_writer(file)
        table.writerow(header)
        table.writerows(rows)


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[TextIO]:
    """A text file that replaces `path` when the block ends without an error."""
    with replacing_binary(path) as file:
        text = io.TextIOWrapper(file, encoding="utf-8", newline="")
        yield text
        text.flush()
        text.detach()


@contextlib.contextmanager
def replacing_binary(path: Path) -> Iterator[BinaryIO]:
    """As `replacing`, for bytes. Other processes, on other machines too, may write the same file: the last one wins."""
    with temporary_file(path) as work:
        with work.open("wb") as file:
            yield file
        os.replace(work, path)


def read_table(path: Path, columns: Iterable[str] = ()) -> list[dict[str, str]]:
    """The rows by column name. Raises WorkError if the file is damaged or lacks one of `columns`."""
    return list(rows_of_table(path, columns))


def rows_of_table(path: Path, columns: Iterable[str] = ()) -> Iterator[dict[str, str]]:
    """As `read_table`, but yields one row at a time."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            missing = set(columns) - set(reader.fieldnames or ())
            if missing:
                raise WorkError(f"{path} has no column {', '.join(sorted(missing))}; was it saved by another program?")
            yield from reader
    except (UnicodeDecodeError, csv.Error) as error:
        raise WorkError(f"{path} is damaged: {error}") from error


def open_to_append(path: Path, header: Sequence[str]) -> TextIO:
    """A file opened behind its last complete line. An incomplete line, left by a kill, is removed. A new file gets the
    header.
    """
    drop_incomplete_line(path)
    file = path.open("a", encoding="utf-8", newline="")
    if file.tell() == 0:
        file.write(csv_line(header))
        file.flush()
    return file


def drop_incomplete_line(path: Path) -> None:
    """Cuts off what follows the last line feed."""
    if not path.exists():
        return
    with path.open("rb+") as file:
        end = file.seek(0, os.SEEK_END)
        while end > 0:
            start = max(0, end - 65536)
            file.seek(start)
            line_feed = file.read(end - start).rfind(b"\n")
            if line_feed >= 0:
                end = start + line_feed + 1
                break
            end = start
        file.truncate(end)


def read_json(path: Path) -> dict | None:
    """The content, or None if the file is missing or damaged."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    return content if isinstance(content, dict) else None


def write_json(path: Path, content: dict) -> None:
    """Writes a temporary file and renames it, so `path` is always complete."""
    with replacing(path) as file:
        json.dump(content, file, indent=1)
