"""A checkpoint: a file of Keras with the row of history of its epoch inside."""

import zipfile
from pathlib import Path

from settings import WorkError
from storage.archives import ARCHIVE_ERRORS, read_member
from storage.json_text import parse_json

ROW_FILE = "scenelab.json"
"""A file within each checkpoint, which is a zip archive: the row of history of its epoch. Both are written at once."""

INSIDE = ("config.json", "classes.csv", "pixel_range.json", "thresholds.csv")
"""Files of the run folder that each checkpoint holds too, as far as the run has them, so that it can predict alone."""

MAX_ROW = 2**20
"""Bytes of that row, at most."""

INSIDE_FOLDER = "run/"

Row = dict[str, float]
"""One epoch of the history, by column."""


def checkpoint_row(checkpoint: Path) -> Row | None:
    """The row of history within a checkpoint; None if the file does not exist. Raises WorkError if it is damaged."""
    if not checkpoint.exists():
        return None
    try:
        with zipfile.ZipFile(checkpoint) as archive:
            return _as_row(parse_json(read_member(archive, ROW_FILE, MAX_ROW), nan=True))
    except ARCHIVE_ERRORS as error:
        advice = "Remove it to resume from the other checkpoint, or start again with --resume never"
        raise WorkError(f"{checkpoint} is damaged ({error}). {advice}.") from error


def _as_row(content: object) -> Row:
    """Raises ValueError for what is no row of numbers. Floats may be NaN, which `json` writes as a word."""
    if not isinstance(content, dict):
        raise ValueError(f"{ROW_FILE} in it holds no row of history")
    for name, value in content.items():
        if type(value) not in (int, float):
            raise ValueError(f"{name} in {ROW_FILE} is {value!r:.60}, no number")
    if not {"epoch", "stage"} <= content.keys() or content["epoch"] < 1 or content["stage"] < 0:
        raise ValueError(f"{ROW_FILE} in it has no epoch or stage")
    return content
