"""The meaning of the columns of a label table: by settings, by the names that this field uses, or by content."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from datatransformer.label_columns import label_columns
from datatransformer.naming import IMAGE_SUFFIX
from settings import SettingError, WorkError, bad_setting
from storage import column_names
from storage.column_names import normal_name
from storage.table_form import NUMBER

if TYPE_CHECKING:
    from config import DataTransformerConfig
    from storage.user_tables import UserTable

FIRST_ROWS = 200
"""Rows by whose content columns are recognised."""

LOOKED_UP = 30
"""Rows whose cells are looked up among the files."""

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


def columns_of(table: "UserTable", given: GivenColumns, is_there: Callable[[str], bool]) -> Columns | None:
    """The columns of a table; None if it is no table, but lines of text.

    `is_there`: whether a picture has this name. Raises SettingError for a column that is not there and for columns
    that can be read in several ways, WorkError if no column names pictures.
    """
    rows = [cells for _, cells in islice(table.rows(), FIRST_ROWS)]
    if table.separator is None and not table.is_json:
        if any(given):
            field = next(field for field, name in given._asdict().items() if name)
            raise SettingError(bad_setting(f"{field}_column", getattr(given, field), f"{table.path} has one column"))
        return None
    width = len(table.header) if table.header else max((len(row) for row in rows), default=2)
    width = table.width if not table.is_json else width
    rows = [row for row in rows if len(row) == width]
    header = table.header or ()
    names = [normal_name(name) for name in header]
    place = {field: _place(header, width, f"{field}_column", name) for field, name in given._asdict().items() if name}
    image = place["image"] if "image" in place else _image_column(table, names, rows, width, is_there, place)
    splits = _split_columns(names, {image, place.get("label")})
    if "split" in place:
        splits = (place["split"],)
    found = label_columns(table, names, rows, {image, *splits}, image, place.get("label"))
    bare = [column for column in splits if names and names[column] in BARE_SPLITS]
    if found.one_hot and len(bare) == 1 and "split" not in place:  # a class called train
        splits = tuple(column for column in splits if column not in bare)
        found = label_columns(table, names, rows, {image, *splits}, image, None)
    return Columns(image, found.label, splits, found.one_hot, found.order, tuple(header), width)


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


def _image_column(
    table: "UserTable",
    names: list[str],
    rows: list[list[str]],
    width: int,
    is_there: Callable[[str], bool],
    place: dict[str, int],
) -> int:
    """The column that names pictures: one whose cells are there; else one with a known name; else names of files."""
    possible = [column for column in range(width) if column not in place.values()]
    possible = [column for column in possible if not names or not _is_label(names[column])] or possible
    ranks = {column: _rank(names[column], column_names.IMAGE) if names else None for column in possible}
    named = sorted((rank, column) for column, rank in ranks.items() if rank is not None)
    shares = {column: _share(rows[:LOOKED_UP], column, is_there) for column in possible}
    suffixed = [column for column in possible if _share(rows, column, is_image_name) > 0.5]

    def fitness(column: int) -> tuple[bool, bool, float, int]:
        distinct = len({row[column] for row in rows}) / max(len(rows), 1)
        rank = ranks[column]
        return column in suffixed, rank is not None, round(distinct, 1), -(rank if rank is not None else column)

    there = [column for column, share in shares.items() if share > 0.5]
    if there:
        return max(there, key=fitness)
    if suffixed and (not named or named[0][1] not in suffixed):
        return max(suffixed, key=fitness)
    if named:
        return named[0][1]
    if not names and width == 2 and possible:
        return possible[0]
    columns = ", ".join(name or "(without a name)" for name in table.header or ()) or f"{width} without names"
    raise WorkError(
        f"{table.path} ({table.description}): none of its columns is known to name pictures, and no cell names a file. "
        f"Its columns: {columns}. Say which one by --image-column"
    )


def _split_columns(names: list[str], others: set[int | None]) -> tuple[int, ...]:
    """The columns whose names are those of splits. Plain names such as test need others of their kind or a label."""
    columns = [column for column, name in enumerate(names) if name in column_names.SPLIT and column not in others]
    has_label = any(name in column_names.LABEL for column, name in enumerate(names) if column not in others)
    bare = [column for column in columns if names[column] in BARE_SPLITS]
    return tuple(column for column in columns if column not in bare or has_label or len(bare) > 1)


def _is_label(name: str) -> bool:
    return name in column_names.LABEL and name not in column_names.IMAGE


def _rank(name: str, known: Sequence[str]) -> int | None:
    return known.index(name) if name in known else None


def _share(rows: list[list[str]], column: int, is_so: Callable[[str], bool]) -> float:
    """The share of the filled cells of a column for which something is so."""
    cells: Iterator[str] = (row[column] for row in rows)
    answers = [is_so(cell) for cell in cells if cell]
    return sum(answers) / len(answers) if answers else 0.0


def is_image_name(cell: str) -> bool:
    """Whether a cell looks like the name of a picture's file."""
    return bool(IMAGE_SUFFIX.search(cell)) and not NUMBER.fullmatch(cell)
