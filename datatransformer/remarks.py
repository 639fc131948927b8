"""Pictures that were changed beyond their encoding: a line each in DATA/remarks.csv, and their kinds in the report."""

import re
from pathlib import Path

from datatransformer.layout import REMARKS, REMARKS_HEADER
from datatransformer.pictures.eight_bits import ALL_WHITE
from datatransformer.report import Report
from storage.tables import rows_of_table

DETAILS = re.compile(r" \([^()]*\)$")


def describe_remarks(work: Path, report: Report) -> None:
    """Adds a table of the kinds of changes, each with the number of pictures and the first of them.

    A kind is a remark without its details in parentheses. A picture that an interrupted run has noted twice counts
    once.
    """
    kinds: dict[str, tuple[int, str]] = {}
    seen: set[int] = set()
    for row in rows_of_table(work / REMARKS, REMARKS_HEADER):
        if (number := hash((row["source"], row["remark"]))) in seen:
            continue
        seen.add(number)
        for part in row["remark"].split("; "):
            kind = DETAILS.sub("", part)
            count, first = kinds.get(kind, (0, row["source"]))
            kinds[kind] = count + 1, first
    if not kinds:
        return
    rows = sorted(((count, kind, first) for kind, (count, first) in kinds.items()), key=lambda row: (-row[0], row[1]))
    report.add_table("Changed pictures", ("pictures", "change", "first file"), rows, show=False)
    for count, kind, first in rows:
        sentence = f"{count} picture{'s' if count > 1 else ''}: {kind}, first {first} ({REMARKS} lists all)"
        if kind == ALL_WHITE:
            report.warn(
                f"{sentence}. Save {'them' if count > 1 else 'it'} without transparency if something should be seen"
            )
        else:
            report.note(sentence)
