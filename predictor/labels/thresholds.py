"""The thresholds of a run whose images may have several labels: RUN/thresholds.csv, chosen on the validation images."""

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import Field

from log import logger
from predictor.labels.label_scores import (
    DEFAULT_THRESHOLD,
    FEWEST_IMAGES,
    best_thresholds,
    class_scores,
)
from settings import WorkError
from storage.records import TableRow, damaged, read_rows
from storage.tables import class_cell, original, write_table
from training.run_folder import RunFolder

HEADER = ("name", "threshold", "f1", "f1_at_0.5", "images", "epoch", "note")

TOO_FEW = f"{DEFAULT_THRESHOLD:g}, because fewer than {FEWEST_IMAGES} validation images have the label or lack it"


MAKE_AGAIN = "Correct it; or remove it, and python -m analysis makes it again."


class ThresholdRow(TableRow):
    """A row of `thresholds.csv`."""

    name: str
    threshold: Annotated[float, Field(ge=0, le=1)]
    epoch: int | None = None


def write_thresholds(run: RunFolder, truth: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """Chooses the threshold of each class by its F1, and writes them with it. Returns them, (classes,).

    Arguments:
        truth: bool (images, classes), of the validation images.
        probabilities: (images, classes), of the best checkpoint.
    """
    chosen = best_thresholds(truth, probabilities)
    thresholds = np.array([float(f"{value:.6g}") for value in filled(chosen)])
    f1 = class_scores(truth, probabilities, thresholds).f1
    f1_before = class_scores(truth, probabilities, np.full(len(chosen), DEFAULT_THRESHOLD)).f1
    images, epoch = truth.sum(axis=0), int(run.best_row()["epoch"])
    rows = [
        (class_cell(name), f"{thresholds[label]:.6g}", f"{f1[label]:.4f}", f"{f1_before[label]:.4f}", images[label],
         epoch, TOO_FEW if chosen[label] is None else "")
        for label, name in enumerate(run.classes())
    ]  # fmt: skip
    write_table(run.thresholds, HEADER, rows)
    return thresholds


def filled(chosen: Sequence[float | None]) -> np.ndarray:
    """The thresholds, with the default where none was chosen."""
    return np.array([DEFAULT_THRESHOLD if value is None else value for value in chosen])


def read_thresholds(run: RunFolder) -> np.ndarray:
    """The thresholds of the run's classes, (classes,). Without a table for its best checkpoint they are all 0.5.

    Raises WorkError if the table does not have a threshold of 0..1 for each class.
    """
    classes = run.classes()
    thresholds = _read(run.thresholds, classes) if run.thresholds.exists() else None
    if thresholds is not None and _is_current(run):
        return thresholds
    state = "are not chosen yet" if thresholds is None else "are of an earlier checkpoint"
    remedy = f"Finish its training, or python -m analysis {shlex.quote(str(run.path))}, to choose them."
    logger.warning(f"The thresholds of {run.path} {state}: {DEFAULT_THRESHOLD:g} is used. {remedy}")
    return np.full(len(classes), DEFAULT_THRESHOLD)


def write_thresholds_of(run: RunFolder, path: Path) -> None:
    """Writes the thresholds that the predictor would use, for programs that do without this one."""
    rows = zip(map(class_cell, run.classes()), read_thresholds(run).tolist(), strict=True)
    write_table(path, HEADER[:2], rows)


def _is_current(run: RunFolder) -> bool:
    epochs = {row.epoch for row in read_rows(run.thresholds, ThresholdRow, MAKE_AGAIN, ("epoch",))}
    if len(epochs) > 1:
        raise damaged(run.thresholds, "its rows have different epochs", MAKE_AGAIN)
    return epochs == {int(run.best_row()["epoch"])}


def _read(path: Path, classes: Sequence[str]) -> np.ndarray:
    rows = read_rows(path, ThresholdRow, MAKE_AGAIN)
    given = {original(row.name): row.threshold for row in rows}
    wrong = [name for name in classes if name not in given]
    if wrong:
        raise WorkError(f"{path} has no threshold of 0 to 1 for {wrong[0]}. Correct it, or remove it.")
    if len(given) < len(rows):
        raise WorkError(f"{path} has two thresholds for a class. Correct it, or remove it.")
    return np.array([given[name] for name in classes])
