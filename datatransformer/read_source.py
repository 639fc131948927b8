"""Lists the raw data. If the colours of masks have no names, a table of them is written for the user to fill in."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from datatransformer.listing import Listing
from datatransformer.masks.colours import ColoursWithoutNames
from datatransformer.report import Report
from datatransformer.sources import Source
from settings import SettingError
from storage.tables import replacing

if TYPE_CHECKING:
    from config import DataTransformerConfig


def read_source(source: Source, settings: "DataTransformerConfig", report: Report) -> Listing:
    """The images and labels that the source reads. Raises SettingError as it does."""
    try:
        return source.read(settings, report)
    except ColoursWithoutNames as error:
        table = settings.data.with_name(f"{settings.data.name}-colours.csv")
        table.parent.mkdir(parents=True, exist_ok=True)
        advice = (
            f"All colours are in {table}: write your names into it, then give --class-names {shlex.quote(str(table))}"
        )
        if not table.exists():
            with replacing(table) as file:
                file.write("\n".join(error.lines) + "\n")
        elif missing := _lacking(table, error.lines):
            advice = f"{table}, which may be filled in already, lacks these lines: {' and '.join(missing)}"
        raise SettingError(*error.errors, advice) from error


def _lacking(table: Path, lines: list[str]) -> list[str]:
    """Those of the lines whose colours the table does not have."""
    known = {_colour(line) for line in table.read_text(encoding="utf-8-sig", errors="replace").splitlines()}
    return [line for line in lines if _colour(line) not in known]


def _colour(line: str) -> tuple[str, ...]:
    return tuple(line.split(",")[:3])
