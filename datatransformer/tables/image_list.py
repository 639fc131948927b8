"""Lists of images: a name per line, or a table that has a column of them."""

import re
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from datatransformer.naming import IMAGE_SUFFIX, in_words, split_of_folder
from datatransformer.tables.columns import split_places
from datatransformer.tables.split_column import NO_SPLIT, TEXTS, SplitColumns, split_columns
from datatransformer.tables.split_words import split_word
from settings import SettingError, bad_setting
from storage.column_names import IMAGE, normal_name
from storage.user_tables import UserTable, open_user_table

if TYPE_CHECKING:
    from datatransformer.report import Report

FIRST_ROWS = 200

AND_MORE = re.compile(rf"(?P<name>.*?{IMAGE_SUFFIX.pattern.removesuffix('$')})\s+\S.*", re.IGNORECASE)
"""A name with a suffix, and more behind it: a mask, as in SegNet's lists, or a label."""

AND_SIGN = re.compile(r"(?P<name>\S+)\s+(-1|0|1)")
"""A name and whether it has a class, as in PASCAL VOC's lists."""


def read_list(path: Path, split: str, report: "Report | None" = None) -> Iterator[str]:
    """The names in a file that lists the images of a split, val or test, one per line or in a column of a table.

    Of lines with more than a name, such as `image.png mask.png` or PASCAL VOC's `name -1`, the name counts. A header is
    no name. Of a table with a column of splits, the rows of that split count. Raises WorkError for a file that is no
    text, SettingError if its columns of splits are undecided.
    """
    table = open_user_table(path)
    rows = [cells for _, cells in islice(table.rows(), FIRST_ROWS)]
    column, reading = _column(table, rows)
    splits, notes = _split(table, rows, column, split)
    if splits.columns and column is None:
        column, reading = 0, f"{table.kind}, with the images in column 1"
    if report:
        report.note("; ".join((f"{path} was read as a list: {reading}", *notes)))
        if not splits.columns and split_of_folder(path.stem) == "train":
            report.warn(
                f"{path} is named like a list of images for training, but its images become those for {TEXTS[split]}"
            )
    texts = [_text(table, cells) for cells in rows]
    has_more = sum(bool(AND_MORE.fullmatch(text)) for text in texts) * 2 > len(texts)
    all_signs = column is None and all(map(AND_SIGN.fullmatch, texts))
    is_first = True
    for _, cells in table.rows():
        if splits.columns and (len(cells) <= max(splits.columns) or splits.of(cells) != split):
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


def _split(table: UserTable, rows: list[list[str]], column: int | None, split: str) -> tuple[SplitColumns, list[str]]:
    """The columns that say which rows are for this split, by the rule for label tables; and sentences about them.

    Raises SettingError if they are undecided, or if no row is for it.
    """
    if table.separator is None and not table.is_json:
        return NO_SPLIT, []
    width = len(table.header or ()) or table.width
    fitting = [row for row in rows if len(row) == width]
    places = split_places(table, fitting, {column or 0})
    if not places:
        return NO_SPLIT, []
    names = [table.header[place] if table.header else str(place + 1) for place in places]
    counts: Counter[tuple[str, ...]] = Counter()
    for _, cells in table.rows():
        if len(cells) == width:
            counts[tuple(cells[place].lower() for place in places)] += 1
    try:
        found, notes = split_columns(places, names, counts, None)
    except SettingError as error:
        why = f"it should list the images for {TEXTS[split]} alone: {_reason(error)}"
        raise SettingError(bad_setting(f"{split}_list", table.path, why)) from error
    words = {split_word(cell) for key in counts for cell in key}
    is_for_others = words == {"train"} if not found.columns else not any(found.of_cells(key) == split for key in counts)
    if is_for_others:
        why = f"none of its rows is for {TEXTS[split]}, by the column {in_words(names)}; name a list of such images"
        raise SettingError(bad_setting(f"{split}_list", table.path, why))
    return found, notes


def _reason(error: SettingError) -> str:
    """What is wrong with the column, without the remedies by settings that a list has not."""
    return str(error).partition(": ")[2].partition(". ")[0].partition("; say which")[0]
