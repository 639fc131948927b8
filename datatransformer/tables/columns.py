"""The meaning of the columns of a label table: by settings, by the names that this field uses, or by content."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from datatransformer.tables.image_column import image_column
from datatransformer.tables.label_columns import label_columns
from datatransformer.tables.one_hot_columns import OneHot, binary_values
from datatransformer.tables.split_words import is_split_flag, split_word
from settings import SettingError, bad_setting
from storage import column_names
from storage.column_names import normal_name

if TYPE_CHECKING:
    from config import DataTransformerConfig
    from storage.user_tables import UserTable

FIRST_ROWS = 200
"""Rows by whose content columns are recognised."""

BARE_SPLITS = ("train", "training", "val", "valid", "validation", "test")
"""Names that a column of a split can have, but also one of the classes of a table with a column per class."""


class GivenColumns(NamedTuple):
    """The columns that the settings name; None: to be found."""

    image: str | None = None
    label: str | None = None
    split: str | None = None


NO_COLUMNS = GivenColumns()


@dataclass(frozen=True)
class Columns:
    """The meaning of the columns of a label table, by number from 0.

    Attributes:
        label: None if each class has a column of 0 and 1.
        splits: columns that may say which split a picture is for; their cells decide.
        one_hot: the column and the name of each class.
        order: the column of the numbers of the classes, whose names are in `label`.
        names: of the columns, for messages; empty without a header.
        width: number of columns.
    """

    image: int
    label: int | None
    splits: tuple[int, ...] = ()
    one_hot: tuple[tuple[int, str], ...] = ()
    order: int | None = None
    names: tuple[str, ...] = ()
    width: int = 2

    def name(self, column: int) -> str:
        return (self.names[column] if self.names else "") or str(column + 1)

    @property
    def needed(self) -> int:
        """The number of cells that reach to the image and its labels."""
        return 1 + max((self.image, self.label or 0, *(column for column, _ in self.one_hot)))

    def describe(self) -> str:
        """How the columns are read, as a part of a sentence."""
        labels = f"from one column per class ({len(self.one_hot)})"
        if self.label is not None:
            labels = f"from the column {self.name(self.label)}"
        text = f"images from the column {self.name(self.image)}, labels {labels}"
        if self.order is not None:
            text += f", whose order is that of the column {self.name(self.order)}"
        used = {self.image, self.label, self.order, *self.splits, *(column for column, _ in self.one_hot)}
        if unused := [
            self.name(column) for column in range(len(self.names)) if column not in used and self.names[column]
        ]:
            text += f"; not used: {', '.join(unused[:12])}{', ...' if len(unused) > 12 else ''}"
        return text


def given_columns(settings: "DataTransformerConfig") -> GivenColumns:
    return GivenColumns(settings.image_column, settings.label_column, settings.split_column)


def columns_of(
    table: "UserTable", given: GivenColumns, is_there: Callable[[str], bool], several: bool = False
) -> Columns | None:
    """The columns of a table; None if it is no table, but lines of text.

    `is_there`: whether a picture has this name. `several`: a picture may have several labels. Raises
    SettingError for a column that is not there and for columns that can be read in several ways, WorkError if no column
    names pictures.
    """
    rows = [cells for _, cells in islice(table.rows(), FIRST_ROWS)]
    if table.separator is None and not table.is_json:
        if any(given):
            field = next(field for field, name in given._asdict().items() if name)
            raise SettingError(bad_setting(f"{field}_column", getattr(given, field), f"{table.path} has one column"))
        return None
    width = len(table.header) if table.header else max((len(row) for row in rows), default=2)
    width = table.width if not table.is_json else width
    if table.header:
        rows = [[*row, *[""] * (width - len(row))] for row in rows]
    rows = [row for row in rows if len(row) == width]
    header = table.header or ()
    names = [normal_name(name) for name in header]
    one_hot = _given_one_hot(table, header, rows, given.label)
    one_label = given._replace(label=None) if one_hot else given
    place = {
        field: _place(header, width, f"{field}_column", name) for field, name in one_label._asdict().items() if name
    }
    taken = {*place.values(), *(column for column, _ in one_hot)}
    image = place["image"] if "image" in place else image_column(table, names, rows, width, is_there, taken)
    used: set[int | None] = {image, place.get("label"), *(column for column, _ in one_hot)}
    splits = split_places(table, rows, used)
    others = {image, *splits}
    if "split" in place:
        splits = (place["split"],)
        others = {*others, *splits} if len({*others, *splits}) < width else {image, *splits}
    if one_hot:
        return Columns(image, None, splits, one_hot, None, tuple(header), width)
    found = label_columns(table, names, rows, others, image, place.get("label"), several)
    bare = [column for column in splits if names and names[column] in BARE_SPLITS]
    if found.one_hot and len(bare) == 1 and "split" not in place:  # a class called train
        splits = tuple(column for column in splits if column not in bare)
        found = label_columns(table, names, rows, {image, *splits}, image, None, several)
    return Columns(image, found.label, splits, found.one_hot, found.order, tuple(header), width)


def _given_one_hot(table: "UserTable", header: Sequence[str], rows: list[list[str]], given: str | None) -> OneHot:
    """The columns of a class each that a setting names, with commas between them; () if it names one column.

    Raises SettingError if they do not hold yes and no.
    """
    if given is None or "," not in given or normal_name(given) in map(normal_name, header):
        return ()
    parts = [part.strip() for part in given.split(",") if part.strip()]
    columns = [_place(header, table.width, "label_column", part) for part in parts]
    if binary_values(columns, rows) is None:
        cells = sorted({row[column] for row in rows for column in columns})[:5]
        why = f"several columns of labels hold 0 and 1, but these hold {', '.join(cells)}, ..."
        raise SettingError(bad_setting("label_column", given, why))
    return tuple((column, header[column] if header else str(column + 1)) for column in columns)


def _place(header: Sequence[str], width: int, field: str, given: str) -> int:
    """The column that a setting names, by its name or by its number from 1."""
    for wanted, names in ((given.strip(), list(header)), (normal_name(given), [normal_name(name) for name in header])):
        if wanted in names:
            return names.index(wanted)
    if given.isdecimal() and 1 <= int(given) <= width:
        return int(given) - 1
    known = f"the columns are {', '.join(name or '(without a name)' for name in header)}"
    allowed = known if header else f"the table has no header; give the number of a column, 1 to {width}"
    raise SettingError(bad_setting(field, given, allowed))


def split_places(table: "UserTable", rows: list[list[str]], others: set[int | None]) -> tuple[int, ...]:
    """The columns that seem to give splits: by their names, or because their cells are such words.

    Plain names such as test need others of their kind or a label. `others`: columns with another meaning.
    """
    names = [normal_name(name) for name in table.header or ()]
    columns = [
        column
        for column, name in enumerate(names)
        if column not in others and (name in column_names.SPLIT or is_split_flag(name))
    ]
    has_label = any(name in column_names.LABEL for column, name in enumerate(names) if column not in others)
    bare = [column for column in columns if names[column] in BARE_SPLITS]
    columns = [column for column in columns if column not in bare or has_label or len(bare) > 1]
    width = len(rows[0]) if rows else 0
    labels = [column for column, name in enumerate(names) if name in column_names.LABEL]
    possible = [column for column in range(width) if column not in {*others, *labels, *columns}]
    return (*columns, *(column for column in possible if _holds_splits(table, rows, column)))


def _holds_splits(table: "UserTable", rows: list[list[str]], column: int) -> bool:
    """Whether the cells are words of splits, training and another; the first rows of a table may be all of one."""
    first = {row[column] for row in rows if row[column]}
    if not first or not all(map(split_word, first)):
        return False
    found: set[str] = set()
    for _, cells in table.rows():
        found.add(split_word(cells[column]) if column < len(cells) else "")
        if "train" in found and len(found - {""}) > 1:
            return True
    return False
