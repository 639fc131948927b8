"""The progress of a run, read from its folder without TensorFlow: epochs done, and the checkpoint to resume from."""

import math
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from log import logger
from setting_flags import command_words
from setting_types import as_text
from settings import SettingError, WorkError, bad_setting
from training.checkpoint_file import Row, checkpoint_row
from training.kinds import DEFAULT_SCORE, Kind
from training.run_folder import RunFolder

FIXED_AFTER_START = (
    "image_size", "normalise", "weights", "norm_statistics", "freeze", "unfreeze_schedule", "layer_decay",
    "backbone_rate", "optimizer", "weight_decay", "clip_norm", "ema", "mixed_precision", "dropout", "backbone",
    "preset", "decoder_filters", "loss", "label_smoothing", "stem", "variant", "depth", "norm", "cut", "skip",
    "latent_size", "filters", "beta", "colours", "seed",
)  # fmt: skip
"""Settings that cannot change in a resumed run: its checkpoints contain them."""


@dataclass(frozen=True)
class Progress:
    """The progress of a run.

    Attributes:
        rows: the rows of history that count, one per epoch.
        checkpoint: the checkpoint to resume from; None for a new run.
        best: the best score so far.
    """

    rows: list[Row]
    checkpoint: Path | None
    best: float

    @property
    def epochs_done(self) -> int:
        return len(self.rows)


NO_PROGRESS = Progress([], None, -math.inf)


def read_progress(run: RunFolder, kind: Kind, resume: str) -> Progress:
    """Makes history and checkpoints consistent, whenever the run was killed. Raises WorkError if the run is damaged.

    Each checkpoint contains its row of history. If the run was killed between writing the two, the row is appended
    now. To resume from `last` exactly, the rows of later epochs are removed; training repeats them with equal results.
    """
    rows = run.history()
    best, last = checkpoint_row(run.best), checkpoint_row(run.last)
    if resume == "last" and best and not last and not rows and run.config()["settings"].get("ema"):
        return NO_PROGRESS  # killed between the two: the best has averages, with which training cannot go on
    for row in filter(None, (best, last)):
        if int(row["epoch"]) == len(rows) + 1:
            rows.append(row)
    newest = max((int(row["epoch"]) for row in (best, last) if row), default=0)
    if newest > len(rows) or (rows and not newest):
        found = f"{len(rows)} epochs in {run.history_file.name}, but checkpoints up to epoch {newest}"
        advice = "Restore the missing files, or start again with --resume never"
        raise WorkError(f"{run.path} is incomplete: {found}. {advice}.")
    wanted, other = (run.last, run.best) if resume == "last" else (run.best, run.last)
    checkpoint = wanted if wanted.exists() else other
    if rows and checkpoint == other:
        logger.warning(f"{wanted} is missing; resuming from {other.name} instead")
    if resume == "last":
        rows = rows[: int((last or best or {"epoch": 0})["epoch"])]
    if rows != run.history():
        run.write_history(rows)
    return Progress(rows, checkpoint if rows else None, kind.score(best) if best else -math.inf)


def _as_flags(name: str, value: object) -> str:
    """What to do to resume with this value, if a flag can say it."""
    if value is None or value in ([], ""):
        return ""
    text = as_text(tuple(value) if isinstance(value, list) else value)
    return f"give {shlex.join(command_words({name: text}))} to resume it, "


def check_same_model(run: RunFolder, kind: Kind, settings: Mapping[str, object], classes: tuple[str, ...]) -> None:
    """Raises SettingError if the run was started with settings that make another model, or with other classes."""
    before = {"score": DEFAULT_SCORE} | run.config()["settings"]
    advice = "use another --name, or --resume never to start this run again"
    errors = [
        bad_setting(
            key, settings[key], f"this run was started with {before[key]!r}; {_as_flags(key, before[key])}{advice}"
        )
        for key in (*FIXED_AFTER_START, *kind.fixed_settings)
        if key in settings and key in before and settings[key] != before[key]
    ]
    if run.classes() != classes:
        allowed = f"has other classes than {run.path} was started with; {advice}"
        errors.append(bad_setting("data", settings["data"], allowed))
    if errors:
        raise SettingError(*errors)
