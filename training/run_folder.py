"""The run folder on disk. No other module knows the names of its files.

RUN/config.json       the settings that were used, versions, model, kind, seed, what identifies the data
RUN/data.csv.gz       the images of the data with their split, label and digest
RUN/classes.csv
RUN/load.py           opens the best checkpoint, and predicts an image, with Keras alone
RUN/pixel_range.json  the range by which pictures of more than 8 bits were scaled, if there were any
RUN/checkpoints/      best.keras, last.keras and, with --keep-checkpoints, one per epoch
RUN/history.csv       one row per epoch, appended
RUN/train.log         the messages with their times, warnings and the traceback of a crash
RUN/sessions.csv      one row per start of training, appended: the time, the checkpoint, the given settings
RUN/tensorboard/
RUN/figures/          figures, each with a CSV of its numbers beside it
RUN/report.html       all figures and tables on one page
RUN/validation/       predictions of the best checkpoint for the validation images
RUN/thresholds.csv    where images may have several labels: the probability from which each is predicted
RUN/engines/          the best checkpoint, converted for other engines than TensorFlow
RUN/recalibration.csv the metrics before and after the recalibration of batch norm
"""

import hashlib
import json
import os
import zipfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from datatransformer.layout import read_classes, read_pixel_range, write_classes
from setting_types import Size, parse_sizes
from settings import WorkError
from storage.file_order import make_later
from storage.records import read_rows
from storage.tables import csv_line, open_to_append, rows_of_table, write_json, write_table
from storage.temporary import link_or_copy, temporary_file
from training.checkpoint_file import INSIDE, INSIDE_FOLDER, ROW_FILE, Row, checkpoint_row
from training.kinds import Kind, kind_named
from training.run_records import REQUIRED_COLUMNS, SessionRow, as_history, read_config

if TYPE_CHECKING:
    import keras

    from datatransformer.pictures.pixel_range import PixelRange

SESSION_COLUMNS = ("started", "epochs_done", "checkpoint", "parameters", "learning", "device", "given")
"""Columns of a start of training: the time in UTC, the number of epochs done before it, the checkpoint that it resumes
from (empty for a new run), the number of all parameters and of the trainable ones, the device, and the settings that
were given by flags and variables, in the form of `settings.given_values`."""

LOST_SESSIONS = "Correct the row; or remove the file: then only the starts of training are no longer known."

RECORDED_PACKAGES = ("tensorflow", "keras", "numpy")
OLD_RUNS = ".old"

WeightSwap = Callable[["keras.Model"], AbstractContextManager[None]]
"""Gives a model other weights while the context is open."""


