"""What the tables and JSON files of a data folder hold, each with its fields."""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, ConfigDict, Field, model_validator

from storage.records import Record, TableRow, damaged, read_rows
from storage.tables import read_json

MAKE_AGAIN = "Restore it from a copy, or make the folder again with python -m datatransformer --overwrite."
RESTORE_CLASSES = "Correct it: each index from 0 on stands once, with a name of its own."

Component = Annotated[
    Annotated[int, Field(ge=0, le=255)] | None, BeforeValidator(lambda cell: None if cell == "" else cell)
]


class ClassRow(TableRow):
    """A row of `classes.csv`."""

    index: Annotated[int, Field(ge=0)]
    name: Annotated[str, Field(min_length=1)]
    red: Component = None
    green: Component = None
    blue: Component = None

    @property
    def colour(self) -> tuple[int, int, int] | None:
        if self.red is None or self.green is None or self.blue is None:
            return None
        return self.red, self.green, self.blue


def read_class_rows(path: Path) -> list[ClassRow]:
    """The rows of `classes.csv` by their indices, however a spreadsheet has sorted them.

    Raises WorkError if an index or a name is missing or stands twice.
    """
    rows = sorted(read_rows(path, ClassRow, RESTORE_CLASSES), key=lambda row: row.index)
    names: set[str] = set()
    for place, row in enumerate(rows):
        if row.index != place:
            fault = f"index {row.index} stands twice" if row.index < place else f"index {place} is missing"
            raise damaged(path, fault, RESTORE_CLASSES)
        if row.name in names:
            raise damaged(path, f"name {row.name!r} stands twice", RESTORE_CLASSES)
        names.add(row.name)
    if not rows:
        raise damaged(path, "it has no rows", RESTORE_CLASSES)
    return rows


class RawFiles(Record):
    """The number of the files below a raw folder, and a digest of their paths."""

    files: Annotated[int, Field(ge=0)]
    names: str


class DataSettings(Record):
    """The entries of `settings.json` that are more than compared."""

    task: str
    source: str
    raw_images: str | None = None
    raw_images_as_given: str | None = None
    raw_files: dict[str, RawFiles] = Field(default={})


def read_data_settings(path: Path, needed: Iterable[str]) -> dict[str, Any] | None:
    """The content of `settings.json`; None if it is missing, no JSON, or of another program, which lacks `needed`.

    Raises WorkError if one of our entries is damaged.
    """
    content = read_json(path)
    if content is None or not content.keys() >= set(needed):
        return None
    return DataSettings.checked(path, content, MAKE_AGAIN).content()


class Values(Record):
    """The values of all pictures with more than 8 bits together: see `ValueSummary`."""

    model_config = ConfigDict(extra="forbid")

    low: float
    high: float
    usual_low: float
    usual_high: float
    bits: int
    has_integers: bool
    has_floats: bool
    has_fractions: bool
    next_low: float | None = None
    next_high: float | None = None
    main_low: float | None = None
    main_high: float | None = None
    distinct: int = 0


class Range(Record):
    """`pixel_range.json`. `values` and `pictures` are what is known of the pictures: see `DeepPictures`."""

    range: Annotated[list[float], Field(min_length=2, max_length=2)]
    pictures: Annotated[int, Field(ge=0)] | None = None
    values: Values | None = None

    @model_validator(mode="after")
    def _rises(self) -> Self:
        if self.range[0] >= self.range[1]:
            raise ValueError(f"the range {self.range[0]:g}..{self.range[1]:g} does not rise")
        return self


def read_range(path: Path) -> Range | None:
    """The content of `pixel_range.json`; None without the file. Raises WorkError if it is damaged."""
    return Range.read(path, MAKE_AGAIN) if path.exists() else None
