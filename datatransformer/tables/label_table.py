"""A label table and how it is read: rows become images with their labels."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from datatransformer.listing import Rejected
from datatransformer.naming import IMAGE_SUFFIX, natural_order
from datatransformer.tables.columns import Columns
from datatransformer.tables.label_cells import ONE_NAME, LabelCells
from datatransformer.tables.split_column import NO_SPLIT, SplitColumns
from settings import WorkError
from storage.column_names import IMAGE, LABEL, normal_name
from storage.user_tables import UserTable

NAMED_IMAGE = re.compile(rf"(.*{IMAGE_SUFFIX.pattern.rstrip('$')})\s+(.+)", re.IGNORECASE)
"""A line of an image and its labels."""

SHOWN = 60
"""Signs of a line that a message shows."""


class LabelEntry(NamedTuple):
    """An image and its labels; none if its cell is empty. `line`: of the table, for messages. `split`: or empty."""

    image: str
    labels: tuple[str, ...]
    line: int
    split: str = ""


@dataclass(frozen=True)
class LabelTable:
    """A label table and how it is read.

    Attributes:
        columns: None for lines of `name label`.
        signs: what the cells of one column per class mean.
        cells: what the cells of the label column mean.
        labels: all that occur, or the first MOST_CELLS of them.
        fixed_split: of all images, if the folder of the table gives it.
        names: of the images that the table gives by numbers.
        notes, warnings: sentences about how it is read.
    """

    table: UserTable
    columns: Columns | None
    signs: dict[str, bool]
    cells: LabelCells = ONE_NAME
    splits: SplitColumns = NO_SPLIT
    labels: frozenset[str] = frozenset()
    fixed_split: str = ""
    names: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def gives_split(self) -> bool:
        return bool(self.fixed_split) or self.splits != NO_SPLIT

    def entries(self) -> Iterator[LabelEntry | Rejected]:
        """Yields the entries; rows without an image, and damaged ones, as Rejected.

        Raises WorkError if there is no entry.
        """
        is_empty = True
        for line, cells in rows_of(self.table, self.columns):
            problem = problem_of(cells, self.columns)
            if problem:
                yield Rejected(f"{self.table.path}:{line}", f"{problem}: {_shown(cells)}")
                continue
            is_empty = False
            yield self._entry(line, cells)
        if is_empty:
            raise WorkError(
                f"{self.table.path} ({self.table.description}): no line holds an image and a label. Expected: a table "
                "with a column of images and one of labels, lines of `name label`, or JSON of image_id and label_id"
            )

    def _entry(self, line: int, cells: list[str]) -> LabelEntry:
        columns = self.columns
        if columns is None:
            return LabelEntry(cells[0], self.cells.of(cells[1]), line, self.fixed_split)
        if columns.label is None:
            labels = tuple(name for column, name in columns.one_hot if self.signs.get(cells[column].lower()))
        else:
            labels = self.cells.of(cells[columns.label])
        image = self.names.get(cells[columns.image], cells[columns.image])
        return LabelEntry(image, labels, line, self.fixed_split or self.splits.of(cells))

    def class_order(self) -> list[str] | None:
        """The classes in the order of their columns or their numbers in the table; None if it gives no order."""
        if self.columns and self.columns.label is None:
            return [name for _, name in self.columns.one_hot]
        if not self.columns or self.columns.order is None or self.columns.label is None:
            return None
        numbers: dict[str, str] = {}
        for _, cells in self.table.rows():
            if problem_of(cells, self.columns) is None:
                for label in self.cells.of(cells[self.columns.label]):
                    numbers.setdefault(label, cells[self.columns.order])
        return sorted(numbers, key=lambda label: natural_order(numbers[label]))


def rows_of(table: UserTable, columns: Columns | None) -> Iterator[tuple[int, list[str]]]:
    """The rows, filled up if their last cells are missing, but none that is needed.

    Without columns a line is divided behind the suffix of an image, or else at its last blank.
    """
    if columns is not None:
        needed = columns.needed if table.header else columns.width
        for number, cells in table.rows():
            missing = columns.width - len(cells)
            yield number, [*cells, *[""] * missing] if missing > 0 and len(cells) >= needed else cells
        return
    for number, cells in table.rows():
        text = " ".join(cells)
        named = NAMED_IMAGE.fullmatch(text)
        row = [named[1], named[3]] if named else text.rsplit(None, 1)
        if number == 1 and len(row) == 2 and normal_name(row[0]) in IMAGE and normal_name(row[1]) in LABEL:
            continue
        yield number, row


def problem_of(cells: list[str], columns: Columns | None) -> str | None:
    """What is wrong with a row; None if it can be read."""
    width = columns.width if columns else 2
    if len(cells) != width:
        return f"expected an image and a label in {width} cells, not {len(cells)}"
    if not cells[columns.image if columns else 0]:
        return "expected an image and a label, but the image has no name"
    used = [columns.image, columns.label or 0] if columns else [0]
    if any("\n" in cells[column] for column in used):
        return "a cell goes over several lines; is a quote left open?"
    return None


def _shown(cells: list[str]) -> str:
    text = " | ".join(cells).replace("\n", " ")
    return text if len(text) <= SHOWN else text[: SHOWN - 3] + "..."
