"""What an experiment has come to, on disk: the one place that knows the names in its folder.

FOLDER/state.json       each run: its module, its settings, and what was measured once it is done
FOLDER/runs/            a run folder each, and a file with what it said
FOLDER/data-N-SEED/     with --limit N, a data folder of so many images
FOLDER/results.csv      a row a run
FOLDER/table.md         mean and spread of each variant, beside the published figures
FOLDER/comparison.png   the same, drawn; its numbers are in comparison.csv
FOLDER/curves.png       what decides, epoch by epoch; its numbers are in curves.csv
"""

import shutil
from pathlib import Path

from settings import SettingError, WorkError, bad_setting
from storage.tables import read_json, read_table, write_json
from training.run_folder import RunFolder

Measured = dict[str, float]

NOT_COMPARED = ("runs", "name", "verbose", "debug", "json", "cache", "resume", "strategy", "workers")
"""Settings that change nothing of what a run comes to."""


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

    def said(self, name: str) -> Path:
        """What a run wrote on its standard error."""
        return self.runs / f"{name}.log"

    def state(self) -> dict[str, dict]:
        """Raises WorkError if it is damaged."""
        if not self.state_file.exists():
            return {}
        state = read_json(self.state_file)
        if state is None:
            raise WorkError(f"{self.state_file} is damaged; --overwrite begins this experiment anew")
        return state

    def measured(self, name: str) -> Measured | None:
        """None if the run is not done."""
        return self.state().get(name, {}).get("measured")

    def note(self, name: str, module: str, settings: dict, measured: Measured | None = None) -> None:
        """That a run has begun or, with what was measured, that it is done."""
        self.path.mkdir(parents=True, exist_ok=True)
        entry = {"module": module, "settings": settings, "measured": measured}
        write_json(self.state_file, self.state() | {name: entry})

    def check_same(self, name: str, module: str, settings: dict) -> None:
        """Raises SettingError if the run was begun with other settings."""
        begun = self.state().get(name)
        if begun is None:
            return
        errors = [
            bad_setting(key, _shown(settings[key]), f"run {name} was begun with {_shown(before)}")
            for key, before in begun["settings"].items()
            if key in settings and key not in NOT_COMPARED and settings[key] != before
        ]
        if begun["module"] != module:
            errors.append(bad_setting("module", module, f"run {name} was begun with {begun['module']}"))
        if errors:
            raise SettingError(*errors, f"--overwrite begins {self.path} anew; another --name leaves it as it is")

    def remove(self) -> None:
        """Raises SettingError if the folder was not made here."""
        if self.state_file.exists():
            shutil.rmtree(self.path)
        elif self.path.exists() and any(self.path.iterdir()):
            raise SettingError(
                bad_setting("output", self.path, "is in the way and was not made here; use another --name")
            )


def _shown(value: object) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def measure(run: RunFolder) -> Measured:
    """The best epoch's row of history, with how many epochs there were and the seconds of all together.

    For masks also what was measured at the pictures' own size, as `full_size_mean_iou` and the like.
    """
    rows = run.history()
    full_size = run.figures / "summary.csv"  # of predictor.mask_evaluation
    summary = read_table(full_size, ("measure", "value")) if full_size.exists() else []
    return (
        max(rows, key=run.kind.score)
        | {f"full_size_{row['measure']}": float(row["value"]) for row in summary}
        | {"epochs": len(rows), "seconds": sum(row["seconds"] for row in rows)}
    )
