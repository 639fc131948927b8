"""The meaning of the values or colours in raw masks: classes, merged classes, and void."""

import csv
import difflib
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from datatransformer.listing import Colour
from settings import SettingError, WorkError, bad_setting
from storage.tables import printable, read_table

if TYPE_CHECKING:
    from config import DataTransformerConfig

VOID = 255
"""Value in a written mask of pixels without a class. They are neither trained on nor scored."""

UNKNOWN = -1
MAX_CLASSES = VOID
COLOURED = re.compile(r"(\d+)[\s,]+(\d+)[\s,]+(\d+)[\s,]+(\S.*)")


@dataclass(frozen=True)
class RawClass:
    """A class of the raw masks, given by its value, its colour, or both."""

    index: int
    name: str
    colour: Colour | None = None


@dataclass(frozen=True)
class MaskClasses:
    """The classes in their final order, without void.

    Attributes:
        names: of the classes.
        colours: of the classes; None for a class without a known colour.
        by_index: (256,) int16, the class, VOID or UNKNOWN for each raw value.
        by_colour: the same for each raw colour, packed into one number; empty if the table has no colours.
    """

    names: tuple[str, ...]
    colours: tuple[Colour | None, ...]
    by_index: np.ndarray
    by_colour: dict[int, int]


def classes_of_settings(
    settings: "DataTransformerConfig", default_table: Callable[[], Sequence[RawClass]]
) -> MaskClasses:
    """The classes that the settings define. `default_table` returns the raw classes if `class_names` is empty."""
    table = read_mask_classes(settings.class_names) if settings.class_names else default_table()
    merge = read_merge(settings.merge_classes) if settings.merge_classes else None
    return mask_classes(table, settings.void, merge)


def mask_classes(table: Sequence[RawClass], void: str | None, merge: dict[str, str] | None = None) -> MaskClasses:
    """The final classes and the meaning of each raw value and colour.

    Arguments:
        table: the classes of the raw masks.
        void: the index, name or colour `R,G,B` that becomes void. Index 255 is void too unless it is a class.
        merge: name in the table -> name of the class that it becomes part of. These classes come first.

    Raises SettingError if a name is not in the table, or if there are more classes than a mask can hold.
    """
    merge = merge or {}
    names = {row.name for row in table}
    unknown = next((name for name in merge if name not in names), None)
    if unknown is not None:
        raise SettingError(
            bad_setting("merge_classes", unknown, f"is no class of the masks{_suggestion(unknown, names)}")
        )
    is_void = _void_test(table, void, merge)
    final = [*merge.values(), *(row.name for row in table if row.name not in merge)]
    kept = {merge.get(row.name, row.name) for row in table if not is_void(row)}
    order = {name: number for number, name in enumerate(name for name in dict.fromkeys(final) if name in kept)}
    if not 2 <= len(order) <= MAX_CLASSES:
        allowed = f"the masks have {len(order)} classes without void; two to {MAX_CLASSES} are possible"
        raise SettingError(bad_setting("class_names", None, allowed))
    by_index = np.full(256, UNKNOWN, np.int16)
    by_colour: dict[int, int] = {}
    colours: dict[str, Colour] = {}
    by_index[VOID] = VOID
    if void is not None and void.isdecimal():
        by_index[int(void)] = VOID
    for row in table:
        name = merge.get(row.name, row.name)
        target = VOID if is_void(row) else order[name]
        if row.index < 256:
            by_index[row.index] = target
        if row.colour:
            by_colour[packed(row.colour)] = target
            if row.name == name or name not in colours:  # its own colour goes before that of a merged class
                colours[name] = row.colour
    if (colour := _colour(void)) is not None:
        by_colour[packed(colour)] = VOID
    return MaskClasses(tuple(order), tuple(colours.get(name) for name in order), by_index, by_colour)


def _void_test(table: Sequence[RawClass], void: str | None, merge: dict[str, str]) -> Callable[[RawClass], bool]:
    """A function that tells whether a raw class is void. Raises SettingError if `void` cannot be in the masks."""
    if void is None:
        return lambda row: False
    if void.isdecimal():
        if int(void) > 255:
            raise SettingError(bad_setting("void", void, "an index is 0 to 255"))
        return lambda row: row.index == int(void)
    if (colour := _colour(void)) is not None:
        if max(colour) > 255 or not any(row.colour for row in table):
            allowed = "a colour is R,G,B of 0 to 255, and needs class_names with lines of R G B name"
            raise SettingError(bad_setting("void", void, allowed))
        return lambda row: row.colour == colour
    names = {row.name for row in table} | set(merge.values())
    if void not in names:
        raise SettingError(bad_setting("void", void, f"is no class of the masks{_suggestion(void, names)}"))
    return lambda row: void in (row.name, merge.get(row.name))


