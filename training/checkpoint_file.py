"""A checkpoint: a file of Keras with the row of history of its epoch inside."""

import json
import zipfile
from pathlib import Path

from settings import WorkError

ROW_FILE = "scenelab.json"
"""A file within each checkpoint, which is a zip archive: the row of history of its epoch. Both are written at once."""

INSIDE = ("config.json", "classes.csv", "pixel_range.json", "thresholds.csv")
"""Files of the run folder that each checkpoint holds too, as far as the run has them, so that it can predict alone."""

INSIDE_FOLDER = "run/"

Row = dict[str, float]
"""One epoch of the history, by column."""


def checkpoint_row(checkpoint: Path) -> Row | None:
    """The row of history within a checkpoint; None if the file does not exist. Raises WorkError if it is damaged."""
    if not checkpoint.exists():
        return None
    try:
        with zipfile.ZipFile(checkpoint) as archive:
            return json.loads(archive.read(ROW_FILE))
    except (zipfile.BadZipFile, KeyError, ValueError, OSError, EOFError, RuntimeError) as error:
        advice = "Remove it to resume from the other checkpoint, or start again with --resume never"
        raise WorkError(f"{checkpoint} is damaged ({error}). {advice}.") from error
