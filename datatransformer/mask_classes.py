"""What the values or colours of raw masks mean: the classes of a data set, what is merged, what is void."""

import csv
import difflib
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import NamedTuple

import numpy as np

from settings import SettingError, WorkError, bad_setting
from storage.tables import printable, read_table

VOID = 255
"""In a written mask: belongs to no class, is not learnt and not counted."""

UNKNOWN = -1
MOST_CLASSES = VOID
COLOURED = re.compile(r"(\d+)[\s,]+(\d+)[\s,]+(\d+)[\s,]+(\S.*)")

Colour = tuple[int, int, int]


class RawClass(NamedTuple):
    """A class as the raw masks have it: their value, or their colour, or both."""

    index: int
    name: str
    colour: Colour | None = None


@dataclass(frozen=True)
class MaskClasses:
    """Classes in their final order, without void.

    Attributes:
        names, colours: of each; a colour is RGB of 0..255, or None.
        by_index: (256,) int16, for each raw value its class, VOID or UNKNOWN.
        by_colour: the same for each raw colour, packed into one number; empty if the table has no colours.
    """

    names: tuple[str, ...]
    colours: tuple[Colour | None, ...]
    by_index: np.ndarray
    by_colour: dict[int, int]


def chosen_classes(settings, table: Callable[[], Sequence[RawClass]]) -> MaskClasses:
    """As the settings have them; `table` says which there are if `class_names` does not."""
    rows = read_mask_classes(settings.class_names) if settings.class_names else table()
    merge = read_merge(settings.merge_classes) if settings.merge_classes else None
    return mask_classes(rows, settings.void, merge)


def mask_classes(table: Sequence[RawClass], void: str | None, merge: dict[str, str] | None = None) -> MaskClasses:
    """Arguments:
        table: the classes of the raw masks.
        void: an index, a name or a colour `R,G,B`, which is then no class. Index 255 is void unless it is a class.
        merge: name in the table -> name of the class that it becomes part of; these classes come first.

    Raises SettingError if a name is in no table, or there are more classes than a mask can hold.
    """
    merge = merge or {}
    names = {row.name for row in table}
    unknown = next((name for name in merge if name not in names), None)
    if unknown is not None:
        raise SettingError(bad_setting("merge_classes", unknown, f"is no class of the masks{_nearest(unknown, names)}"))
    is_void = _void_test(table, void, merge)
    final = [*merge.values(), *(row.name for row in table if row.name not in merge)]
    kept = {merge.get(row.name, row.name) for row in table if not is_void(row)}
    order = {name: number for number, name in enumerate(name for name in dict.fromkeys(final) if name in kept)}
    if not 2 <= len(order) <= MOST_CLASSES:
        allowed = f"the masks have {len(order)} classes without void; two to {MOST_CLASSES} can be learnt"
        raise SettingError(bad_setting("class_names", None, allowed))
    by_index, by_colour, colours = np.full(256, UNKNOWN, np.int16), {}, {}
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
            if row.name == name or name not in colours:  # rather that of the class that others were merged into
                colours[name] = row.colour
    if (colour := _colour(void)) is not None:
        by_colour[packed(colour)] = VOID
    return MaskClasses(tuple(order), tuple(colours.get(name) for name in order), by_index, by_colour)


def _void_test(table: Sequence[RawClass], void: str | None, merge: dict[str, str]) -> Callable[[RawClass], bool]:
    """Says of each class of the raw masks whether it is void. Raises SettingError if `void` cannot be in them."""
    if void is None:
        return lambda row: False
    if void.isdecimal():
        if int(void) > 255:
            raise SettingError(bad_setting("void", void, "an index is 0 to 255"))
        return lambda row: row.index == int(void)
    if (colour := _colour(void)) is not None:
        if max(colour) > 255 or not any(row.colour for row in table):
            allowed = "a colour is R,G,B of 0 to 255, and class_names then a table of R G B name"
            raise SettingError(bad_setting("void", void, allowed))
        return lambda row: row.colour == colour
    names = {row.name for row in table} | set(merge.values())
    if void not in names:
        raise SettingError(bad_setting("void", void, f"is no class of the masks{_nearest(void, names)}"))
    return lambda row: void in (row.name, merge.get(row.name))


