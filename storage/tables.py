"""Tables and settings on disk: they survive a kill, and a spreadsheet opens them without running anything."""

import contextlib
import csv
import io
import json
import os
import re
import uuid
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, TextIO

from settings import WorkError

FORMULA_STARTS = ("=", "+", "-", "@")
CONTROL_CHARACTERS = re.compile(r"[\x00-\x1f\x7f]")


def csv_safe(text: str) -> str:
    """A file's name as a cell: no formula for a spreadsheet (an apostrophe is put before it), always one line."""
    text = printable(text)
    return "'" + text if text.startswith(FORMULA_STARTS) else text


def printable(text: str) -> str:
    """Control characters, and bytes of a file's name that are no UTF-8, as escapes."""
    if text.isascii() and text.isprintable():
        return text
    text = CONTROL_CHARACTERS.sub(lambda found: f"\\x{ord(found[0]):02x}", text)
    return text.encode("utf-8", "backslashreplace").decode()


def line(cells: Sequence[object]) -> str:
    """One CSV line with its line feed."""
    text = io.StringIO()
    row_writer(text).writerow(cells)
    return text.getvalue()


def row_writer(file: TextIO):
    """A csv.writer whose lines end in a line feed."""
    return csv.writer(file, lineterminator="\n")


def write_table(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """The file appears, or replaces the old one, by rename."""
    with replacing(path) as file:
        table = row_writer(file)
        table.writerow(header)
        table.writerows(rows)


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[TextIO]:
    """A text file that takes the place of `path` when the block ends, and not if it fails."""
    with replacing_binary(path) as file:
        text = io.TextIOWrapper(file, encoding="utf-8", newline="")
        yield text
        text.flush()
        text.detach()


@contextlib.contextmanager
def replacing_binary(path: Path) -> Iterator[BinaryIO]:
    """As `replacing`, for bytes. What a kill leaves is overwritten the next time."""
    with _replacing(path, path.with_name(f".{path.name}.tmp")) as file:
        yield file


@contextlib.contextmanager
def replacing_shared(path: Path) -> Iterator[BinaryIO]:
    """As `replacing_binary`, where other processes, on other machines too, may be writing the same file."""
    with _replacing(path, path.with_name(f".{uuid.uuid4().hex}.tmp")) as file:
        yield file


@contextlib.contextmanager
def _replacing(path: Path, work: Path) -> Iterator[BinaryIO]:
    try:
        with work.open("wb") as file:
            yield file
        os.replace(work, path)
    finally:
        work.unlink(missing_ok=True)


def read_table(path: Path, columns: Iterable[str] = ()) -> list[dict[str, str]]:
    """The rows, by column. Raises WorkError if one of `columns` is not there, or the file is no such table."""
    return list(rows_of_table(path, columns))


def rows_of_table(path: Path, columns: Iterable[str] = ()) -> Iterator[dict[str, str]]:
    """As `read_table`, one row after the other."""
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
    """Opened after its last whole line; a line that a kill has torn is cut off. A new file begins with the header."""
    drop_torn_line(path)
    file = path.open("a", encoding="utf-8", newline="")
    if file.tell() == 0:
        file.write(line(header))
        file.flush()
    return file


def drop_torn_line(path: Path) -> None:
    if not path.exists():
        return
    with path.open("rb+") as file:
        end = file.seek(0, os.SEEK_END)
        while end > 0:
            start = max(0, end - 65536)
            file.seek(start)
            found = file.read(end - start).rfind(b"\n")
            if found >= 0:
                end = start + found + 1
                break
            end = start
        file.truncate(end)


def read_json(path: Path) -> dict | None:
    """None if there is no such file or it is damaged."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def write_json(path: Path, content: dict) -> None:
    """The file appears, or replaces the old one, by rename."""
    with replacing(path) as file:
        json.dump(content, file, indent=1)
