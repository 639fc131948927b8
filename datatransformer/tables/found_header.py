"""Headers of label tables that only the settings or the files show: unknown names above words of any kind."""

import re
from collections.abc import Callable, Iterable
from itertools import islice
from typing import TYPE_CHECKING

from datatransformer.naming import IMAGE_SUFFIX
from storage.column_names import normal_name
from storage.table_form import NUMBER

if TYPE_CHECKING:
    from storage.user_tables import UserTable

LOOKED_UP = 30
"""Rows whose cells are looked up among the files."""

MOST_THERE = 0.9
"""Share of the rows below a header whose pictures are there."""


def with_found_header(table: "UserTable", given: Iterable[str | None], is_there: Callable[[str], bool]) -> "UserTable":
    """The table; its first row is the header if a setting names one of its cells, or if it alone names no picture.

    Arguments:
        given: names of columns in the settings.
        is_there: whether a picture has this name.
    """
    if table.header is not None or table.is_json or table.separator is None:
        return table
    (number, names), *rows = [*islice(table.rows(), LOOKED_UP)] or [(0, [])]
    known = {normal_name(name) for name in names}
    wanted = {normal_name(part) for name in given if name for part in (name, *name.split(",")) if not part.isdecimal()}
    if known & wanted or _is_unlike([cells for _, cells in rows], names, is_there):
        return table.with_header(number, names)
    return table


def _is_unlike(rows: list[list[str]], names: list[str], is_there: Callable[[str], bool]) -> bool:
    """Whether a row of words names no picture and occurs nowhere below, where pictures or numbered names are."""
    rows = [row for row in rows if len(row) == len(names)]
    are_words = all(names) and not any(NUMBER.fullmatch(name) or IMAGE_SUFFIX.search(name) for name in names)
    if len(rows) < 2 or len(names) < 2 or not are_words or len(set(names)) < len(names):
        return False
    columns = list(zip(*rows, strict=True))
    shapes = [set(map(_shape, column)) for column in columns]
    if any(map(is_there, names)) or any(_shape(name) in below for name, below in zip(names, shapes, strict=True)):
        return False
    are_there = any(sum(map(is_there, column)) >= MOST_THERE * len(rows) for column in columns)
    are_numbered = any(len(below) == 1 and "9" in next(iter(below)) for below in shapes)
    return are_there or are_numbered


def _shape(cell: str) -> str:
    """A cell with a 9 for each run of digits: img_1 and img_22 are alike, words without digits are not."""
    return re.sub(r"\d+", "9", cell.casefold())
