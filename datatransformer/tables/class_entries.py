"""Files that name classes, in every form that people and programs write, as one kind of entries."""

import re
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

from datatransformer.tables.class_columns import class_columns
from datatransformer.tables.class_entry import ClassEntries, ClassEntry, entries_of_rows
from datatransformer.tables.class_lines import from_lines, is_header, refuse_hidden_numbers
from datatransformer.tables.class_structures import from_structure, structure_of
from settings import WorkError
from storage.column_names import CLASS_NAME, normal_name
from storage.table_form import BLANK
from storage.text_files import encoding_of, open_text
from storage.user_tables import UserTable, open_user_table

RULE = re.compile(r":?-{3,}:?|\+[-+=]+\+|")
"""A cell of the line below the header in Markdown."""

MAX_BYTES = 2**26
"""Bytes of a file of names; a larger one is something else."""

LIKE_A_ROW = re.compile(r"^-?\d+\s*[,;|\t]|[,;|\t]\s*\d+\s*([,;|\t]|$)|^\d+\s+\d+\s|^#[0-9a-f]{6}\b", re.IGNORECASE)
"""A line that is no name: it begins with a number and a separator, or has a number between separators."""


def read_class_entries(path: Path, labels: Collection[str] = ()) -> ClassEntries:
    """The classes that a file names; `labels`, if known, tell which of its columns has them.

    Raises WorkError, with the line, for a file that is no table of classes.
    """
    if path.stat().st_size > MAX_BYTES:
        raise WorkError(f"it has {path.stat().st_size // 2**20} MiB, too much for names of classes")
    entries = _read(path, labels)
    return replace(entries, doubt=encoding_of(path).doubt)


def _read(path: Path, labels: Collection[str]) -> ClassEntries:
    with open_text(path) as file:
        text = file.read()
    structure = structure_of(path, text)
    if structure is not None:
        return from_structure(*structure, labels)
    lines = [(number, line.strip().strip("\ufeff")) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
    lines = [line for line in lines if not line[1].startswith("#")] or lines
    if not lines:
        raise WorkError("it is empty")
    return from_lines(lines) or _from_table(open_user_table(path), lines, labels)


def _from_table(table: UserTable, lines: list[tuple[int, str]], labels: Collection[str]) -> ClassEntries:
    rows = [row for row in table.rows() if not all(RULE.fullmatch(cell) for cell in row[1])]
    has_numbers = any(any(character.isdigit() for character in cell) for _, cells in rows for cell in cells)
    is_even = len({len(cells) for _, cells in rows}) == 1
    if table.header is None and (table.separator in (None, BLANK) or not (is_even or has_numbers)):
        if is_header(lines[0][1]) and len(lines) > 1 and (entries := from_lines(lines[1:])):
            return entries  # names with blanks below a header
        return _from_names(lines, labels)
    cut = next(
        (number for number, cells in rows if len(cells) > table.width or any("\n" in cell for cell in cells)), None
    )
    if cut is not None:
        raise WorkError(
            f"line {cut} has not {table.width} cells like the other lines; is a quote or a separator missing?"
        )
    rows = [(number, [*cells, *[""] * (table.width - len(cells))]) for number, cells in rows]
    columns = class_columns(table.header, [cells for _, cells in rows], labels)
    header = table.header or tuple(str(number) for number in range(1, table.width + 1))
    description = f"{table.kind}: {columns.describe(header)}"
    return ClassEntries(entries_of_rows(rows, columns), description, columns.keys_are_unsure)


def _from_names(lines: list[tuple[int, str]], labels: Collection[str]) -> ClassEntries:
    """A name per line, perhaps below a header."""
    description = "one name per line, counted from 0"
    if len(lines) > 2 and normal_name(lines[0][1].strip('"')) in CLASS_NAME:
        lines, description = lines[1:], f"{description} (line {lines[0][0]} is a header)"
    for number, line in lines:
        if len(lines) > 1 and (LIKE_A_ROW.search(line) or is_header(line)):
            raise WorkError(
                f"line {number}, {line!r}, looks like a row of a table, but not all lines do. Write a table with the "
                "header index,name"
            )
    refuse_hidden_numbers(lines, labels)
    return ClassEntries([ClassEntry(number, line.strip('"')) for number, line in lines], description)
