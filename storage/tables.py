"""CSV and JSON files that survive a kill of the process and are safe to open in a spreadsheet."""

import contextlib
import csv
import io
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO, TextIO

from log import visible
from settings import WorkError
from storage.json_text import BadJson, parse_json
from storage.temporary import temporary_file

FORMULA_STARTS = ("=", "+", "-", "@")
GUARDED = re.compile(r"'+[=+\-@]")
"""The start of a cell that got an apostrophe."""

VERSION, NEWEST = "version", 1
"""The version of our JSON files. Files without it are of version 1."""

RESTORE = "Restore it from a copy, or make it again"


def csv_safe(text: str) -> str:
    """A file name as a cell on one line. An apostrophe in front keeps a spreadsheet from reading it as a formula."""
    text = printable(text)
    return "'" + text if text.startswith(FORMULA_STARTS) else text


def class_cell(name: str) -> str:
    """The name of a class as a cell. One that begins with an apostrophe and a sign gets one more, for `original`."""
    text = printable(name)
    is_formula = text.startswith(FORMULA_STARTS) and not _is_number(text)
    return "'" + text if is_formula or GUARDED.match(text) else text


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


def rows_of_table(
    path: Path, columns: Iterable[str] = (), torn: bool = False, ragged: bool = False
) -> Iterator[dict[str, str]]:
    """As `read_table`, but yields one row at a time.

    Arguments:
        torn: a last line without its end is left out.
        ragged: rows with fewer or more cells are given too.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(_whole_lines(path, file, torn), strict=True)
            header = reader.fieldnames or ()
            missing = set(columns) - set(header)
            if missing:
                raise WorkError(f"{path} has no column {', '.join(sorted(missing))}; was it saved by another program?")
            if len(set(header)) < len(header):
                raise WorkError(f"{path} is damaged: a column stands twice in its first line. {RESTORE}")
            for row in reader:
                if not ragged and (None in row or None in row.values()):
                    cells = "more" if None in row else "fewer"
                    raise WorkError(
                        f"{path} is damaged: line {reader.line_num} has {cells} than {len(header)} cells. {RESTORE}"
                    )
                yield row
    except UnicodeDecodeError as error:
        raise WorkError(f"{path} is damaged: it is no text in UTF-8. {RESTORE}") from error
    except csv.Error as error:
        raise WorkError(f"{path} is damaged: {error}. {RESTORE}") from error
    except OSError as error:
        raise WorkError(f"{path} cannot be read: {error.strerror or error}") from error


def _whole_lines(path: Path, file: Iterable[str], torn: bool) -> Iterator[str]:
    for number, line in enumerate(file, 1):
        if "\0" in line:
            raise WorkError(f"{path} is damaged: line {number} holds a zero byte. {RESTORE}")
        if not torn or line.endswith(("\n", "\r")):
            yield line


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
    """The content without its version; None if the file is missing or damaged.

    Raises WorkError for a file of a newer version.
    """
    try:
        content = parse_json(path.read_bytes())
    except (OSError, BadJson):
        return None
    return known_version(path, content) if isinstance(content, dict) else None


def known_version(path: Path, content: dict) -> dict:
    """The content without its version. Raises WorkError if this program does not know the version."""
    version = content.get(VERSION, NEWEST)
    if type(version) is not int or version < 1:
        raise WorkError(f"{path} is damaged: {VERSION} is {version!r:.60}, and should be {NEWEST}. {RESTORE}")
    if version > NEWEST:
        raise WorkError(
            f"{path} was written by a newer SceneLab: its {VERSION} is {version}, and this one knows {NEWEST}. "
            "Update SceneLab"
        )
    return {name: value for name, value in content.items() if name != VERSION}


def write_json(path: Path, content: Mapping[str, object]) -> None:
    """Writes a temporary file and renames it, so `path` is always complete."""
    with replacing(path) as file:
        json.dump({VERSION: NEWEST, **content}, file, indent=1)
