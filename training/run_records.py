"""What the files of a run hold: `config.json`, `history.csv` and `sessions.csv`, each with its fields."""

import math
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, ConfigDict, Field

from setting_types import parse_sizes
from settings import WorkError
from storage.records import Record, TableRow, damaged
from training.checkpoint_file import Row
from training.kinds import SCORES

REQUIRED_COLUMNS = ("epoch", "stage", "learning_rate", "loss", "val_loss", "seconds")
"""Columns of every history. The metrics of a kind of model come between them."""

LOST_CONFIG = "Restore it from a copy; without it the run cannot be used"
"""What to do about a damaged `config.json`."""

LOST_HISTORY = "Correct or remove its last rows"

DECIDING = {*REQUIRED_COLUMNS, *SCORES.values()} - {"loss"}
"""Columns that must be finite numbers, because what happens next depends on them."""

Count = Annotated[int, Field(ge=0, le=10**9)]
Positive = Annotated[int, Field(ge=1, le=10**9)]
Finite = Annotated[float, Field(allow_inf_nan=False)]


def _known_sizes(text: str) -> str:
    if not parse_sizes(text):
        raise ValueError("should be sizes such as 90x120,180x240")
    return text


def _known_score(score: str | None) -> str | None:
    if score and score not in SCORES:
        raise ValueError(f"should be one of {', '.join(SCORES)}")
    return score


class RunSettings(Record):
    """The settings in `config.json` that are used after training. All others are kept as they are."""

    image_size: Annotated[str, AfterValidator(_known_sizes)] = "1x1"
    epochs: Positive = 1
    patience: Annotated[float, Field(ge=0)] = 0
    min_delta: Finite = 0.0
    schedule: str = ""
    learning_rates: Annotated[list[Annotated[float, Field(gt=0)]], Field(min_length=1)] = Field(default=[1.0])
    stop_at: Finite | None = None
    ema: Finite | None = None
    seed: int | None = None
    latent_size: Positive = 1
    score: Annotated[str | None, AfterValidator(_known_score)] = None
    data: str | None = None
    name: str | None = None


class DataEntry(Record):
    """What identifies the data of a run."""

    classes: str | None = None
    labels: str | None = None
    split: str | None = None
    training: Count | None = None
    validation: Count | None = None
    path_from_run: str | None = None


class RunConfig(Record):
    """`config.json`."""

    model_config = ConfigDict(protected_namespaces=())

    kind: Annotated[str, Field(min_length=1)]
    model: Annotated[str, Field(min_length=1)]
    settings: RunSettings
    seed: int | None = None
    versions: dict[str, str] = Field(default={})
    data: DataEntry | None = None


class SettingsOfRun(dict[str, Any]):
    """The settings of a run. A missing one is reported with the file."""

    def __init__(self, content: Mapping[str, Any], path: Path) -> None:
        super().__init__(content)
        self.path = path

    def __missing__(self, name: str) -> Any:
        raise damaged(self.path, f"settings.{name} is missing", f"{LOST_CONFIG}.")


def read_config(path: Path) -> dict[str, Any]:
    """The content of `config.json`. Raises WorkError if it is damaged."""
    config = RunConfig.read(path, f"{LOST_CONFIG}.").content()
    return config | {"settings": SettingsOfRun(config["settings"], path)}


def _words(text: str) -> dict[str, str]:
    return dict(word.split("=", 1) for word in shlex.split(text))


def _known_words(text: str) -> str:
    try:
        _words(text)
    except ValueError as error:
        raise ValueError("should be settings such as epochs=3 data=photos") from error
    return text


class SessionRow(TableRow):
    """A row of `sessions.csv`."""

    started: str
    epochs_done: Count
    checkpoint: str
    parameters: Count
    learning: Count
    device: str
    given: Annotated[str, AfterValidator(_known_words)]

    @property
    def given_values(self) -> dict[str, str]:
        """The settings that were given, as `settings.given_values` writes them."""
        return _words(self.given)


def as_history(path: Path, rows: Sequence[Mapping[str, str]], needed: Sequence[str] = ()) -> list[Row]:
    """The rows of `history.csv` as numbers. Raises WorkError if a number, an epoch or a `needed` column is missing."""
    if rows and (missing := [name for name in (*REQUIRED_COLUMNS, *needed) if name not in rows[0]]):
        raise damaged(path, f"it has no column {', '.join(missing)}", f"{LOST_HISTORY}.")
    return [_as_numbers(path, number, row) for number, row in enumerate(rows, 1)]


def _as_numbers(path: Path, number: int, cells: Mapping[str, str]) -> Row:
    row: Row = {}
    for name, cell in cells.items():
        try:
            row[name] = float(cell)
        except ValueError:
            raise _wrong(path, number, name, cell, "no number") from None
        if name in DECIDING and not math.isfinite(row[name]):
            raise _wrong(path, number, name, cell, "no finite number")
    if row["epoch"] != number:
        raise _wrong(path, number, "epoch", cells["epoch"], f"not {number}")
    if not (0 <= row["stage"] < 1000 and row["stage"].is_integer()):
        raise _wrong(path, number, "stage", cells["stage"], "no number of a stage")
    for name in ("learning_rate", "seconds"):
        if row[name] < 0:
            raise _wrong(path, number, name, cells[name], "negative")
    return row


def _wrong(path: Path, number: int, name: str, cell: str, why: str) -> WorkError:
    return damaged(path, f"row {number}: {name} is {cell!r:.60}, {why}", f"{LOST_HISTORY}.")