def read_mask_classes(path: Path) -> list[RawClass]:
    """Reads a table of classes.

    It has lines of `R G B name`, lines with a name each, or is a CSV with `name` and perhaps `index` (or `label`) and
    `red,green,blue` (or `r,g,b`). Without an index, lines are numbered from 0; but if all colours are gray, the index
    is the shade of gray. Raises SettingError for other files.
    """
    try:
        lines = [line.strip() for line in path.read_text(encoding="utf-8-sig").splitlines() if line.strip()]
        header = [cell.strip().lower() for cell in next(csv.reader(lines[:1]), [])]
        if "name" in header:
            rows = [_class_of_cells(dict(zip_longest(header, cells, fillvalue=""))) for cells in csv.reader(lines[1:])]
        elif any(COLOURED.fullmatch(line) for line in lines):
            rows = [_class_of_line(line) for line in lines]
        else:
            rows = [RawClass(UNKNOWN, line) for line in lines]
        rows = _numbered_rows(rows)
        _check_table(rows)
    except (ValueError, KeyError, csv.Error) as error:
        raise SettingError(bad_setting("class_names", path, f"is no table of classes: {error}")) from error
    return [replace(row, name=printable(row.name)) for row in rows]


def _class_of_cells(row: dict[str, str]) -> RawClass:
    index = row.get("index") or row.get("label")
    red, green, blue = ("red", "green", "blue") if "red" in row else ("r", "g", "b")
    colour = (int(row[red]), int(row[green]), int(row[blue])) if row.get(red) else None
    if index and not 0 <= int(index) <= 255:
        raise ValueError(f"{row['name']} has the index {index}; indices are 0 to 255")
    return RawClass(int(index) if index else UNKNOWN, row["name"].strip(), colour)


def _class_of_line(text: str) -> RawClass:
    match = COLOURED.fullmatch(text)
    if not match:
        raise ValueError(f"{text!r} should be R G B name, like the other lines")
    return RawClass(UNKNOWN, match[4].strip(), (int(match[1]), int(match[2]), int(match[3])))


def _numbered_rows(rows: list[RawClass]) -> list[RawClass]:
    """Gives an index to the rows without one: the shade if all colours of the table are gray, else the line number."""
    shades = [row.colour[0] if row.colour and len(set(row.colour)) == 1 else None for row in rows]
    all_gray = all(row.index == UNKNOWN and shade is not None for row, shade in zip(rows, shades, strict=True))
    indices = [shade if all_gray and shade is not None else line for line, shade in enumerate(shades)]
    return [
        row if row.index != UNKNOWN else replace(row, index=index) for row, index in zip(rows, indices, strict=True)
    ]


def _check_table(rows: list[RawClass]) -> None:
    """Raises ValueError for a table that no mask can have."""
    if not rows:
        raise ValueError("it is empty")
    for row in rows:
        if not row.name:
            raise ValueError(f"class {row.index} has no name")
        if row.colour and not 0 <= min(row.colour) <= max(row.colour) <= 255:
            raise ValueError(f"{row.name} has the colour {row.colour}; its parts should be 0 to 255")
    _check_unique("colour", [row.colour for row in rows if row.colour])
    _check_unique("index", [row.index for row in rows])


def _check_unique(what: str, values: Sequence[object]) -> None:
    value, count = Counter(values).most_common(1)[0] if values else (None, 0)
    if count > 1:
        raise ValueError(f"{count} classes have the {what} {value}")


def read_merge(path: Path) -> dict[str, str]:
    """Reads a CSV of `from,to`. Raises SettingError for other files."""
    try:
        merge: dict[str, str] = {}
        for row in read_table(path, ("from", "to")):
            before, after = ((row[key] or "").strip() for key in ("from", "to"))
            if not before or not after:
                raise WorkError(f"{before or after or 'a row'} has only one of the two")
            if merge.setdefault(before, after) != after:
                raise WorkError(f"{before} becomes both {merge[before]} and {after}")
    except WorkError as error:
        raise SettingError(bad_setting("merge_classes", path, f"should be a CSV of from,to: {error}")) from error
    return merge


def numbered(values: Iterable[int]) -> list[RawClass]:
    """Classes for the values that occur in masks without a table. 255 is a class only if 0 is the only other value."""
    present = set(values)
    indices = present if present == {0, VOID} else present - {VOID}
    return [RawClass(index, str(index)) for index in sorted(indices)]


def packed(colour: Colour) -> int:
    """A colour as one number."""
    return colour[0] << 16 | colour[1] << 8 | colour[2]


def _colour(text: str | None) -> Colour | None:
    match = re.fullmatch(r"(\d+)[\s,]+(\d+)[\s,]+(\d+)", text or "")
    return (int(match[1]), int(match[2]), int(match[3])) if match else None


def _suggestion(name: str, names: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, sorted(names), n=1)
    return f" (did you mean {close[0]}?)" if close else f"; the classes are {', '.join(sorted(names)[:40])}"
