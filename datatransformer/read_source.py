"""Lists the raw data. If the colours of masks have no names, a table of them is written for the user to fill in."""

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
        if not table.exists():  # it may be filled in already
            with replacing(table) as file:
                file.write("\n".join(error.lines) + "\n")
        advice = f"All colours are in {table}: write your names into it, then give --class-names {table}"
        raise SettingError(*error.errors, advice) from error
