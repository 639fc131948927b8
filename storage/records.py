"""Files that SceneLab writes and reads again. Each kind has a class with its fields, and JSON files have a version.

A damaged file, or one of a newer version, is reported with its name, the field and what to do.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Self, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from settings import WorkError
from storage.json_text import BadJson, parse_json
from storage.tables import VERSION, known_version, rows_of_table


class Record(BaseModel):
    """The content of a JSON file of ours. Fields of other versions are kept.

    Values are not converted: a number in quotes is damage.
    """

    model_config = ConfigDict(frozen=True, extra="allow", strict=True, allow_inf_nan=False)

    @classmethod
    def read(cls, path: Path, remedy: str) -> Self:
        """The content of a file. Raises WorkError if it is missing or damaged; `remedy` is a sentence."""
        return cls.checked(path, read_object(path, remedy), remedy)

    @classmethod
    def checked(cls, path: Path, content: Mapping[str, object], remedy: str) -> Self:
        """The same for what has been read from `path` already."""
        try:
            return cls.model_validate(content)
        except ValidationError as error:
            raise damaged(path, _fault(error), remedy) from error

    def content(self) -> dict[str, Any]:
        """All values as they are in the file, but the version."""
        return {name: value for name, value in self.model_dump(exclude_unset=True).items() if name != VERSION}


def read_object(path: Path, remedy: str) -> dict[str, object]:
    """The object in a JSON file of ours, without its version. Raises WorkError if it is missing or damaged."""
    try:
        content = parse_json(path.read_bytes())
    except OSError as error:
        raise WorkError(f"{path} cannot be read: {error.strerror or error}. {remedy}") from error
    except BadJson as error:
        raise damaged(path, str(error), remedy) from error
    if not isinstance(content, dict):
        raise damaged(path, f"it holds {_shown(content)}, not an object with names and values", remedy)
    return known_version(path, content)


class TableRow(BaseModel):
    """A row of a CSV file of ours. Cells become the types of the fields; other columns are left out."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)


Row = TypeVar("Row", bound=TableRow)


def read_rows(path: Path, kind: type[Row], remedy: str, columns: Iterable[str] = ()) -> list[Row]:
    """The rows of a table. Raises WorkError, with line and column, if a cell is not what it should be."""
    needed = [name for name, field in kind.model_fields.items() if field.is_required()]
    rows = []
    for line, cells in enumerate(rows_of_table(path, [*needed, *columns]), 2):
        try:
            rows.append(kind.model_validate(cells))
        except ValidationError as error:
            raise damaged(path, f"row {line}: {_fault(error)}", remedy) from error
    return rows


def damaged(path: Path, fault: str, remedy: str) -> WorkError:
    """The error for a damaged file. `fault` names the field."""
    return WorkError(f"{path} is damaged: {fault}. {remedy}")


def _fault(error: ValidationError) -> str:
    """The first field that is wrong, what it holds, and what it should be."""
    first = error.errors(include_url=False)[0]
    field = ".".join(map(str, first["loc"]))
    if first["type"] == "missing":
        return f"{field} is missing"
    message = first["msg"].removeprefix("Value error, ")
    problem = message[:1].lower() + message[1:]
    return f"{field} is {_shown(first['input'])}: {problem}" if field else problem


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
