"""A class as a file of names gives it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from datatransformer.listing import Colour
from datatransformer.tables.class_columns import ClassColumns


class ClassEntry(NamedTuple):
    """A class in a file of names.

    Attributes:
        line: number of the line or entry, for messages.
        key: how masks or labels write it, mostly a number; empty if the file does not say so.
        is_void: the file says that it is no class.
        line_text: the whole line, if a part of it was taken for the key; labels may be written like it.
    """

    line: int
    name: str
    key: str = ""
    colour: Colour | None = None
    is_void: bool = False
    line_text: str = ""


@dataclass(frozen=True)
class ClassEntries:
    """The entries of a file in their order, and how it was read, as a part of a sentence.

    `keys_are_unsure`: it has two columns of words and nothing tells which of them is the name.
    `doubt`: a warning, if its encoding is a guess.
    """

    entries: list[ClassEntry]
    description: str
    keys_are_unsure: bool = False
    doubt: str = ""


def entries_of_rows(rows: Iterable[tuple[int, list[str]]], columns: ClassColumns) -> list[ClassEntry]:
    entries = []
    for number, cells in rows:
        colour = columns.colour_in(cells, number)
        key = "" if columns.key is None else cells[columns.key]
        name = cells[columns.name]
        entries.append(ClassEntry(number, name, key, colour, columns.is_void(cells)))
    return entries


def cell_text(value: object) -> str:
    if isinstance(value, list | tuple):
        return ",".join(cell_text(part) for part in value)
    return "" if value is None else str(value)
