"""The cells of a label column: numbers as spreadsheets write them, several labels in a cell, spellings that differ."""

import re
from ast import literal_eval
from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from settings import SettingError, bad_setting
from storage.column_names import normal_name

EMPTY = ("", "nan", "<na>", "nat")
"""Cells without a label, in small letters. None and NA can be classes."""

FLOAT = re.compile(r"-?\d+\.0+")
NUMERIC = re.compile(r"-?\d+(\.0+)?")

SEPARATORS = "|;,"
"""Signs between the labels of a cell, from the least common in names on."""

OTHER_SEPARATORS = "/+&"
"""Signs that separate labels in a few tables, but mostly belong to a name: they are only asked about."""

PLURALS = (
    "tags", "labels", "classes", "categories", "attribute_ids", "annotations", "findings", "finding_labels",
    "attributes", "keywords", "genres", "objects", "targets", "diagnoses", "concepts", "of_labels",
)  # fmt: skip
"""Names of columns in which blanks may separate labels; the last is that of lines without columns."""

NUMBERS = re.compile(r"\d+( +\d+)*")

MANY = 10
"""Labels that differ from each other up to which a column can still be that of the labels."""

MOST_CELLS = 50_000
"""Different cells that are compared with each other. A column with more has no labels that repeat."""


class LabelCells(NamedTuple):
    """How a label cell becomes labels.

    Attributes:
        separator: between the labels of a cell; None: a cell is one label.
        are_integers: 3.0 means 3.
        spellings: labels that differ from a more frequent one in blanks alone -> that one.
        are_lists: cells look like Python's ['a', 'b'].
    """

    separator: str | None = None
    are_integers: bool = False
    spellings: dict[str, str] = {}  # noqa: RUF012  # never written to
    are_lists: bool = False

    def of(self, cell: str) -> tuple[str, ...]:
        """The labels in a cell; none for an empty one or nan."""
        if cell.lower() in EMPTY:
            return ()
        parts = _parts(cell, self.separator, self.are_lists)
        labels = (self._label(part) for part in parts)
        return tuple(dict.fromkeys(label for label in labels if label.lower() not in EMPTY))

    def _label(self, text: str) -> str:
        text = text.strip()
        if self.are_integers and FLOAT.fullmatch(text):
            text = text.partition(".")[0]
        return self.spellings.get(text, text)


ONE_NAME = LabelCells()


def label_cells(counts: "Counter[str]", column: str, several: bool) -> tuple[LabelCells, list[str], list[str]]:
    """The reading of a column, with notes and warnings about it.

    Arguments:
        counts: how often each cell occurs.
        column: its name.
        several: a picture may have several labels.

    Raises SettingError if cells have several labels and a picture may have only one.
    """
    notes: list[str] = []
    filled = {cell: count for cell, count in counts.items() if cell.lower() not in EMPTY}
    are_lists = bool(filled) and all(cell.startswith("[") and cell.endswith("]") for cell in filled)
    separator = None if are_lists else _separator_in(filled, normal_name(column), several)
    parts = [part for cell in filled for part in _parts(cell, separator, are_lists)]
    if not several:
        many = [cell for cell in filled if len(_parts(cell, separator, are_lists)) > 1]
        if many:
            number = f"{sum(filled[cell] for cell in many)} of {counts.total()} rows"
            why = f"{number} have several labels in the column {column}, such as {many[0]!r}"
            raise SettingError(bad_setting("labels", "one", f"{why}. Read them by --labels several"))
    elif separator or are_lists:
        kind = "lists" if are_lists else "labels separated by " + ("blanks" if separator == " " else separator or "")
        notes.append(f"the column {column} holds {kind}")
    numeric = all(NUMERIC.fullmatch(part) for part in parts)
    are_integers = bool(parts) and numeric and any(FLOAT.fullmatch(part) for part in parts)
    if are_integers:
        notes.append(f"the labels are whole numbers written with decimals; 3.0 is read as 3 (column {column})")
    cells = LabelCells(separator, are_integers, {}, are_lists)
    totals: Counter[str] = Counter()
    for cell, count in filled.items():
        totals.update(dict.fromkeys(cells.of(cell), count))
    spellings, spelling_notes, warnings = _spellings(totals)
    if len(totals) == sum(totals.values()) >= MANY:
        warnings.append(f"every image has a label of its own in the column {column}; --label-column names another one")
    if not (separator or are_lists) and (doubtful := _doubtful(filled, normal_name(column), several)):
        remedy = "write ; between them" if several else "read them by --labels several"
        warnings.append(
            f"labels such as {doubtful!r} are read as one name each; if they are several labels, {remedy} "
            f"(column {column})"
        )
    return cells._replace(spellings=spellings), notes + spelling_notes, warnings


