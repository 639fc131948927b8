"""Where a run stands, read from its folder without TensorFlow: what is done, what to go on from."""

import math
from dataclasses import dataclass
from pathlib import Path

from settings import SettingError, WorkError, bad_setting
from training.kinds import Kind
from training.run_folder import Row, RunFolder, checkpoint_row

FIXED_AFTER_START = (
    "data", "image_size", "normalise", "weights", "freeze", "unfreeze_schedule", "layer_decay", "backbone_rate",
    "optimizer", "weight_decay", "clip_norm", "ema", "mixed_precision", "dropout", "backbone", "decoder_filters",
    "loss", "label_smoothing", "stem", "variant", "depth", "norm", "cut", "skip", "latent_size", "filters", "beta",
    "colours", "seed",
)  # fmt: skip
"""Settings that cannot change between two sessions of one run: a checkpoint has them in it."""


@dataclass(frozen=True)
class Progress:
    """`rows` of history that count, the checkpoint to go on from (None: from the start), the best score so far."""

    rows: list[Row]
    checkpoint: Path | None
    best: float

    @property
    def epochs_done(self) -> int:
        return len(self.rows)


NOTHING_DONE = Progress([], None, -math.inf)


def read_progress(run: RunFolder, kind: Kind, resume: str) -> Progress:
    """Brings history and checkpoints to one state, whenever the run was killed. Raises WorkError on a damaged one.

    A checkpoint carries its row of history. If the kill came between the two, the row is appended now. To go on
    from `last` exactly, rows of later epochs are dropped; they will be the same again.
    """
    rows = run.history()
    best, last = checkpoint_row(run.best), checkpoint_row(run.last)
    for row in filter(None, (best, last)):
        if int(row["epoch"]) == len(rows) + 1:
            rows.append(row)
    newest = max((int(row["epoch"]) for row in (best, last) if row), default=0)
    if newest > len(rows) or (rows and not newest):
        there = f"{len(rows)} epochs in {run.history_file.name}, checkpoints up to epoch {newest}"
        raise WorkError(f"{run.path} is not whole: {there}. Put back what is gone, or begin anew with --resume never.")
    wanted, other = (run.last, run.best) if resume == "last" else (run.best, run.last)
    checkpoint = wanted if wanted.exists() else other
    if rows and checkpoint == other:
        print(f"{wanted} is gone; going on from {other.name} instead")
    if resume == "last":
        rows = rows[: int((last or best or {"epoch": 0})["epoch"])]
    if rows != run.history():
        run.write_history(rows)
    return Progress(rows, checkpoint if rows else None, kind.score(best) if best else -math.inf)


def check_same_model(run: RunFolder, settings: dict, classes: tuple[str, ...]) -> None:
    """Raises SettingError if the run was begun with settings that make another model or other classes."""
    before = run.config()["settings"]
    advice = "to train that use another --name, or --resume never to begin this run anew"
    errors = [
        bad_setting(key, settings[key], f"this run was begun with {before[key]!r}; {advice}")
        for key in FIXED_AFTER_START
        if key in settings and key in before and settings[key] != before[key]
    ]
    if run.classes() != classes:
        errors.append(
            bad_setting(
                "data", settings["data"], f"has other classes than those that run {run.path} was begun with; {advice}"
            )
        )
    if errors:
        raise SettingError(*errors)