def read_mask_classes(path: Path) -> list[RawClass]:
    """A table of classes: lines `R G B name`, lines of a name each, or a CSV with `name` and, if there are, `index`
    (or `label`) and `red,green,blue` (or `r,g,b`). Lines are counted from 0; but if all colours are gray, the index is
    that shade. Raises SettingError if it is none of these.
    """
    try:
        lines = [line.strip() for line in path.read_text(encoding="utf-8-sig").splitlines() if line.strip()]
        header = [cell.strip().lower() for cell in next(csv.reader(lines[:1]), [])]
        if "name" in header:
            rows = [_of_cells(dict(zip_longest(header, cells, fillvalue=""))) for cells in csv.reader(lines[1:])]
        elif any(COLOURED.fullmatch(line) for line in lines):
            rows = [_of_line(line) for line in lines]
        else:
            rows = [RawClass(UNKNOWN, line) for line in lines]
        rows = _numbered_rows(rows)
        _check_table(rows)
    except (ValueError, KeyError, csv.Error) as error:
        raise SettingError(bad_setting("class_names", path, f"is no table of classes: {error}")) from error
    return [row._replace(name=printable(row.name)) for row in rows]


def _of_cells(row: dict[str, str]) -> RawClass:
    index = row.get("index") or row.get("label")
    keys = ("red", "green", "blue") if "red" in row else ("r", "g", "b")
    colour = tuple(int(row[key]) for key in keys) if row.get(keys[0]) else None
    if index and not 0 <= int(index) <= 255:
        raise ValueError(f"{row['name']} has the index {index}; they are 0 to 255")
    return RawClass(int(index) if index else UNKNOWN, row["name"].strip(), colour)


def _of_line(text: str) -> RawClass:
    found = COLOURED.fullmatch(text)
    if not found:
        raise ValueError(f"{text!r} should be R G B name, as other lines are")
    return RawClass(UNKNOWN, found[4].strip(), (int(found[1]), int(found[2]), int(found[3])))


def _numbered_rows(rows: list[RawClass]) -> list[RawClass]:
    """Indices for the rows that have none: their shade if all of the table are gray, else their place."""
    gray = all(row.index == UNKNOWN and row.colour and len(set(row.colour)) == 1 for row in rows)
    return [
        row if row.index != UNKNOWN else row._replace(index=row.colour[0] if gray else place)
        for place, row in enumerate(rows)
    ]


def _check_table(rows: list[RawClass]) -> None:
    """Raises ValueError for what no mask can have."""
    if not rows:
        raise ValueError("it is empty")
    for row in rows:
        if not row.name:
            raise ValueError(f"class {row.index} has no name")
        if row.colour and not 0 <= min(row.colour) <= max(row.colour) <= 255:
            raise ValueError(f"{row.name} has the colour {row.colour}; they are 0 to 255")
    for what in ("colour", "index"):
        values = [value for row in rows if (value := getattr(row, what)) is not None]
        value, count = Counter(values).most_common(1)[0] if values else (None, 0)
        if count > 1:
            raise ValueError(f"{count} classes have the {what} {value}")


def read_merge(path: Path) -> dict[str, str]:
    """A CSV of `from,to`. Raises SettingError if it is none."""
    try:
        merge: dict[str, str] = {}
        for row in read_table(path, ("from", "to")):
            before, after = ((row[key] or "").strip() for key in ("from", "to"))
            if not before or not after:
                raise WorkError(f"{before or after or 'a row'} stands alone")
            if merge.setdefault(before, after) != after:
                raise WorkError(f"{before} becomes both {merge[before]} and {after}")
    except WorkError as error:
        raise SettingError(bad_setting("merge_classes", path, f"should be a CSV of from,to: {error}")) from error
    return merge


def numbered(values: Iterable[int]) -> list[RawClass]:
    """Classes of which nothing is known but the values that occur in the masks. 255 is one only beside 0 alone."""
    present = set(values)
    indices = present if present == {0, VOID} else present - {VOID}
    return [RawClass(index, str(index)) for index in sorted(indices)]


def packed(colour: Colour) -> int:
    return colour[0] << 16 | colour[1] << 8 | colour[2]


def _colour(text: str | None) -> Colour | None:
    found = re.fullmatch(r"(\d+)[\s,]+(\d+)[\s,]+(\d+)", text or "")
    return (int(found[1]), int(found[2]), int(found[3])) if found else None


def _nearest(name: str, names: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, sorted(names), n=1)
    return f" (did you mean {close[0]}?)" if close else f"; they are {', '.join(sorted(names)[:40])}"
