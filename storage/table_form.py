"""The form of a table in text: its separator, its quotes, its comments and its header, decided by its first lines."""

import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from storage.column_names import KNOWN, normal_name

SEPARATORS = {"\t": "tabs", ";": "semicolons", ",": "commas", "|": "bars"}
"""Signs that separate cells, and their names. Of two that fit equally the first counts."""

BLANK = " "
NUMBER = re.compile(r"[-+]?(\d+([.,]\d*)?|[.,]\d+)(e[-+]?\d+)?", re.IGNORECASE)
FILE_NAME = re.compile(r".*\.[a-z][a-z0-9]{2,3}", re.IGNORECASE)
COMMENT = "#"


@dataclass(frozen=True)
class TableForm:
    """How the lines of a text become rows of cells.

    Attributes:
        separator: of cells; a blank stands for a run of blanks; None: each line is one cell.
        skipped: numbers, from 1, of lines before the first row that are no rows.
        header: the names of the columns; None: the first row is data.
        width: number of cells of most rows.
    """

    separator: str | None = None
    quote: str = '"'
    skipped: frozenset[int] = frozenset()
    has_comments: bool = False
    header: tuple[str, ...] | None = None
    width: int = 1

    def describe(self) -> str:
        if self.separator is None:
            return "one entry per line"
        name = "blanks" if self.separator == BLANK else SEPARATORS.get(self.separator, repr(self.separator))
        return f"separated by {name}, {'without a header' if self.header is None else 'with a header'}"


def form_of(lines: list[str]) -> TableForm:
    """The form of the table that begins with `lines`."""
    form = TableForm()
    declared = next((line.strip() for line in lines if line.strip()), "").strip('"')
    if declared.lower().startswith("sep=") and len(declared) <= 5:
        number = next(number for number, line in enumerate(lines, 1) if line.strip())
        form = replace(form, separator=declared[4:] or "\t", skipped=frozenset({number}))
    filled = [(number, line) for number, line in enumerate(lines, 1) if line.strip() and number not in form.skipped]
    plain = [line for _, line in filled if not is_comment(line)]
    form = replace(form, has_comments=0 < len(plain) < len(filled))
    texts = plain or [line for _, line in filled]
    quoted = [line for line in texts if line.lstrip().startswith("'")]
    if len(quoted) * 2 > len(texts) and '"' not in "".join(quoted):
        form = replace(form, quote="'")
    separator = form.separator or separator_of(texts, form.quote)
    form = replace(form, separator=separator)
    if separator is None:
        return form
    return _with_header(form, filled)


def separator_of(lines: list[str], quote: str = '"') -> str | None:
    """The separator that gives most of the lines the same number of cells, at least two; None if there is none.

    Of several, the one counts that shows names of columns in the first line; else tabs; else one that leaves a column
    of file names, or divides all lines alike; else the most cells. So commas in names and decimals do not separate.
    """
    best: tuple[tuple[bool, int, bool, bool, bool, int, int], str] | None = None
    for order, sign in enumerate((*SEPARATORS, BLANK)):
        rows = [cells for line in lines for cells in cells_of([line], sign, quote)]
        counts = Counter(len(row) for row in rows)
        width, frequency = counts.most_common(1)[0] if counts else (1, 0)
        if _is_widest(rows) and sign != BLANK:
            width, frequency = len(rows[0]), counts.total()
        if width < 2 or frequency * 2 <= counts.total():
            continue
        if sign == BLANK and not all(len(row) == width for row in rows[_rows_before(rows, width) :]):
            continue  # words of names
        known = len({normal_name(cell) for cell in rows[0]} & KNOWN) if len(rows[0]) == width else 0
        rows = [row for row in rows if len(row) == width]
        names_files = any(_are_file_names([row[place] for row in rows]) for place in range(width))
        rank = (sign != BLANK, known, sign == "\t", names_files, frequency == counts.total(), width, -order)
        if best is None or rank > best[0]:
            best = rank, sign
    return best[1] if best else None


def _are_file_names(cells: list[str]) -> bool:
    return sum(bool(FILE_NAME.fullmatch(cell)) for cell in cells) * 2 > len(cells)


def cells_of(lines: Iterable[str], separator: str, quote: str) -> Iterator[list[str]]:
    """The cells of each row, without blanks around them. Raises csv.Error."""
    if separator == BLANK:
        lines = (" ".join(line.split()) + "\n" for line in lines)
    for row in csv.reader(lines, delimiter=separator, quotechar=quote, skipinitialspace=True):
        if cells := [cell.strip().lstrip("\ufeff") for cell in row]:
            yield cells


def _lacks_a_name(header: list[str], width: int) -> bool:
    """Whether a header is one short, as R writes it: its first column, the numbers of the rows, has no name."""
    return len(header) == width - 1 and any(normal_name(name) in KNOWN for name in header)


def _is_widest(rows: list[list[str]]) -> bool:
    """Whether the first row has names of columns, and each of the others ends with it or before."""
    known = {normal_name(name) for name in rows[0]} & KNOWN if rows else set()
    return len(known) > 1 and all(1 < len(row) <= len(rows[0]) for row in rows)


