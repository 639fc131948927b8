"""What the values or colours of raw masks mean: the classes of a data set, what is merged, what is void."""

import csv
import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from datatransformer.tables import printable, read_table
from settings import SettingError, WorkError, fault

VOID = 255
"""In a written mask: belongs to no class, is not learnt and not counted."""

UNKNOWN = -1
MOST_CLASSES = VOID

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


def mask_classes(table: Sequence[RawClass], void: str | None, merge: dict[str, str] | None = None) -> MaskClasses:
    """Arguments:
        table: the classes of the raw masks.
        void: an index, a name or a colour `R,G,B`, which is then no class. Index 255 is void unless it is a class.
        merge: name in the table -> name of the class that it becomes part of.

    Raises SettingError if a name is in no table, or there are more classes than a mask can hold.
    """
    merge = merge or {}
    names = {row.name for row in table}
    unknown = [name for name in merge if name not in names]
    if unknown:
        raise SettingError(fault("merge_classes", unknown[0], f"is no class of the masks{_nearest(unknown[0], names)}"))
    is_void = _voids(table, void, merge)
    final = [*merge.values(), *(row.name for row in table if row.name not in merge)]
    kept = {merge.get(row.name, row.name) for row in table if not is_void[row.index]}
    order = {name: number for number, name in enumerate(name for name in dict.fromkeys(final) if name in kept)}
    if not 2 <= len(order) <= MOST_CLASSES:
        raise SettingError(fault("class_names", len(order), f"classes are left; two to {MOST_CLASSES} can be learnt"))
    by_index, by_colour, colours = np.full(256, UNKNOWN, np.int16), {}, {}
    by_index[VOID] = VOID
    for row in table:
        name = merge.get(row.name, row.name)
        target = VOID if is_void[row.index] else order[name]
        if row.index < 256:
            by_index[row.index] = target
        if row.colour:
            by_colour[packed(row.colour)] = target
            colours.setdefault(name, row.colour)
            if row.name == name:  # the class that others were merged into gives the colour
                colours[name] = row.colour
    if void is not None and void.isdecimal() and int(void) < 256:
        by_index[int(void)] = VOID
    if (colour := _colour(void)) is not None:
        by_colour[packed(colour)] = VOID
    return MaskClasses(tuple(order), tuple(colours.get(name) for name in order), by_index, by_colour)


def _voids(table: Sequence[RawClass], void: str | None, merge: dict[str, str]) -> dict[int, bool]:
    """For each raw index whether it is void."""
    if void is None:
        return {row.index: False for row in table}
    if void.isdecimal():
        return {row.index: row.index == int(void) for row in table}
    if (colour := _colour(void)) is not None:
        return {row.index: row.colour == colour for row in table}
    names = {row.name for row in table} | set(merge.values())
    if void not in names:
        raise SettingError(fault("void", void, f"is no class of the masks{_nearest(void, names)}"))
    return {row.index: void in (row.name, merge.get(row.name)) for row in table}


def read_mask_classes(path: Path) -> list[RawClass]:
    """A table of classes: lines `R G B name`, lines of a name each, or a CSV with `name` and, if there are, `index`
    (or `label`) and `red,green,blue`. Lines are counted from 0. Raises SettingError if it is none of these.
    """
    try:
        lines = [line.strip() for line in path.read_text(encoding="utf-8-sig").splitlines() if line.strip()]
        coloured = [re.fullmatch(r"(\d+)[\s,]+(\d+)[\s,]+(\d+)[\s,]+(\S.*)", line) for line in lines]
        if lines and all(coloured):
            rows = [RawClass(i, m[4].strip(), (int(m[1]), int(m[2]), int(m[3]))) for i, m in enumerate(coloured)]
        elif lines and "name" in next(csv.reader(lines[:1])):
            rows = [_of_table(number, row) for number, row in enumerate(read_table(path))]
        else:
            rows = [RawClass(number, name) for number, name in enumerate(lines)]
    except (UnicodeDecodeError, WorkError, KeyError, ValueError) as error:
        raise SettingError(fault("class_names", path, f"is no table of classes: {error}")) from error
    twice = next((row for row in rows if sum(other.index == row.index for other in rows) > 1), None)
    wrong = next((row for row in rows if row.colour and max(row.colour) > 255), None)
    if not rows or twice or wrong:
        what = f"class {(twice or wrong).name} has an index or colour that cannot be" if rows else "is empty"
        raise SettingError(fault("class_names", path, what))
    return [row._replace(name=printable(row.name)) for row in rows]


def _of_table(number: int, row: dict[str, str]) -> RawClass:
    index = row.get("index") or row.get("label") or number
    colour = tuple(int(row[key]) for key in ("red", "green", "blue")) if row.get("red") else None
    return RawClass(int(index), row["name"], colour)


def read_merge(path: Path) -> dict[str, str]:
    """A CSV of `from,to`. Raises SettingError if it is none."""
    try:
        return {row["from"].strip(): row["to"].strip() for row in read_table(path, ("from", "to"))}
    except (WorkError, AttributeError) as error:
        raise SettingError(fault("merge_classes", path, f"should be a CSV of from,to: {error}")) from error


def numbered(indices: Iterable[int]) -> list[RawClass]:
    """Classes of which nothing is known but the values that occur in the masks: 0 to the largest."""
    largest = max((index for index in indices if index != VOID), default=0)
    return [RawClass(index, str(index)) for index in range(largest + 1)]


def packed(colour: Colour) -> int:
    return colour[0] << 16 | colour[1] << 8 | colour[2]


def _colour(text: str | None) -> Colour | None:
    found = re.fullmatch(r"(\d+),(\d+),(\d+)", text or "")
    return (int(found[1]), int(found[2]), int(found[3])) if found else None


def _nearest(name: str, names: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, sorted(names), n=1)
    return f" (did you mean {close[0]}?)" if close else f"; they are {', '.join(sorted(names)[:40])}"
