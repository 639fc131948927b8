"""The cells of a label column: numbers as spreadsheets write them, several labels in a cell, spellings that differ."""

import re
from ast import literal_eval
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from datatransformer.tables.label_forms import clean_label
from datatransformer.tables.label_spellings import EMPTY, empty_cells, spellings_of
from settings import SettingError, bad_setting
from storage.column_names import normal_name

FLOAT = re.compile(r"-?\d+\.0+")
NUMERIC = re.compile(r"-?\d+(\.0+)?")

SURE_SEPARATORS, COMMAS = "|;", "、，,"
"""Signs between the labels of a cell, from the least common in names on. Commas can be part of a name."""

OTHER_SEPARATORS = "/+&"
"""Signs that separate labels in a few tables, but mostly belong to a name: they are only asked about."""

PLURALS = (
    "tags", "labels", "classes", "categories", "attribute_ids", "annotations", "findings", "finding_labels",
    "attributes", "keywords", "genres", "objects", "targets", "diagnoses", "concepts", "of_labels",
)  # fmt: skip
"""Names of columns in which blanks may separate labels; the last is that of lines without columns."""

NUMBERS = re.compile(r"\d+( +\d+)*")

BRACKETS = (("[", "]"), ("{", "}"), ("(", ")"))
"""Around cells that are lists. Around names, only the first ones are not expected."""

MANY = 10
"""Labels that differ from each other up to which a column can still be that of the labels."""


class LabelCells(NamedTuple):
    """How a label cell becomes labels.

    Attributes:
        separator: between the labels of a cell; None: a cell is one label.
        are_integers: 3.0 means 3.
        spellings: labels that look like another one, but for blanks -> that one.
        are_lists: cells look like ['a', 'b'] or {a,b}.
        empty: cells that mean a missing label, such as ?, besides those that always do.
    """

    separator: str | None = None
    are_integers: bool = False
    spellings: dict[str, str] = {}  # noqa: RUF012  # never written to
    are_lists: bool = False
    empty: frozenset[str] = frozenset()

    def of(self, cell: str) -> tuple[str, ...]:
        """The labels in a cell; none for one that means a missing label."""
        if cell.lower() in EMPTY or cell in self.empty:
            return ()
        parts = _parts(cell, self.separator, self.are_lists)
        labels = (self._label(part) for part in parts)
        return tuple(dict.fromkeys(label for label in labels if label.lower() not in EMPTY))

    def _label(self, text: str) -> str:
        text = text.strip()
        if self.are_integers and FLOAT.fullmatch(text):
            text = text.partition(".")[0]
        return clean_label(self.spellings.get(text, text))


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
    empty, empty_warnings = empty_cells(counts)
    filled = {cell: count for cell, count in counts.items() if cell.lower() not in EMPTY and cell not in empty}
    are_lists = _are_lists(filled)
    separator = None if are_lists else _separator_in(filled, normal_name(column), several)
    parts = [part for cell in filled for part in _parts(cell, separator, are_lists)]
    if not several:
        many = [cell for cell in filled if len(_parts(cell, separator, are_lists)) > 1]
        if many:
            number = sum(filled[cell] for cell in many)
            said = f"{number} of {counts.total()} rows {'has' if number == 1 else 'have'} several labels"
            why = f"{said} in the column {column}, such as {many[0]!r}"
            raise SettingError(bad_setting("labels", "one", f"{why}. Read them by --labels several"))
    elif separator or are_lists:
        kind = "lists" if are_lists else f"labels separated by {'blanks' if separator == ' ' else separator}"
        notes.append(f"the column {column} holds {kind}")
    numeric = all(NUMERIC.fullmatch(part) for part in parts)
    are_integers = bool(parts) and numeric and any(FLOAT.fullmatch(part) for part in parts)
    if are_integers:
        notes.append(f"the labels are whole numbers written with decimals; 3.0 is read as 3 (column {column})")
    cells = LabelCells(separator, are_integers, {}, are_lists, empty)
    totals: Counter[str] = Counter()
    for cell, count in filled.items():
        totals.update(dict.fromkeys(cells.of(cell), count))
    written: Counter[str] = Counter()
    for cell, count in filled.items():
        words = (part.strip() for part in _parts(cell, separator, are_lists))
        written.update({word: count for word in words if word.lower() not in EMPTY})
    spellings, spelling_notes, warnings = spellings_of(written)
    warnings = empty_warnings + warnings
    if len(totals) == sum(totals.values()) >= MANY:
        warnings.append(f"every image has a label of its own in the column {column}; --label-column names another one")
    if not are_lists:
        warnings += [f"{text} (column {column})" for text in _doubts(filled, totals, separator, column, several)]
    return cells._replace(spellings=spellings), notes + spelling_notes, warnings


def _are_lists(cells: Iterable[str]) -> bool:
    cells = list(cells)
    for first, last in BRACKETS:
        if cells and all(cell.startswith(first) and cell.endswith(last) for cell in cells):
            return first == "[" or any("," in cell and ":" not in cell for cell in cells)
    return False


def _doubts(
    cells: Iterable[str], labels: Iterable[str], separator: str | None, column: str, several: bool
) -> Iterator[str]:
    """Warnings about labels that may be several, and about signs that may not separate labels."""
    if separator is None:
        doubtful = _doubtful(cells, normal_name(column), several)
        remedy = "write ; between them" if several else "read them by --labels several"
    else:
        doubtful = _separable(labels, SURE_SEPARATORS + COMMAS)
        remedy = f"write {'a blank' if separator == ' ' else separator} between them"
    if doubtful:
        yield f"labels such as {doubtful!r} are read as one name each; if they are several labels, {remedy}"
    if separator == " " and (sign := next((label for label in labels if not any(map(str.isalnum, label))), None)):
        yield f"the label {sign!r} has no letter and no digit; if it separates labels, write ; in its place"
    if separator and separator in COMMAS:
        having = [cell for cell in cells if separator in cell]
        if _recurring(having, list(cells), separator) < 0.3:
            example = f'["{having[0]}"]'
            yield f"few parts of cells with commas occur elsewhere; if commas belong to names, write lists: {example}"


def _separator_in(cells: Iterable[str], column: str, several: bool) -> str | None:
    """The sign that separates labels; None if each cell is one label.

    A comma or a blank can be part of a name. It separates if what it separates occurs elsewhere too.
    """
    cells = list(cells)
    for sign in SURE_SEPARATORS + COMMAS:
        having = [cell for cell in cells if sign in cell]
        if having and (sign in SURE_SEPARATORS or several or _recurring(having, cells, sign) == 1):
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
    return _separable(cells, OTHER_SEPARATORS)


def _separable(cells: Iterable[str], signs: str) -> str | None:
    """A cell with one of these signs, if most of what the sign separates occurs elsewhere."""
    cells = list(cells)
    for sign in signs:
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
            return [str(part) for part in literal_eval(f"[{cell[1:-1]}]")]
        except (ValueError, SyntaxError):
            return [part.strip(" '\"") for part in cell[1:-1].split(",")]
    parts = cell.split(separator) if separator else [cell]
    return [part for part in parts if part.strip()]