def _separator_in(cells: Iterable[str], column: str, several: bool) -> str | None:
    """The sign that separates labels; None if each cell is one label.

    A comma or a blank can be part of a name. It separates if what it separates occurs elsewhere too.
    """
    cells = list(cells)
    for sign in SEPARATORS:
        having = [cell for cell in cells if sign in cell]
        if having and (sign in "|;" or several or _recurring(having, cells, sign) == 1):
            return sign
        if having and column in PLURALS and _is_shared(having, cells, sign):
            return sign
    having = [cell for cell in cells if " " in cell]
    if having and all(NUMBERS.fullmatch(cell) for cell in cells):
        return " "
    if not having or column not in PLURALS:
        return None
    separates = _recurring(having, cells, " ") == 1 or (several and _is_shared(having, cells, " "))
    return " " if separates else None


def _doubtful(cells: Iterable[str], column: str, several: bool) -> str | None:
    """A cell that may be several labels, because a part of it occurs elsewhere; None if there is none."""
    cells = list(cells)
    for sign in (",", *(" " if several or column in PLURALS else "")):
        having = [cell for cell in cells if sign in cell]
        if having and _is_shared(having, cells, sign):
            return having[0]
    for sign in OTHER_SEPARATORS:
        having = [cell for cell in cells if sign in cell]
        if having and _recurring(having, cells, sign) >= 0.5:
            return having[0]
    return None


def _is_shared(having: list[str], cells: list[str], sign: str) -> bool:
    """Whether many parts of cells occur elsewhere, or nearly every cell has such a part."""
    uses = Counter(part for cell in set(cells) for part in _split(cell, sign))
    sharing = sum(any(uses[part] > 1 for part in _split(cell, sign)) for cell in having)
    return _recurring(having, cells, sign) >= 0.3 or (len(having) > 2 and sharing >= 0.9 * len(having))


def _recurring(having: list[str], cells: list[str], sign: str) -> float:
    """The share of the parts of the cells `having` the sign that are cells themselves or parts of other cells."""
    whole = set(cells)
    uses = Counter(part for cell in having for part in _split(cell, sign))
    return sum(part in whole or count > 1 for part, count in uses.items()) / max(len(uses), 1)


def _split(cell: str, sign: str) -> set[str]:
    return {part.strip() for part in cell.split(sign)} - {""}


def _parts(cell: str, separator: str | None, are_lists: bool) -> list[str]:
    if are_lists:
        try:
            return [str(part) for part in literal_eval(cell)]
        except (ValueError, SyntaxError):
            return [part.strip(" '\"") for part in cell.strip("[]").split(",")]
    parts = cell.split(separator) if separator else [cell]
    return [part for part in parts if part.strip()]


def _spellings(totals: "Counter[str]") -> tuple[dict[str, str], list[str], list[str]]:
    """Labels that mean others, notes and warnings: blanks do not make another label, upper and lower case do."""
    if len(totals) > MOST_CELLS:
        return {}, [], []
    spellings: dict[str, str] = {}
    groups: dict[str, dict[str, list[str]]] = {}
    for label in totals:
        text = " ".join(label.split())
        groups.setdefault(text.casefold(), {}).setdefault(text, []).append(label)
    notes, warnings = [], []
    for group in groups.values():
        for text, labels in group.items():
            usual = text if text in labels else max(labels, key=lambda label: totals[label])
            others = [label for label in labels if label != usual]
            spellings |= dict.fromkeys(others, usual)
            if others:
                notes.append(
                    f"the labels {', '.join(map(repr, labels))} differ in blanks alone, and are read as {usual!r}"
                )
        if len(group) > 1:
            sizes = ", ".join(f"{text} ({sum(totals[label] for label in labels)})" for text, labels in group.items())
            warnings.append(
                f"the labels {sizes} differ in upper and lower case alone. They are kept apart; if they are one class, "
                "write them alike in the table"
            )
    return spellings, notes, warnings
