"""The tables of classes of masks, and of classes that become one."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from datatransformer.listing import Colour
from datatransformer.tables.class_entries import read_class_entries
from datatransformer.tables.class_entry import ClassEntry
from datatransformer.tables.label_forms import WHOLE, clean_label
from settings import SettingError, WorkError, bad_setting
from storage.column_names import MERGE_FROM, MERGE_TO, normal_name
from storage.table_form import SEPARATORS
from storage.tables import printable
from storage.user_tables import open_user_table

if TYPE_CHECKING:
    from datatransformer.report import Report

UNKNOWN = -1
MAX_INDEX = 65535
"""The largest value in a mask of 16 bits."""

WHITES = (255, MAX_INDEX)
"""White in masks of 8 and of 16 bits."""

VOID_NAMES = ("void", "ignore", "ignored", "border", "boundary", "unlabeled", "unlabelled", "dont_care", "don't_care")
"""Names, in the form of `normal_name`, by which a class of the value 255 or 65535 is void."""


@dataclass(frozen=True)
class RawClass:
    """A class of the raw masks, given by its value, its colour, or both. `is_void`: the table says that it is none."""

    index: int
    name: str
    colour: Colour | None = None
    is_void: bool = False


def read_class_table(path: Path, report: "Report | None" = None) -> list[RawClass]:
    """The classes of masks, sorted by their values if the table gives them.

    It may be a name per line, a table of value, name and colour in any order, or what labelme, CVAT, Cityscapes,
    ultralytics, COCO and others write. Without values, lines count from 0; but if all colours are gray, the value is
    the shade of gray. Raises SettingError for other files.
    """
    try:
        table = read_class_entries(path)
        if table.keys_are_unsure:
            raise WorkError("it has two columns of words and no number. Give it a header such as index,name")
        entries = [entry for entry in table.entries if not _is_negative(entry)]
        rows = [_raw_class(entry, position) for position, entry in enumerate(entries)]
        rows = _by_shade(rows) if not any(entry.key for entry in entries) else rows
        _check_rows(entries, rows)
    except WorkError as error:
        raise SettingError(bad_setting("class_names", path, f"is no table of classes: {error}")) from error
    except OSError as error:
        raise SettingError(bad_setting("class_names", path, f"cannot be read: {error.strerror}")) from error
    if report:
        void = [row.name for row in rows if row.is_void]
        report.note(f"{path} was read as {table.description}" + (f"; void: {', '.join(void)}" if void else ""))
        if table.doubt:
            report.warn(table.doubt)
        if left_out := len(table.entries) - len(entries):
            number = (
                "1 class with a negative value, which no mask can hold, is"
                if left_out == 1
                else (f"{left_out} classes with negative values, which no mask can hold, are")
            )
            report.note(f"{path}: {number} left out")
    return sorted(rows, key=lambda row: row.index) if all(entry.key for entry in entries) else rows


def _is_negative(entry: ClassEntry) -> bool:
    return entry.key.startswith("-") and bool(WHOLE.fullmatch(entry.key))


def _raw_class(entry: ClassEntry, position: int) -> RawClass:
    if entry.key and not WHOLE.fullmatch(entry.key):
        raise WorkError(f"line {entry.line}: the value {entry.key!r} of {entry.name} is no whole number")
    index = int(float(entry.key)) if entry.key else position
    if entry.key and index > MAX_INDEX:
        raise WorkError(f"line {entry.line}: {entry.name} has the index {index}; indices are 0 to {MAX_INDEX}")
    is_void = entry.is_void or (index in WHITES and normal_name(entry.name) in VOID_NAMES)
    return RawClass(index, printable(clean_label(entry.name)), entry.colour, is_void)


def _by_shade(rows: list[RawClass]) -> list[RawClass]:
    """If all colours are gray, the value of each class is its shade."""
    shades = [row.colour[0] for row in rows if row.colour and len(set(row.colour)) == 1]
    if len(shades) < len(rows):
        return rows
    return [RawClass(shade, row.name, row.colour, row.is_void) for shade, row in zip(shades, rows, strict=True)]


def _check_rows(entries: list[ClassEntry], rows: list[RawClass]) -> None:
    """Raises WorkError for a table that no mask can have."""
    if not rows:
        raise WorkError("it is empty")
    if unnamed := next((entry for entry in entries if not entry.name), None):
        raise WorkError(f"line {unnamed.line}: class {unnamed.key or 'number ' + str(unnamed.line)} has no name")
    some = next((entry for entry in entries if not entry.key), None)
    if some and any(entry.key for entry in entries):
        raise WorkError(f"line {some.line}: {some.name} has no value, but others have one")
    pairs = list(zip(entries, rows, strict=True))
    check_unique("colour", ((entry.line, row.colour) for entry, row in pairs if row.colour))
    check_unique("index", ((entry.line, row.index) for entry, row in pairs))
    check_unique("name", ((entry.line, row.name) for entry, row in pairs))


def check_unique(what: str, values: Iterable[tuple[int, object]]) -> None:
    """Raises WorkError, with both lines, if a value occurs twice. `values`: pairs of line number and value."""
    lines: dict[object, int] = {}
    for line, value in values:
        if value in lines:
            raise WorkError(f"lines {lines[value]} and {line} have the same {what}, {value}")
        lines[value] = line


def read_merge(path: Path, report: "Report | None" = None) -> dict[str, str]:
    """Classes that become one: name -> name of the class that it joins. Raises SettingError for other files."""
    try:
        table = open_user_table(path)
        header = table.header
        if table.width != 2 and header is None:
            lines = [(number, cells[0]) for number, cells in table.rows() if table.width == 1]
            alone = next((line for line in lines if not any(sign in line[1] for sign in SEPARATORS)), None)
            said = f"line {alone[0]}: {alone[1]} has only one of the two names" if alone else ""
            raise WorkError(said or f"it has {table.width} columns and no header")
        before, after = 0, 1
        if header:
            names = [normal_name(name) for name in header]
            first = _finder(names)
            if "to" in names and "from" not in names and len(names) == 2:
                before, after = 1 - names.index("to"), names.index("to")
            else:
                before, after = first(MERGE_FROM), first(MERGE_TO)
        merge: dict[str, str] = {}
        for number, cells in table.rows():
            old, new = (cells[column] if column < len(cells) else "" for column in (before, after))
            if not old or not new or len(cells) > table.width:
                raise WorkError(f"line {number}: {old or new or 'a row'} has only one of the two names")
            if merge.setdefault(old, new) != new:
                raise WorkError(f"line {number}: {old} becomes both {merge[old]} and {new}")
        if not merge:
            raise WorkError("it is empty")
    except WorkError as error:
        raise SettingError(bad_setting("merge_classes", path, f"should be a CSV of from,to: {error}")) from error
    if report:
        columns = f"{header[before]} becomes {header[after]}" if header else "the first column becomes the second"
        report.note(f"{path} was read as {table.kind}: {columns}")
    return merge


def _finder(names: list[str]) -> Callable[[tuple[str, ...]], int]:
    def first(known: tuple[str, ...]) -> int:
        column = next((names.index(name) for name in known if name in names), None)
        if column is None:
            raise WorkError(f"its columns are {', '.join(names)}, and not from and to")
        return column

    return first
