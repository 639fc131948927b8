"""Lists of images: a name per line, or a table that has a column of them."""

import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from datatransformer.naming import IMAGE_SUFFIX, SPLIT_FOLDERS
from storage.column_names import IMAGE, SPLIT, normal_name
from storage.user_tables import UserTable, open_user_table

if TYPE_CHECKING:
    from datatransformer.report import Report

FIRST_ROWS = 200

AND_MORE = re.compile(rf"(?P<name>.*?{IMAGE_SUFFIX.pattern.removesuffix('$')})\s+\S.*", re.IGNORECASE)
"""A name with a suffix, and more behind it: a mask, as in SegNet's lists, or a label."""

AND_SIGN = re.compile(r"(?P<name>\S+)\s+(-1|0|1)")
"""A name and whether it has a class, as in PASCAL VOC's lists."""


def read_list(path: Path, report: "Report | None" = None) -> Iterator[str]:
    """The names in a file that lists images, one per line or in a column of a table.

    Of lines with more than a name, such as `image.png mask.png` or PASCAL VOC's `name -1`, the name counts. A header is
    no name. Raises WorkError for a file that is no text.
    """
    table = open_user_table(path)
    rows = [cells for _, cells in islice(table.rows(), FIRST_ROWS)]
    column, reading = _column(table, rows)
    splits = _split_column(table, rows)
    if report:
        said = (
            f", of the rows for validation by the column {(table.header or ())[splits]}" if splits is not None else ""
        )
        report.note(f"{path} was read as a list: {reading}{said}")
    texts = [_text(table, cells) for cells in rows]
    has_more = sum(bool(AND_MORE.fullmatch(text)) for text in texts) * 2 > len(texts)
    all_signs = column is None and all(map(AND_SIGN.fullmatch, texts))
    is_first = True
    for _, cells in table.rows():
        if splits is not None and SPLIT_FOLDERS.get(cells[splits].lower() if splits < len(cells) else "") != "val":
            continue
        text = _text(table, cells) if column is None else cells[column] if column < len(cells) else ""
        if column is None:
            is_header = is_first and len(rows) > 1 and normal_name(text) in IMAGE
            is_first = False
            if is_header:
                continue
            match = (AND_MORE.fullmatch(text) if has_more else None) or (
                AND_SIGN.fullmatch(text) if all_signs else None
            )
            text = match["name"] if match else text
        if text:
            yield text.strip("\"'")


def _column(table: UserTable, rows: list[list[str]]) -> tuple[int | None, str]:
    """The column of the names, None if each line is a name, perhaps with more behind it; and a text about that."""
    if table.header:
        names = [normal_name(name) for name in table.header]
        known = next((names.index(name) for name in IMAGE if name in names), None)
        column = known if known is not None else _first_with_suffix(rows)
        return column or 0, f"{table.kind}, with the images in the column {table.header[column or 0]}"
    if table.is_json or (table.separator not in (None, " ") and table.width > 1):
        column = _first_with_suffix(rows)
        if column is None or table.is_json or column == 0:
            return column or 0, f"{table.kind}, with the images in column {(column or 0) + 1}"
        if len({row[0] for row in rows}) < len(rows) or all(row[0].isdecimal() for row in rows):
            return column, f"{table.kind}, with the images in column {column + 1}"
    return None, "one image per line"


def _text(table: UserTable, cells: list[str]) -> str:
    """The whole line, also if its names have commas in them."""
    sign = table.separator or ""
    return (sign if sign in ("", " ") else sign + " ").join(cells)


def _first_with_suffix(rows: list[list[str]]) -> int | None:
    """The first column in which most of the cells are names of image files."""
    width = min(map(len, rows), default=0)
    counts = [sum(bool(IMAGE_SUFFIX.search(row[column])) for row in rows) for column in range(width)]
    return next((column for column, count in enumerate(counts) if count * 2 > len(rows)), None)


def _split_column(table: UserTable, rows: list[list[str]]) -> int | None:
    """A column of words such as train and val: then the list is of the rows with val."""
    for column, name in enumerate(table.header or ()):
        if normal_name(name) in SPLIT:
            words = {SPLIT_FOLDERS.get(row[column].lower(), "") for row in rows if column < len(row)}
            if {"train", "val"} <= words:
                return column
    return None
