"""Files that name classes, in every form that people and programs write, as one kind of entries."""

import re
from pathlib import Path

from datatransformer.class_columns import class_columns, colour_of
from datatransformer.class_entry import ClassEntries, ClassEntry, entries_of_rows
from datatransformer.class_structures import from_structure, structure_of
from settings import WorkError
from storage.column_names import CLASS_NAME, KNOWN, normal_name
from storage.table_form import BLANK
from storage.text_files import open_text
from storage.user_tables import UserTable, open_user_table

IGNORE = "__ignore__"
"""The name of void in labelme's labels.txt."""

MAX_BYTES = 2**26
"""Bytes of a file of names; a larger one is something else."""


PART = r"(\d{1,3})"
GAP = r"[\s,;]+"
RGB = f"{PART}{GAP}{PART}{GAP}{PART}"
LINE_FORMS = (
    ("CVAT's label map", r"(?P<name>[^:]*):(?P<colour>\s*\d+\s*,\s*\d+\s*,\s*\d+\s*|\s*):[^:]*:[^:]*"),
    ("lines of index R G B name", rf"(?P<key>\d+){GAP}(?P<colour>{RGB}){GAP}(?P<name>[^\s\d].*)"),
    ("lines of index name R G B", rf"(?P<key>\d+)[\s,;:]+(?P<name>[^\s\d].*?){GAP}(?P<colour>{RGB})"),
    ("lines of R G B name", rf"(?P<colour>{RGB}){GAP}(?P<name>\S.*)"),
    ("lines of name R G B", rf"(?P<name>[^\s\d].*?)[\s,;:]+(?P<colour>{RGB})"),
    ("lines of index: name", r"(?P<key>\d+)\s*[:=]\s*(?P<name>\S.*)"),
    ("lines of name: index", r"(?P<name>[^\s:=].*?)\s*[:=]\s*(?P<key>\d+)"),
    ("lines of synset name", r"(?P<key>n\d{8})\s+(?P<name>\S.*)"),
    ("lines of index name", r"(?P<key>\d+)[ \t]+(?P<name>(?!\d+\s)\S.*)"),
)
"""Forms of lines without a header, from the strictest on. All lines of a file must have the form."""

LIKE_A_ROW = re.compile(r"^-?\d+\s*[,;|\t]|[,;|\t]\s*\d+\s*([,;|\t]|$)|^\d+\s+\d+\s|^#[0-9a-f]{6}\b", re.IGNORECASE)
"""A line that is no name: it begins with a number and a separator, or has a number between separators."""

NAME_INDEX = re.compile(r"(?P<name>\S.*?)\s+(?P<key>\d+)")


