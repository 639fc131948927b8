"""The report of a data folder: what was found in the raw data, how it was read, and what looks wrong.

Sources and the transformer add to it while they work. Each sentence is shown at once; all of them are kept in
DATA/report.md, to read, and DATA/report.json, for programs.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from log import logger
from storage.markdown import markdown_text
from storage.tables import printable, replacing

REPORT, REPORT_JSON = "report.md", "report.json"

SHOWN_ROWS = 40
"""Rows of a table that the screen shows. The files have all of them."""


@dataclass(frozen=True)
class ReportTable:
    """A table with a title. Numbers are aligned to the right; a cell of None is empty."""

    title: str
    header: tuple[str, ...]
    rows: list[tuple[object, ...]]


@dataclass
class Report:
    """What is known about the raw data.

    Attributes:
        readings: how something was read, a sentence each: "labels.csv is a table separated by semicolons, ...".
        warnings: what is probably a mistake of the data or the settings, a sentence each with the remedy.
        tables: in the order in which they were added.
    """

    readings: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    tables: list[ReportTable] = field(default_factory=list)

    def note(self, sentence: str) -> None:
        """Says how something was read. A sentence that was said before is not repeated."""
        if sentence not in self.readings:
            self.readings.append(sentence)
            logger.info(printable(sentence))

    def warn(self, sentence: str) -> None:
        """Says what is probably wrong, and the remedy."""
        if sentence not in self.warnings:
            self.warnings.append(sentence)
            logger.warning(printable(sentence))

    def add_table(self, title: str, header: Sequence[str], rows: Iterable[Sequence[object]], show: bool = True) -> None:
        """Adds a table, and shows it on the screen if `show`."""
        table = ReportTable(title, tuple(header), [tuple(row) for row in rows])
        self.tables.append(table)
        if show:
            logger.info(as_text(table))

    def write(self, folder: Path) -> None:
        """Writes both files, each by a temporary file and a rename."""
        with replacing(folder / REPORT) as file:
            file.write(self._markdown())
        with replacing(folder / REPORT_JSON) as file:
            json.dump(self._content(), file, indent=1, ensure_ascii=False)
            file.write("\n")

    def _content(self) -> dict[str, object]:
        tables = [
            {"title": table.title, "rows": [dict(zip(table.header, row, strict=True)) for row in table.rows]}
            for table in self.tables
        ]
        return {"readings": self.readings, "warnings": self.warnings, "tables": tables}

    def _markdown(self) -> str:
        parts = ["# Report of this data folder\n"]
        for title, sentences in (("Warnings", self.warnings), ("How the data were read", self.readings)):
            if sentences:
                parts.append(f"## {title}\n\n" + "".join(f"- {markdown_text(line)}\n" for line in sentences))
        parts += [f"## {markdown_text(table.title)}\n\n{_markdown_table(table)}" for table in self.tables]
        return "\n".join(parts)


def as_text(table: ReportTable) -> str:
    """A table for the screen: columns of equal width, at most SHOWN_ROWS rows."""
    rows = [table.header, *([_cell(value) for value in row] for row in table.rows[:SHOWN_ROWS])]
    widths = [max(len(row[column]) for row in rows) for column in range(len(table.header))]
    is_number = [_is_numeric(table, column) for column in range(len(table.header))]
    lines = [
        "  ".join(
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(row, widths, is_number, strict=True)
        ).rstrip()
        for row in rows
    ]
    more = len(table.rows) - SHOWN_ROWS
    if more > 0:
        lines.append(f"... and {more} more in {REPORT}")
    return "\n  ".join([f"{table.title}:", *lines])


def _markdown_table(table: ReportTable) -> str:
    if not table.rows:
        return "Nothing.\n"
    rule = ["---:" if _is_numeric(table, column) else "---" for column in range(len(table.header))]
    cells = [
        list(map(markdown_text, table.header)),
        rule,
        *([markdown_text(_cell(value)) for value in row] for row in table.rows),
    ]
    return "".join(f"| {' | '.join(row)} |\n" for row in cells)


def _is_numeric(table: ReportTable, column: int) -> bool:
    """Whether the cells of a column are numbers or shares such as 3.5 %."""
    cells = [_cell(row[column]) for row in table.rows if row[column] not in (None, "")]
    return bool(cells) and all(cell.removesuffix(" %").replace(",", "").replace(".", "").isdecimal() for cell in cells)


def _cell(value: object) -> str:
    if value is None:
        return ""
    return f"{value:,}" if isinstance(value, int) else printable(str(value))
