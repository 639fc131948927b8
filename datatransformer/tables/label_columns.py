"""The columns of a label table that give the labels: one of names, perhaps with one of numbers, or one per class."""

from typing import TYPE_CHECKING, NamedTuple

from datatransformer.naming import IMAGE_SUFFIX
from datatransformer.tables.one_hot_columns import one_hot_columns
from settings import SettingError, WorkError, bad_setting
from storage.column_names import LABEL
from storage.table_form import NUMBER

if TYPE_CHECKING:
    from storage.user_tables import UserTable

ROW_NUMBERS = (
    "",
    "unnamed:_0",
    "unnamed_0",
    "index",
    "level_0",
    "row",
    "rownumber",
    "row_number",
    "nr",
    "no",
    "row_id",
)
"""Names of columns that count the rows, as pandas writes one without a name."""

MOST_VALUES = 100_000
"""Different labels up to which two columns are compared."""


class LabelColumns(NamedTuple):
    """The columns by number from 0, as in Columns."""

    label: int | None
    order: int | None = None
    one_hot: tuple[tuple[int, str], ...] = ()


def label_columns(
    table: "UserTable",
    names: list[str],
    rows: list[list[str]],
    others: set[int],
    image: int,
    given: int | None,
    several: bool = False,
) -> LabelColumns:
    """The columns of the labels.

    Arguments:
        names: of the columns, in the form of `normal_name`; empty without a header.
        rows: the first rows.
        others: columns with another meaning.
        given: the column that the settings name.
        several: a picture may have several labels.

    Raises SettingError if several columns can be the label, WorkError if none can.
    """
    if given is not None:
        return LabelColumns(given)
    width = len(rows[0]) if rows else table.width
    rest = [column for column in range(width) if column not in others and not is_row_number(column, names, rows)]
    rest = [column for column in rest if not _names_pictures(column, rows)]
    named = [names.index(name) for name in LABEL if name in names and names.index(name) in rest]
    named = [column for column in named if any(row[column] for row in rows) or len(named) == 1]
    if "x" in names and "y" in names:  # a position
        named = [column for column in named if names[column] != "y"]
    if len(named) == 1:
        return LabelColumns(named[0])
    if named:
        return _of_several(table, named, rows)
    if classes := one_hot_columns(table.header or (), rest, rows, several):
        return LabelColumns(None, None, classes)
    if len(rest) == 1:
        return LabelColumns(rest[0])
    repeating = [column for column in rest if _repeats(column, rows)]
    if len(repeating) == 1:
        return LabelColumns(repeating[0])
    raise _undecided(table, rest, rows, image)


def _of_several(table: "UserTable", columns: list[int], rows: list[list[str]]) -> LabelColumns:
    """One column of numbers and one of names for the same classes. Raises SettingError for other columns."""
    numeric = [column for column in columns if _is_numeric(column, rows)]
    words = [column for column in columns if column not in numeric]
    if len(columns) - len(numeric) == len(words) and len(numeric) <= 1 and _are_one_to_one(table, columns):
        label = words[0] if words else columns[0]
        return LabelColumns(label, numeric[0] if numeric and words else None)
    raise _undecided(table, columns, rows, None)


def _are_one_to_one(table: "UserTable", columns: list[int]) -> bool:
    """Whether the cells of the columns tell the same: each cell of one has always the same cells in the others."""
    seen: dict[tuple[int, str], tuple[str, ...]] = {}
    for _, row in table.rows():
        if max(columns) >= len(row):
            continue
        cells = tuple(row[column] for column in columns)
        if any(seen.setdefault(pair, cells) != cells for pair in zip(columns, cells, strict=True)):
            return False
        if len(seen) > MOST_VALUES:
            return False
    return True


def _undecided(
    table: "UserTable", columns: list[int], rows: list[list[str]], image: int | None
) -> SettingError | WorkError:
    """The error for a table with several columns that can be the label, or none."""
    header = table.header or ()

    def text(column: int) -> str:
        name = header[column] if header and header[column] else str(column + 1)
        examples = list(dict.fromkeys(row[column] for row in rows if row[column]))[:3]
        return f"{name} ({', '.join(examples)}, ...)"

    if not columns:
        where = "" if image is None else f" besides that of the images, {text(image)}"
        return WorkError(f"{table.path} ({table.description}) has no column of labels{where}")
    known = f"{table.path} has several columns that can be the label: {'; '.join(map(text, columns[:12]))}"
    remedy = (
        "Say which one by --label-column. Several labels of an image belong in one column with ; between them, or in "
        "one column of 0 and 1 per label, which --label-column A,B,C names"
    )
    return SettingError(bad_setting("label_column", None, f"{known}. {remedy}"))


def is_row_number(column: int, names: list[str], rows: list[list[str]]) -> bool:
    """Whether a column counts the rows: without a header, one of different whole numbers in order."""
    cells = [row[column] for row in rows]
    if names:
        return names[column] in ROW_NUMBERS and all(cell.isdecimal() or not cell for cell in cells)
    numbers = [int(cell) for cell in cells if cell.isdecimal()]
    is_count = numbers == list(range(numbers[0], numbers[0] + len(numbers))) if numbers else False
    return len(cells) > 2 and len(numbers) == len(cells) and is_count


def _names_pictures(column: int, rows: list[list[str]]) -> bool:
    cells = [row[column] for row in rows if row[column]]
    return bool(cells) and sum(bool(IMAGE_SUFFIX.search(cell)) for cell in cells) * 2 > len(cells)


def _is_numeric(column: int, rows: list[list[str]]) -> bool:
    cells = [row[column] for row in rows if row[column]]
    return bool(cells) and all(NUMBER.fullmatch(cell) for cell in cells)


def _repeats(column: int, rows: list[list[str]]) -> bool:
    """Whether a column has few different cells that repeat, as labels do, and no fractions."""
    cells = [row[column] for row in rows if row[column]]
    has_fractions = any(NUMBER.fullmatch(cell) and not cell.replace(".0", "").isdecimal() for cell in cells)
    return len(cells) > 2 and len(set(cells)) * 2 <= len(cells) + 1 and not has_fractions
