"""The run folder on disk: the one place that knows its names.

RUN/config.json       the settings as used, versions, the model's name and kind, the seed
RUN/classes.csv
RUN/checkpoints/      best.keras, last.keras and, by --keep-checkpoints, one an epoch
RUN/history.csv       one row an epoch, appended
RUN/train.log         what the screen showed, with times, warnings and the traceback of a crash
RUN/sessions.csv      one row a start of training, appended: when, from what, with which settings
RUN/tensorboard/
RUN/figures/          pictures, each with a CSV of its numbers beside it
RUN/report.html       all of it on one page
RUN/validation/       what its best checkpoint says of the validation images
RUN/engines/          its best checkpoint as other engines than TensorFlow need it
RUN/recalibration.csv what became of the metrics with batch-norm statistics of the whole training set
"""

import hashlib
import json
import os
import zipfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from importlib.metadata import version
from pathlib import Path

from datatransformer.layout import read_classes, write_classes
from setting_types import Size, parse_sizes
from settings import SettingError, WorkError, bad_setting
from storage.tables import line, open_to_append, read_json, read_table, write_json, write_table
from training.kinds import Kind, kind_named

NEEDED = ("epoch", "stage", "learning_rate", "loss", "val_loss", "seconds")
"""Columns of every history. What else a kind of model measures stands between them."""

SESSION = ("started", "epochs_done", "checkpoint", "parameters", "learning", "device", "given")
"""Columns of a start of training: UTC, epochs done by then, what it goes on from (empty: nothing), parameters of the
model and how many of them learn, and the settings that flags and variables gave, as `settings.given_values` has them.
"""

ROW_FILE = "scenelab.json"
"""Within a checkpoint, which is a zip file: the row of history that it belongs to. One file, one rename."""

VERSIONS_OF = ("tensorflow", "keras", "numpy")
OLD_RUNS = ".old"

Row = dict[str, float]
Averaged = Callable[[object], AbstractContextManager]
"""Gives a model other weights for as long as it is open."""


class RunFolder:
    """Paths and files of one run."""

    def __init__(self, path: Path):
        self.path = path
        self.checkpoints = path / "checkpoints"
        self.best = self.checkpoints / "best.keras"
        self.last = self.checkpoints / "last.keras"
        self.history_file = path / "history.csv"
        self.tensorboard = path / "tensorboard"
        self.sessions_file = path / "sessions.csv"
        self.figures = path / "figures"
        self.report = path / "report.html"
        self.log = path / "train.log"
        self.cache = path / "cache"
        self.validation = path / "validation"
        self.engines = path / "engines"
        self.recalibration = path / "recalibration.csv"

    def exists(self) -> bool:
        return self.config_file.is_file()

    @property
    def config_file(self) -> Path:
        return self.path / "config.json"

    def config(self) -> dict:
        """Raises WorkError if it is damaged."""
        config = read_json(self.config_file)
        if config is None or not {"kind", "model", "settings"} <= config.keys():
            raise WorkError(f"{self.config_file} is damaged. Without it the run cannot be used.")
        return config

    @property
    def kind(self) -> Kind:
        """Raises WorkError if `config.json` is damaged, SettingError if this version does not know the kind."""
        return kind_named(self.config()["kind"], self.path)

    def classes(self) -> tuple[str, ...]:
        return read_classes(self.path)

    def write_config(
        self, kind: str, model: str, settings: dict, classes: Sequence[str], colours: Sequence | None = None
    ) -> None:
        self.checkpoints.mkdir(parents=True, exist_ok=True)
        self.figures.mkdir(exist_ok=True)
        write_classes(self.path, classes, colours)
        versions = {package: version(package) for package in VERSIONS_OF}
        config = {"kind": kind, "model": model, "seed": settings["seed"], "settings": settings, "versions": versions}
        write_json(self.config_file, config)

    def state(self) -> str:
        """Another one whenever the run has gone on or was begun with other settings."""
        files = [file.read_bytes() for file in (self.config_file, self.history_file) if file.exists()]
        return hashlib.sha256(b"\0".join(files)).hexdigest()

    def image_size(self) -> Size:
        """The size that the best checkpoint was trained at; stages may differ in them."""
        sizes = parse_sizes(self.config()["settings"]["image_size"])
        row = checkpoint_row(self.best) if len(sizes) > 1 else None
        return sizes[int(row["stage"]) if row else 0]

    def is_newer_than(self, *figures: Path) -> bool:
        """Whether the run has gone on, or its best checkpoint has changed, since these were drawn, if they were."""
        newest = max(file.stat().st_mtime for file in (self.history_file, self.best) if file.exists())
        return not all(figure.exists() and figure.stat().st_mtime >= newest for figure in figures)

    def set_aside(self) -> Path:
        """Moves the run to `.old` beside it, under the next free number."""
        folder = self.path.parent / OLD_RUNS
        folder.mkdir(exist_ok=True)
        number = 1
        while (folder / f"{self.path.name}-{number}").exists():
            number += 1
        return self.path.rename(folder / f"{self.path.name}-{number}")

    # ---- History and what checkpoints know of it -------------------------------------------------------------------

    def history(self) -> list[Row]:
        """The whole rows, one an epoch."""
        if not self.history_file.exists():
            return []
        rows = read_table(self.history_file)
        whole = self.history_file.read_text(encoding="utf-8").endswith("\n")
        rows = rows if whole else rows[:-1]
        try:
            numbers = [{key: float(value) for key, value in row.items()} for row in rows]
            if any(key not in row for row in numbers[:1] for key in NEEDED):
                raise ValueError(f"not all of the columns {', '.join(NEEDED)}")
            return numbers
        except (KeyError, TypeError, ValueError) as error:
            raise WorkError(f"{self.history_file} is damaged ({error}). Mend or remove its last rows.") from error

    def append_history(self, row: Row) -> None:
        with open_to_append(self.history_file, tuple(row)) as file:
            file.write(line(_cells(row)))

    def write_history(self, rows: Sequence[Row]) -> None:
        write_table(self.history_file, tuple(rows[0]) if rows else NEEDED, (_cells(row) for row in rows))

    def append_session(self, session: Mapping[str, object]) -> None:
        with open_to_append(self.sessions_file, SESSION) as file:
            file.write(line([session[column] for column in SESSION]))

    def sessions(self) -> list[dict[str, str]]:
        """The starts of training, the first first; none for a run that is older than this list."""
        return read_table(self.sessions_file, SESSION) if self.sessions_file.exists() else []

    def resumed(self) -> list[int]:
        """How many epochs were done each time that training went on."""
        return sorted({int(session["epochs_done"]) for session in self.sessions()} - {0})

    def save(self, model, row: Row, is_best: bool, keep: bool, averaged: Averaged | None = None) -> None:
        """Writes the checkpoint of an epoch: first to a file of its own, then by rename to `last` and, if so, `best`.

        With `averaged`, `best` and what is kept have those weights, and `last` the ones that training goes on with.
        The epoch counts once `last` is renamed; its row, which the checkpoint carries, is appended after that.
        """
        names = [self.checkpoints / f"epoch-{int(row['epoch']):03d}.keras"] * keep + [self.best] * is_best
        if averaged and names:
            with averaged(model):
                self._write(model, row, names)
            names = []
        self._write(model, row, [*names, self.last])
        self.append_history(row)

    def save_recalibrated(self, model, row: Row, is_best: bool) -> None:
        """The best checkpoint with other statistics; if that is better it is `best`, and the former one lies beside."""
        if is_best:
            _second_name(self.best, self.checkpoints / "before_recalibration.keras")
        self._write(model, row, [self.checkpoints / "recalibrated.keras"] + [self.best] * is_best)

    def _write(self, model, row: Row, names: Sequence[Path]) -> None:
        """One file under all of these names."""
        work = self.checkpoints / ".work.keras"
        try:
            model.save(work)
            with zipfile.ZipFile(work, "a") as archive:
                archive.writestr(ROW_FILE, json.dumps(row))
            for name in names[:-1]:
                _second_name(work, name)
            os.replace(work, names[-1])
        finally:
            work.unlink(missing_ok=True)