def _rows_before(rows: list[list[str]], width: int) -> int:
    """The number of rows above the data that have other cells: a count, and a header that is one short."""
    first = 1 if len(rows[0]) == 1 and rows[0][0].isdecimal() else 0
    if len(rows) > first and (
        _lacks_a_name(rows[first], width) or _names_numbers(rows[first], rows[first + 1 :], width)
    ):
        return first + 1
    return 0


def _names_numbers(header: list[str], rows: list[list[str]], width: int) -> bool:
    """Whether a row has a different word above each column of numbers, but none above the first, as CelebA's has."""
    is_short = len(header) == width - 1 > 1 and len(set(header)) == len(header)
    are_words = is_short and not any(NUMBER.fullmatch(name) or FILE_NAME.fullmatch(name) for name in header)
    return are_words and len(rows) > 1 and all(NUMBER.fullmatch(cell) for row in rows for cell in row[1:])


def is_comment(line: str) -> bool:
    return line.lstrip("\ufeff \t").startswith(COMMENT)


def _with_header(form: TableForm, filled: list[tuple[int, str]]) -> TableForm:
    """Adds width and header; leaves out comments and titles before the first row."""
    assert form.separator is not None
    parsed = [(number, line, next(cells_of([line], form.separator, form.quote), [])) for number, line in filled]
    data = [cells for _, line, cells in parsed if not (form.has_comments and is_comment(line))]
    width = len(data[0]) if _is_widest(data) else Counter(map(len, data)).most_common(1)[0][0]
    while width > 1 and not any(any(cells[width - 1 :]) for cells in data):
        width -= 1  # a separator at the end of each line
    form = replace(form, width=width)
    skipped = set(form.skipped)
    rows = [cells[:width] if not any(cells[width:]) else cells for cells in data]
    for number, line, cells in parsed:
        cells = cells[:width] if not any(cells[width:]) else cells
        names = [cell.lstrip("# \ufeff").strip() if place == 0 else cell for place, cell in enumerate(cells)]
        if form.has_comments and is_comment(line):
            if len(names) == width and sum(normal_name(name) in KNOWN for name in names) * 2 >= width > 1:
                return replace(form, header=tuple(names), skipped=frozenset({*skipped, number}), has_comments=True)
            skipped.add(number)
            continue
        if _names_numbers(names, rows[1:], width):
            return replace(form, header=("", *names), skipped=frozenset({*skipped, number}))
        if _lacks_a_name(names, width) and len(rows) > 1 and _is_known_header(names, rows[1:]):
            names = ["", *names]
        may_be_title = (len(names) < width or sum(map(bool, names)) == 1) and len(rows) > 1 and len(rows[1]) == width
        is_title = may_be_title and _is_known_header(rows[1], rows[2:])
        is_title = is_title or (len(names) == 1 and names[0].isdecimal() and _rows_before(rows, width) > 1)
        if is_title:
            skipped.add(number)
            rows = rows[1:]
            continue
        if len(names) == width and _is_header(names, rows[1:]):
            return replace(form, header=tuple(names), skipped=frozenset({*skipped, number}))
        break
    return replace(form, skipped=frozenset(skipped))


def _is_header(names: list[str], rows: list[list[str]]) -> bool:
    return _is_known_header(names, rows) or _is_unlike(names, rows)


def _is_known_header(names: list[str], rows: list[list[str]]) -> bool:
    """Whether the names are ones that columns have in this field, and not cells like the ones below them."""
    known = [place for place, name in enumerate(names) if normal_name(name) in KNOWN]
    is_data = any(
        FILE_NAME.fullmatch(name) or (NUMBER.fullmatch(name) and place == 0) for place, name in enumerate(names)
    )
    rows = [row for row in rows if row != names]  # a header that occurs again, in files that were put together
    below = {(place, row[place].lower()) for place in known for row in rows if place < len(row)}
    return bool(known) and not is_data and not any((place, names[place].lower()) in below for place in known)


def _is_unlike(names: list[str], rows: list[list[str]]) -> bool:
    """Whether the first row differs in kind from all others: words above numbers, or words above file names."""
    rows = [row for row in rows if len(row) == len(names)]
    if len(rows) < 2 or not all(names) or any(FILE_NAME.fullmatch(name) for name in names):
        return False
    columns = [[row[place] for row in rows] for place in range(len(names))]
    if any(_shape(name) == _shape(cell) for name, cells in zip(names, columns, strict=True) for cell in cells):
        return False
    kinds = (NUMBER, FILE_NAME)
    return any(
        not kind.fullmatch(name) and all(kind.fullmatch(cell) for cell in cells)
        for name, cells in zip(names, columns, strict=True)
        for kind in kinds
    )


def _shape(cell: str) -> str:
    """A cell with a 9 for each run of digits, so that img_1 and img_22 are alike; words without digits as they are."""
    return re.sub(r"\d+", "9", cell)
