"""Label tables of all common formats: how each is read is decided by one pass over its rows."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from datatransformer.columns import NO_COLUMNS, Columns, GivenColumns, columns_of, given_columns
from datatransformer.label_cells import MOST_CELLS, label_cells
from datatransformer.label_columns import BINARY, SIGNED, binary_values
from datatransformer.label_search import finder
from datatransformer.label_table import LabelTable, problem_of, rows_of
from datatransformer.split_column import NO_SPLIT, split_columns
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

    `paths`: the split that each table is for, because of its folder; empty if its own column decides.
    """
    decided = settings.split != "auto" or settings.val_list is not None
    if decided and (errors := errors_if_given(settings, ["split_column"], "has no effect with split or val_list")):
        raise SettingError(*errors)
    several = settings.labels == "several"
    tables = []
    for path, split in paths.items():
        is_there = finder(path.parent if split else root)
        tables.append(open_label_table(path, is_there, several, given_columns(settings), use_split=not decided))
    if any(paths.values()):
        said = ", ".join(f"{path} for {split}" for path, split in paths.items())
        report.note(f"The split comes from the folders of the label tables: {said}")
    for table in tables:
        for note in table.notes:
            report.note(note)
        for warning in table.warnings:
            report.warn(warning)
    if any(paths.values()) and not decided:
        tables = [replace(table, fixed_split=paths[table.table.path]) for table in tables]
        if "val" not in paths.values():
            tables = [replace(table, fixed_split=table.fixed_split.replace("test", "val")) for table in tables]
            report.note("As no table is for validation, the one for testing is used for it")
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
    table = open_user_table(path)
    columns = columns_of(table, given, is_there)
    if _is_text(table, columns, given, is_there):
        columns = None
    labels: Counter[str] = Counter()
    splits: Counter[tuple[str, ...]] = Counter()
    sizes: Counter[int] = Counter()
    first: dict[int, int] = {}
    split_of = columns.splits if columns else ()
    signs = _signs(table, columns)
    for line, cells in rows_of(table, columns):
        if problem_of(cells, columns):
            continue
        splits[tuple(cells[column].lower() for column in split_of)] += 1
        if columns and columns.label is None:
            size = _count_signs(table, line, cells, columns, signs)
            sizes[min(size, 2)] += 1
            first.setdefault(min(size, 2), line)
        else:
            cell = cells[columns.label or 0] if columns else cells[1]
            if cell in labels or len(labels) < MOST_CELLS:
                labels[cell] += 1
    name = columns.name(columns.label) if columns and columns.label is not None else "of labels"
    meaning, notes, warnings = label_cells(labels, name, several)
    if not several and (sizes[0] or sizes[2]):
        _refuse_several(path, sizes, first)
    reading = f"{path} was read as {_described(table, columns)}"
    found = NO_SPLIT
    if split_of and columns and not use_split:
        notes.append(
            f"the column {columns.name(split_of[0])} does not count for the split, because the settings decide it"
        )
    elif split_of and columns:
        found, said = split_columns(split_of, [columns.name(column) for column in split_of], splits, given.split)
        notes += said
    occurring = frozenset(label for cell in labels for label in meaning.of(cell))
    if columns and columns.label is None:
        occurring = frozenset(name for _, name in columns.one_hot)
    warnings += _box_warnings(table)
    sentences = (reading, *(f"{path.name}: {note}" for note in notes))
    alarms = tuple(f"{path.name}: {warning}" for warning in warnings)
    return LabelTable(table, columns, signs, meaning, found, occurring, notes=sentences, warnings=alarms)


def _is_text(table: UserTable, columns: Columns | None, given: GivenColumns, is_there: Callable[[str], bool]) -> bool:
    """Whether lines of words are an image's name with blanks and a label, though all have equally many words."""
    if columns is None or table.separator != " " or table.header or any(given) or columns.width == 2:
        return columns is None
    names = [" ".join(cells[:-1]) for _, cells in islice(table.rows(), 30)]
    return sum(map(is_there, names)) * 2 > len(names)


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


def _refuse_several(path: Path, sizes: "Counter[int]", first: dict[int, int]) -> None:
    parts = [(2, "have several labels"), (0, "have none")]
    said = " and ".join(f"{sizes[size]} {text} (line {first[size]})" for size, text in parts if sizes[size])
    why = f"{path} has one column per class, and of its {sizes.total()} rows {said}. Read them by --labels several"
    raise SettingError(bad_setting("labels", "one", why))


def _box_warnings(table: UserTable) -> list[str]:
    boxes = [name for name in table.header or () if normal_name(name) in BOXES]
    if not boxes:
        return []
    return [
        f"it has columns of objects in the picture ({', '.join(boxes)}), which are not used: the label of each row "
        "counts for its whole picture"
    ]