class RunFolder:
    """The paths and files of one run."""

    def __init__(self, path: Path):
        self.path = path
        self.checkpoints = path / "checkpoints"
        self.best = self.checkpoints / "best.keras"
        self.last = self.checkpoints / "last.keras"
        self.recalibrated = self.checkpoints / "recalibrated.keras"
        self.history_file = path / "history.csv"
        self.tensorboard = path / "tensorboard"
        self.sessions_file = path / "sessions.csv"
        self.figures = path / "figures"
        self.report = path / "report.html"
        self.load_script = path / "load.py"
        self.log = path / "train.log"
        self.cache = path / "cache"
        self.validation = path / "validation"
        self.engines = path / "engines"
        self.thresholds = path / "thresholds.csv"
        self.recalibration = path / "recalibration.csv"
        self.data_record = path / "data.csv.gz"

    def exists(self) -> bool:
        return self.config_file.is_file()

    @property
    def config_file(self) -> Path:
        return self.path / "config.json"

    def config(self) -> dict:
        """The content of `config.json`. Raises WorkError if it is damaged."""
        return read_config(self.config_file)

    @property
    def kind(self) -> Kind:
        """The kind of the run. Raises WorkError if `config.json` is damaged, SettingError if the kind is unknown."""
        config = self.config()
        return kind_named(config["kind"], self.path).by_score(config["settings"].get("score"))

    def classes(self) -> tuple[str, ...]:
        return read_classes(self.path)

    def write_config(
        self,
        kind: str,
        model: str,
        settings: Mapping[str, object],
        classes: Sequence[str],
        colours: Sequence | None = None,
        data: Mapping[str, object] | None = None,
    ) -> None:
        """Writes settings and classes. `data`: the entry that `training.data_record` describes."""
        self.checkpoints.mkdir(parents=True, exist_ok=True)
        self.figures.mkdir(exist_ok=True)
        write_classes(self.path, classes, colours)
        versions = {package: version(package) for package in RECORDED_PACKAGES}
        config = {"kind": kind, "model": model, "seed": settings["seed"], "settings": settings, "versions": versions}
        write_json(self.config_file, config | ({"data": data} if data else {}))

    def pixel_range(self) -> "PixelRange | None":
        """The range by which pictures of more than 8 bits were scaled for training; None if there were none."""
        return read_pixel_range(self.path)

    def update_data(self, path: str, data: Mapping[str, object]) -> None:
        """Notes the path of the data and their entry, if they are not noted yet."""
        config = self.config()
        updated = config | {"settings": config["settings"] | {"data": path}, "data": dict(data)}
        if updated != config:
            write_json(self.config_file, updated)

    def digest(self) -> str:
        """A digest of settings and history; it changes with every epoch."""
        files = [file.read_bytes() for file in (self.config_file, self.history_file) if file.exists()]
        return hashlib.sha256(b"\0".join(files)).hexdigest()

    def image_size(self) -> Size:
        """The image size of the best checkpoint; stages may have different sizes."""
        sizes = parse_sizes(self.config()["settings"]["image_size"])
        row = checkpoint_row(self.best) if len(sizes) > 1 else None
        return sizes[int(row["stage"]) if row else 0]

    def is_newer_than(self, *figures: Path) -> bool:
        """Whether history or best checkpoint are newer than one of these figures, or a figure is missing."""
        newest = max(file.stat().st_mtime for file in self.drawn_from if file.exists())
        return not all(figure.exists() and figure.stat().st_mtime >= newest for figure in figures)

    @property
    def drawn_from(self) -> tuple[Path, Path]:
        """What figures and report are made of."""
        return self.history_file, self.best

    def move_to_old(self) -> Path:
        """Moves the run to the folder `.old` beside it, with the next free number. Returns the new path."""
        folder = self.path.parent / OLD_RUNS
        folder.mkdir(exist_ok=True)
        number = 1
        while (folder / f"{self.path.name}-{number}").exists():
            number += 1
        return self.path.rename(folder / f"{self.path.name}-{number}")

    # ---- History and checkpoints -----------------------------------------------------------------------------------

    def history(self) -> list[Row]:
        """The rows of history, one per epoch, without a row that was cut off. Raises WorkError if it is damaged."""
        if not self.history_file.exists():
            return []
        score_column = (self.kind.score_column,) if self.exists() else ()
        return as_history(self.history_file, list(rows_of_table(self.history_file, torn=True)), score_column)

    def append_history(self, row: Row) -> None:
        with open_to_append(self.history_file, tuple(row)) as file:
            file.write(csv_line(_cells(row)))
        make_later(self.history_file, [self.report, *self.figures.glob("*")])

    def write_history(self, rows: Sequence[Row]) -> None:
        write_table(self.history_file, tuple(rows[0]) if rows else REQUIRED_COLUMNS, (_cells(row) for row in rows))

    def append_session(self, session: Mapping[str, object]) -> None:
        with open_to_append(self.sessions_file, SESSION_COLUMNS) as file:
            file.write(csv_line([session[column] for column in SESSION_COLUMNS]))

    def sessions(self) -> list[SessionRow]:
        """The rows of `sessions.csv`, the oldest first; empty for a run that is older than this file."""
        return read_rows(self.sessions_file, SessionRow, LOST_SESSIONS) if self.sessions_file.exists() else []

    def resumed_after(self) -> list[int]:
        """The number of epochs done before each resumed session."""
        return sorted({session.epochs_done for session in self.sessions()} - {0})

    def best_row(self) -> Row:
        """The row of history of the best checkpoint. Raises WorkError if the checkpoint is missing or damaged."""
        row = checkpoint_row(self.best)
        if row is None:
            raise WorkError(f"{self.best} is missing. Train the run first.")
        return row

    def best_scores(self) -> Row:
        """The row of the best epoch in the history; that of the best checkpoint if it was recalibrated or is alone."""
        history = self.history()
        return max(history, key=self.kind.score) if history and not self.is_recalibrated else self.best_row()

    @property
    def is_recalibrated(self) -> bool:
        """Whether the best checkpoint is that of `save_recalibrated`."""
        row = checkpoint_row(self.recalibrated)
        return row is not None and row == checkpoint_row(self.best)

    def save(
        self, model: "keras.Model", row: Row, is_best: bool, keep: bool, ema_weights: WeightSwap | None = None
    ) -> None:
        """Writes the checkpoint of an epoch to a new file, then renames it to `last` and, if it is the best, to `best`.

        With `ema_weights`, `best` and kept checkpoints have those weights; `last` has the weights that training
        continues with. The epoch counts once `last` is renamed. Its row, which is also in the checkpoint, is appended
        to the history after that.
        """
        names = [self.checkpoints / f"epoch-{int(row['epoch']):03d}.keras"] * keep + [self.best] * is_best
        if ema_weights and names:
            with ema_weights(model):
                self._write(model, row, names)
            names = []
        self._write(model, row, [*names, self.last])
        self.append_history(row)

    def save_recalibrated(self, model: "keras.Model", row: Row, is_best: bool) -> None:
        """Writes `recalibrated.keras`. If it is the best it also becomes `best`, and the former `best` is kept."""
        if is_best:
            link_or_copy(self.best, self.checkpoints / "before_recalibration.keras")
        self._write(model, row, [self.recalibrated] + [self.best] * is_best)

    def _write(self, model: "keras.Model", row: Row, paths: Sequence[Path]) -> None:
        """Writes one file that has all of these paths."""
        with temporary_file(self.last) as work:
            model.save(work)
            with zipfile.ZipFile(work, "a") as archive:
                archive.writestr(ROW_FILE, json.dumps(row))
                for name in INSIDE:
                    if (self.path / name).exists():
                        archive.write(self.path / name, INSIDE_FOLDER + name)
            make_later(work, [self.report, *self.figures.glob("*")])
            for path in paths[:-1]:
                link_or_copy(work, path)
            os.replace(work, paths[-1])


def _cells(row: Row) -> list[object]:
    return [int(value) if key in ("epoch", "stage") else repr(float(value)) for key, value in row.items()]
