"""Label tables of all common formats: how each is read is decided by one pass over its rows."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from datatransformer.naming import in_words, number_text
from datatransformer.tables.columns import NO_COLUMNS, Columns, GivenColumns, columns_of, given_columns
from datatransformer.tables.found_header import with_found_header
from datatransformer.tables.id_names import names_of_numbers
from datatransformer.tables.label_cells import label_cells
from datatransformer.tables.label_search import are_names_with_blanks, finder, is_of_split_folder
from datatransformer.tables.label_spellings import MOST_CELLS
from datatransformer.tables.label_table import LabelTable, problem_of, rows_of
from datatransformer.tables.one_hot_columns import BINARY, SIGNED, binary_values
from datatransformer.tables.split_column import NO_SPLIT, TEXTS, SplitColumns, split_columns
from settings import SettingError, WorkError, bad_setting, errors_if_given
from storage.column_names import normal_name
from storage.user_tables import UserTable, open_user_table

if TYPE_CHECKING:
    from config import DataTransformerConfig
    from datatransformer.report import Report

BOXES = (
    "xmin",
    "x_min",
    "x1",
    "bbox",
    "bbox_x",
    "bounding_box",
    "encodedpixels",
    "encoded_pixels",
    "rle",
    "segmentation",
)
"""Columns of objects in a picture, in the form of `normal_name`."""


def open_label_tables(
    settings: "DataTransformerConfig", root: Path, paths: Mapping[Path, str], report: "Report"
) -> list[LabelTable]:
    """The label tables, which tell the report how they are read. Raises SettingError if a setting has no effect.

    `paths`: the split that each table is for, because of its name or its folder; empty if its own column decides.
    """
    decided = settings.split != "auto"
    if decided and (errors := errors_if_given(settings, ["split_column"], "has no effect with split")):
        raise SettingError(*errors)
    several = settings.labels == "several"
    tables = []
    for path, split in paths.items():
        is_there = finder(path.parent if split and is_of_split_folder(path, root) else root)
        tables.append(open_label_table(path, is_there, several, given_columns(settings), use_split=not decided))
    are_of_splits = any(paths.values()) and not decided
    if are_of_splits:
        said = ", ".join(f"{path} for {TEXTS[split]}" for path, split in paths.items())
        report.note(f"The split comes from the names of the label tables: {said}")
    for table in tables:
        for note in table.notes:
            report.note(note)
        for warning in table.warnings:
            report.warn(warning)
    if are_of_splits:
        has_val = "val" in paths.values() or any(table.gives_split for table in tables)
        if not has_val:
            report.note("As no table is for validation, a share of the images for training is")
        for place, table in enumerate(tables):
            split = "" if table.gives_split else paths[table.table.path]
            tables[place] = replace(table, fixed_split=split if has_val or split != "train" else "")
    return tables


def order_of(tables: Sequence[LabelTable]) -> list[str] | None:
    """The classes in the order that the table itself gives; None: the natural order of those that occur."""
    orders = [table.class_order() for table in tables]
    return orders[0] if all(order == orders[0] for order in orders) else None


def open_label_table(
    path: Path,
    is_there: Callable[[str], bool],
    several: bool = False,
    given: GivenColumns = NO_COLUMNS,
    use_split: bool = True,
) -> LabelTable:
    """The label table in a file; one pass over it decides how it is read.

    Arguments:
        is_there: whether an image has this name.
        several: an image may have several labels.
        given: columns that the settings name.
        use_split: a column of the split counts.

    Raises WorkError for a file that is no table, SettingError if it can be read in several ways.
    """
    table = with_found_header(open_user_table(path), given, is_there)
    is_text = are_names_with_blanks(table, is_there)
    if is_text and (given_names := [(key, name) for key, name in given._asdict().items() if name]):
        (key, name), *_ = given_names
        why = f"{path} has lines of a name with blanks and its label, and no columns; leave it out"
        raise SettingError(bad_setting(f"{key}_column", name, why))
    columns = None if is_text else columns_of(table, given, is_there, several)
    signs = _signs(table, columns)
    counts = _count(table, columns, signs)
    if not several and (counts.sizes[0] or counts.sizes[2]):
        _refuse_several(path, counts)
    name = columns.name(columns.label) if columns and columns.label is not None else "of labels"
    meaning, notes, warnings = label_cells(counts.labels, name, several)
    found, said_of_split = _splits(columns, counts, given, use_split) if columns else (NO_SPLIT, [])
    occurring = frozenset(label for cell in counts.labels for label in meaning.of(cell))
    if columns and columns.label is None:
        occurring = frozenset(name for _, name in columns.one_hot)
    names, said_of_names = names_of_numbers(table, columns.image, is_there) if columns else ({}, "")
    notes += [*said_of_split, *([said_of_names] if said_of_names else [])]
    warnings += _box_warnings(table)
    reading = f"{path} was read as {_described(table, columns)}"
    doubts = (table.doubt,) if table.doubt else ()
    sentences = (reading, *(f"{path.name}: {note}" for note in notes))
    alarms = (*doubts, *(f"{path.name}: {warning}" for warning in warnings))
    return LabelTable(table, columns, signs, meaning, found, occurring, "", names, sentences, alarms)


@dataclass
class _Counts:
    """What one pass over the rows finds.

    Attributes:
        labels: cells of the label column.
        splits: cells of the columns of the split, in small letters.
        sizes: rows with one column per class by their number of classes, where 2 stands for more too; first: the
            first line of each.
    """

    labels: Counter[str] = field(default_factory=Counter)
    splits: Counter[tuple[str, ...]] = field(default_factory=Counter)
    sizes: Counter[int] = field(default_factory=Counter)
    first: dict[int, int] = field(default_factory=dict)


def _count(table: UserTable, columns: Columns | None, signs: dict[str, bool]) -> _Counts:
    counts = _Counts()
    split_of = columns.splits if columns else ()
    for line, cells in rows_of(table, columns):
        if problem_of(cells, columns):
            continue
        counts.splits[tuple(cells[column].lower() for column in split_of)] += 1
        if columns and columns.label is None:
            size = min(_count_signs(table, line, cells, columns, signs), 2)
            counts.sizes[size] += 1
            counts.first.setdefault(size, line)
        else:
            cell = cells[columns.label or 0] if columns else cells[1]
            if cell in counts.labels or len(counts.labels) < MOST_CELLS:
                counts.labels[cell] += 1
    return counts


def _splits(columns: Columns, counts: _Counts, given: GivenColumns, use_split: bool) -> tuple[SplitColumns, list[str]]:
    """The meaning of the columns of the split, and sentences about them."""
    names = [columns.name(column) for column in columns.splits]
    if names and use_split:
        return split_columns(columns.splits, names, counts.splits, given.split)
    unused = [f"{_columns_text(names)} not used for the split, because the settings decide it"] if names else []
    return NO_SPLIT, unused


def _columns_text(names: Sequence[str]) -> str:
    return f"the column {names[0]} is" if len(names) == 1 else f"the columns {in_words(names)} are"


def _described(table: UserTable, columns: Columns | None) -> str:
    if columns is None:
        return f"lines of an image and its label ({table.description.rpartition(', ')[2]})"
    return f"{table.kind}: {columns.describe()}"


def _signs(table: UserTable, columns: Columns | None) -> dict[str, bool]:
    if not columns or columns.label is not None:
        return BINARY
    rows = [cells for _, cells in islice(table.rows(), 200) if len(cells) == columns.width]
    return binary_values([column for column, _ in columns.one_hot], rows) or BINARY


def _count_signs(table: UserTable, line: int, cells: list[str], columns: Columns, signs: dict[str, bool]) -> int:
    """The number of classes of a row. Raises WorkError if a cell is neither yes nor no."""
    count = 0
    for column, name in columns.one_hot:
        cell = cells[column].lower()
        if cell not in signs:
            expected = "-1 or 1" if signs is SIGNED else "0 or 1"
            raise WorkError(
                f"{table.path}, line {line}: {cells[column]!r} in the column {name} is not {expected} as elsewhere. "
                "If the columns are not one per class, name the label's by --label-column"
            )
        count += signs[cell]
    return count


def _refuse_several(path: Path, counts: _Counts) -> None:
    sizes, first = counts.sizes, counts.first
    parts = [(2, "several labels"), (0, "none")]
    said = " and ".join(
        f"{number_text(sizes[size], 'has', 'have')} {text} (line {first[size]})" for size, text in parts if sizes[size]
    )
    why = f"{path} has one column per class, and of its {sizes.total()} rows {said}"
    remedy = "Read them by --labels several, or name those with one label in each row by --label-column A,B,C"
    raise SettingError(bad_setting("labels", "one", f"{why}. {remedy}"))


def _box_warnings(table: UserTable) -> list[str]:
    boxes = [name for name in table.header or () if normal_name(name) in BOXES]
    if not boxes:
        return []
    return [
        f"it has columns of objects in the picture ({', '.join(boxes)}), which are not used: the label of each row "
        "counts for its whole picture"
    ]