def read_class_entries(path: Path) -> ClassEntries:
    """The classes that a file names. Raises WorkError, with the line, for a file that is no table of classes."""
    if path.stat().st_size > MAX_BYTES:
        raise WorkError(f"it has {path.stat().st_size // 2**20} MiB, too much for names of classes")
    with open_text(path) as file:
        text = file.read()
    structure = structure_of(path, text)
    if structure is not None:
        return from_structure(*structure)
    lines = [(number, line.strip().strip("\ufeff")) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
    lines = [line for line in lines if not line[1].startswith("#")] or lines
    if not lines:
        raise WorkError("it is empty")
    return _from_lines(lines) or _from_table(open_user_table(path), lines)


def _from_lines(lines: list[tuple[int, str]]) -> ClassEntries | None:
    """The entries, if all lines have one of the forms that need no header."""
    if lines[0][1] == IGNORE:
        names = [ClassEntry(number, name, str(index)) for index, (number, name) in enumerate(lines[1:])]
        void = ClassEntry(lines[0][0], IGNORE, "255", is_void=True)
        return ClassEntries([void, *names], f"labelme's names: {IGNORE} is void, the others count from 0")
    for description, form in LINE_FORMS:
        matches = [(number, re.fullmatch(form, line)) for number, line in lines]
        entries = [_of_match(number, match) for number, match in matches if match]
        if len(entries) == len(lines):
            return ClassEntries(entries, description)
        if entries and "R G B" in description and not _may_be_header(lines[0][1]):
            number, line = next(line for line, (_, match) in zip(lines, matches, strict=True) if not match)
            form = description.removeprefix("lines of ")
            raise WorkError(f"line {number}: {line!r} should be {form}, like the other lines")
    pairs = [_of_match(number, match) for number, line in lines if (match := NAME_INDEX.fullmatch(line))]
    keys, different = {int(entry.key) for entry in pairs}, {entry.name for entry in pairs}
    is_count = keys in (set(range(len(lines))), set(range(1, len(lines) + 1)))
    if is_count and len(different) == len(lines) and not any(entry.name.endswith((",", ";")) for entry in pairs):
        return ClassEntries(pairs, "lines of name index")
    return None


def _is_header(line: str) -> bool:
    """Whether a line has names of columns alone."""
    known, others = _column_names(line)
    return known > 1 and not others


def _may_be_header(line: str) -> bool:
    """Whether a line has names of columns, perhaps with others that nobody knows, and no number."""
    return _column_names(line)[0] > 1 and not re.search(r"\d", line)


def _column_names(line: str) -> tuple[int, int]:
    """The number of words that name columns, and of other words."""
    words = [normal_name(word) for word in re.split(r"[\s,;|]+", line) if word.strip('"')]
    known = sum(word in (*KNOWN, "r", "g", "b") for word in words)
    return known, len(words) - known


def _of_match(number: int, match: re.Match[str]) -> ClassEntry:
    cells = match.groupdict()
    text = (cells.get("colour") or "").strip()
    colour = colour_of(text) if text else None
    if text and colour is None:
        raise WorkError(f"line {number}: {cells['name']} has the colour {text}; its parts should be 0 to 255")
    name = cells["name"].strip()
    return ClassEntry(number, name.strip("'\"") if len(name) > 2 else name, cells.get("key") or "", colour)


def _from_table(table: UserTable, lines: list[tuple[int, str]]) -> ClassEntries:
    rows = list(table.rows())
    has_numbers = any(any(character.isdigit() for character in cell) for _, cells in rows for cell in cells)
    is_even = len({len(cells) for _, cells in rows}) == 1
    if table.header is None and (table.separator in (None, BLANK) or not (is_even or has_numbers)):
        if _is_header(lines[0][1]) and len(lines) > 1 and (entries := _from_lines(lines[1:])):
            return entries  # names with blanks below a header
        return _from_names(lines)
    cut = next(
        (number for number, cells in rows if len(cells) > table.width or any("\n" in cell for cell in cells)), None
    )
    if cut is not None:
        raise WorkError(
            f"line {cut} has not {table.width} cells like the other lines; is a quote or a separator missing?"
        )
    rows = [(number, [*cells, *[""] * (table.width - len(cells))]) for number, cells in rows]
    columns = class_columns(table.header, [cells for _, cells in rows])
    header = table.header or tuple(str(number) for number in range(1, table.width + 1))
    description = f"{table.kind}: {columns.describe(header)}"
    return ClassEntries(entries_of_rows(rows, columns), description, columns.keys_are_unsure)


def _from_names(lines: list[tuple[int, str]]) -> ClassEntries:
    """A name per line, perhaps below a header."""
    description = "one name per line, counted from 0"
    if len(lines) > 2 and normal_name(lines[0][1].strip('"')) in CLASS_NAME:
        lines, description = lines[1:], f"{description} (line {lines[0][0]} is a header)"
    for number, line in lines:
        if len(lines) > 1 and (LIKE_A_ROW.search(line) or _is_header(line)):
            raise WorkError(
                f"line {number}, {line!r}, looks like a row of a table, but not all lines do. Write a table with the "
                "header index,name"
            )
    return ClassEntries([ClassEntry(number, line.strip('"')) for number, line in lines], description)