def checkpoint_row(checkpoint: Path) -> Row | None:
    """The row of history that a checkpoint belongs to; None if there is no checkpoint.

    Raises WorkError if it is damaged.
    """
    if not checkpoint.exists():
        return None
    try:
        with zipfile.ZipFile(checkpoint) as archive:
            return json.loads(archive.read(ROW_FILE))
    except (zipfile.BadZipFile, KeyError, ValueError, OSError, EOFError, RuntimeError) as error:
        advice = "Remove it, and the run goes on from the other checkpoint, or begin anew with --resume never"
        raise WorkError(f"{checkpoint} is damaged ({error}). {advice}.") from error


def find_runs(runs: Path, names: Sequence[str]) -> list[RunFolder]:
    """Those of `names`, each a folder or the name of one in `runs`; without names the only one that there is.

    Raises SettingError if one is not there, or if none is named and there are several.
    """
    if names:
        return [_find_run(runs, name) for name in names]
    found = _runs_in(runs)
    if len(found) != 1:
        raise SettingError(bad_setting("run", "", f"name the run; {_those_in(runs)}"))
    return [RunFolder(found[0])]


def _find_run(runs: Path, name: str) -> RunFolder:
    candidates = [path for path in (runs / name, Path(name).expanduser()) if RunFolder(path).exists()]
    if not candidates:
        raise SettingError(bad_setting("run", name, f"there is no such run; {_those_in(runs)}"))
    return RunFolder(candidates[0])


def _runs_in(runs: Path) -> list[Path]:
    if not runs.is_dir():
        return []
    return sorted(path for path in runs.iterdir() if not path.name.startswith(".") and RunFolder(path).exists())


def _those_in(runs: Path) -> str:
    names = [path.name for path in _runs_in(runs)]
    return f"in {runs} there are {', '.join(names)}" if names else f"in {runs} there is none; train one first"


def _cells(row: Row) -> list[object]:
    return [int(value) if key in ("epoch", "stage") else repr(float(value)) for key, value in row.items()]


def _second_name(file: Path, name: Path) -> None:
    """Gives a file another name, in place of what had it, without a second copy on disk."""
    work = name.with_name(f".{name.name}.tmp")
    work.unlink(missing_ok=True)
    try:
        os.link(file, work)
    except OSError:  # a file system without links
        work.write_bytes(file.read_bytes())
    os.replace(work, name)
