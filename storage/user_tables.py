"""Tables that users write: labels, names of classes, weights, lists. One reader for all of them, a row at a time.

CSV and its relatives from any program (separators, quotes, encodings and line ends are found by content), lines of
words, JSON and JSON lines. What a column means is decided by those who read the rows.
"""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from settings import WorkError
from storage.column_names import normal_name as normal_name
from storage.json_tables import json_rows, json_table_form
from storage.table_form import BLANK, TableForm, form_of, is_comment
from storage.text_files import encoding_of, open_text

FIRST_LINES = 200
"""Lines by which the form of a table is decided."""

MAX_CELL = 2**24
"""Signs of a cell: more than the run lengths of a mask need. Beyond it a quote was left open."""


@dataclass(frozen=True)
class UserTable:
    """A table in a file.

    Attributes:
        header: the names of the columns as they are written; None if the first row is data already.
        width: number of columns.
        separator: between cells, a blank for runs of blanks; None: every line is one cell, or the file is JSON.
        description: how it is read: "separated by semicolons, with a header, UTF-16".
        doubt: a warning, if its encoding is a guess.
    """

    path: Path
    header: tuple[str, ...] | None
    width: int
    separator: str | None
    description: str
    form: TableForm
    is_json: bool = False
    doubt: str = ""

    @property
    def kind(self) -> str:
        """What the file is, as a part of a sentence: "a table separated by commas, with a header, UTF-8", or JSON."""
        return self.description if self.is_json else f"a table {self.description}"

    def with_header(self, line: int, names: Sequence[str]) -> "UserTable":
        """The table whose row at a line is no data, but the header."""
        form = replace(self.form, header=tuple(names), skipped=self.form.skipped | {line})
        description = self.description.replace("without a header", "with a header")
        return replace(self, header=tuple(names), form=form, description=description)

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """Yields line number (in JSON: number of the entry) and cells of each row that is not empty.

        Header and comments are left out; cells have no blanks around them. A row may be shorter or longer than the
        header. Raises WorkError, also while it is read, for damaged files.
        """
        if self.is_json:
            yield from json_rows(self.path, self.header)
            return
        with open_text(self.path) as file:
            lines = self._lines(file)
            if self.form.separator is None:
                yield from ((number, [text]) for number, line in enumerate(lines, 1) if (text := _stripped(line)))
                return
            if self.form.separator == BLANK:
                lines = (" ".join(line.split()) + "\n" for line in lines)
            yield from self._cells(lines)

    def _lines(self, file: Iterator[str]) -> Iterator[str]:
        """The lines of the file, empty ones in place of those that are no rows."""
        for number, line in enumerate(file, 1):
            hidden = number in self.form.skipped or (self.form.has_comments and self._is_comment(line))
            yield "\n" if hidden else line

    def _is_comment(self, line: str) -> bool:
        """Whether a line is a comment and no row: file names can begin with # too."""
        if not is_comment(line):
            return False
        text = _stripped(line)
        sign = self.form.separator
        return sign is None or text[1:2].isspace() or text.count(sign) != self.width - 1

    def _cells(self, lines: Iterator[str]) -> Iterator[tuple[int, list[str]]]:
        csv.field_size_limit(MAX_CELL)
        assert self.form.separator is not None
        reader = csv.reader(lines, delimiter=self.form.separator, quotechar=self.form.quote, skipinitialspace=True)
        width = self.width
        try:
            for row in reader:
                cells = [cell.strip() for cell in row]
                while len(cells) > width and not cells[-1]:
                    cells.pop()
                if any(cells):
                    yield reader.line_num, cells
        except csv.Error as error:
            raise WorkError(f"{self.path}, line {reader.line_num}: {error}; is a quote left open?") from error


def open_user_table(path: Path) -> UserTable:
    """The table in a file; its form is decided by its first lines.

    Raises WorkError for a file that is no table in text, such as a spreadsheet.
    """
    encoding = encoding_of(path)
    if (json_form := json_table_form(path)) is not None:
        return UserTable(path, json_form or None, len(json_form) or 2, None, "JSON", TableForm(), True, encoding.doubt)
    with open_text(path) as file:
        try:
            form = form_of(list(islice(file, FIRST_LINES)))
        except csv.Error as error:
            raise WorkError(f"{path}: {error}; is a quote left open?") from error
    description = f"{form.describe()}, {encoding.description}"
    return UserTable(path, form.header, form.width, form.separator, description, form, doubt=encoding.doubt)


def _stripped(line: str) -> str:
    return line.strip().strip("\ufeff").strip()
