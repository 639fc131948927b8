"""The folder of an experiment. Only this file knows the names in it.

FOLDER/state.json       each run: its module, its settings, and its results once it is done
FOLDER/runs/            one run folder per run, and NAME.log with what it wrote to standard error
FOLDER/data-N-SEED/     with --limit N: a data folder with N images per split
FOLDER/results.csv      one row per run
FOLDER/table.md         mean and standard deviation of each variant, with the published values
FOLDER/comparison.png   the same as a figure, with comparison.csv
FOLDER/curves.png       the deciding measure by epoch, with curves.csv
"""

import contextlib
import os
import re
from pathlib import Path
from typing import Any

from setting_types import parse_sizes
from settings import SettingError, bad_setting
from storage.owned import move_aside
from storage.records import Record, TableRow, read_object, read_rows
from storage.tables import write_json
from training.run_folder import RunFolder

Measured = dict[str, float]

FREE_SETTINGS = ("runs", "name", "verbose", "debug", "json", "config", "cache", "resume", "strategy", "workers")
"""Settings that may change between sessions of a run, because they do not change its results."""


BEFORE_STATE = re.compile(r"\.|data-\d+-\d+$")
"""Names in the folder of an experiment that may be there before `state.json`."""

SIZE_SETTINGS = ("image_size", "crop")
"""Settings that earlier versions wrote in another way: ["32"] instead of 32x32."""


class ScoreRow(TableRow):
    """A row of `summary.csv`."""

    measure: str
    value: float


class Entry(Record):
    """A run in `state.json`."""

    module: str
    settings: dict[str, Any]
    measured: Measured | None


class Planned(Record):
    """The same with its name, for messages."""

    run: str
    entry: Entry


class ExperimentFolder:
    """Paths and files of one experiment."""

    def __init__(self, path: Path):
        self.path = path
        self.state_file = path / "state.json"
        self.runs = path / "runs"
        self.results = path / "results.csv"
        self.table = path / "table.md"
        self.comparison = path / "comparison.png"
        self.curves = path / "curves.png"

    def data(self, limit: int, seed: int) -> Path:
        return self.path / f"data-{limit}-{seed}"

    def run(self, name: str) -> RunFolder:
        return RunFolder(self.runs / name)

    def log_file(self, name: str) -> Path:
        """The standard error of a run."""
        return self.runs / f"{name}.log"

    def state(self) -> dict[str, dict[str, Any]]:
        """Raises WorkError if the file is damaged."""
        if not self.state_file.exists():
            return {}
        advice = "Start this experiment again with --overwrite, which moves this one aside."
        state = read_object(self.state_file, advice)
        return {
            name: Planned.checked(self.state_file, {"run": name, "entry": entry}, advice).entry.content()
            for name, entry in state.items()
        }

    def measured(self, name: str) -> Measured | None:
        """The results of a run; None if it is not done."""
        return self.state().get(name, {}).get("measured")

    def record(self, name: str, module: str, settings: dict[str, Any], measured: Measured | None = None) -> None:
        """Writes that a run has started or, with its results, that it is done."""
        self.path.mkdir(parents=True, exist_ok=True)
        entry = {"module": module, "settings": settings, "measured": measured}
        write_json(self.state_file, self.state() | {name: entry})

    def check_same_settings(self, name: str, module: str, settings: dict[str, Any]) -> None:
        """Raises SettingError if the run was started with other settings."""
        started = self.state().get(name)
        if started is None:
            return
        errors = [
            bad_setting(key, _as_text(settings[key]), f"run {name} was started with {_as_text(before)}")
            for key, before in started["settings"].items()
            if key in settings
            and key not in FREE_SETTINGS
            and _comparable(key, settings[key]) != _comparable(key, before)
        ]
        if started["module"] != module:
            errors.append(bad_setting("module", module, f"run {name} was started with {started['module']}"))
        if errors:
            advice = f"use --overwrite to start again, which moves {self.path} aside, or another --name"
            raise SettingError(*errors, advice)

    def move_aside(self) -> None:
        """Renames the folder of an earlier experiment: its runs may have taken days."""
        if self.state_file.exists():
            move_aside(self.path)

    def check_is_experiment(self) -> None:
        """Raises SettingError if the folder exists and is not that of an experiment."""
        if self.path.exists() and not self.state_file.exists():
            others = [name for name in os.listdir(self.path) if not BEFORE_STATE.match(name)]
            if others:
                allowed = f"exists and is not the folder of an experiment: it holds {others[0]}; use another --name"
                raise SettingError(bad_setting("output", self.path, allowed))


def _as_text(value: object) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def _comparable(name: str, value: object) -> object:
    """Equal for equal values, whichever version wrote them."""
    if name in SIZE_SETTINGS:
        with contextlib.suppress(ValueError):  # no size, so another value than every size
            return parse_sizes(_as_text(value)) if value else ()
    return value


def measure(run: RunFolder) -> Measured:
    """The row of `RunFolder.best_scores`, with the number of epochs and their total seconds.

    For masks also the scores at the original image size, `full_size_mean_iou` and others.
    """
    rows = run.history()
    full_size = run.figures / "summary.csv"  # written by predictor.masks.evaluation
    advice = f"python -m analysis {run.path} --only evaluation makes it again."
    summary = read_rows(full_size, ScoreRow, advice) if full_size.exists() else []
    return (
        run.best_scores()
        | {f"full_size_{row.measure}": row.value for row in summary}
        | {"epochs": len(rows), "seconds": sum(row["seconds"] for row in rows)}
    )
