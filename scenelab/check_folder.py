"""`scenelab check FOLDER`: how a folder of images is read, and what is wrong in it, without keeping anything."""

import sys
import tempfile
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from command import class_in_config, run
from log import logger
from scenelab.train_folder import make_data_folder
from scenelab.words import parted
from settings import SettingError, bad_setting

if TYPE_CHECKING:
    from config import CheckFolderConfig

MOST_SHOWN = 20
"""Rejected files that are shown; the JSON has all."""


def main(argv: Sequence[str]) -> None:
    """Runs the command."""
    own = class_in_config("CheckFolderConfig")
    words, others = parted(argv, own, [class_in_config("DataTransformerConfig")])
    run("scenelab check", "CheckFolderConfig", partial(check_folder, others), words)


def check_folder(words: Sequence[str], settings: "CheckFolderConfig") -> Mapping[str, object]:
    """Reads every image as for a data folder, which is removed again. Returns what `--json` prints."""
    from datatransformer.layout import REJECTED
    from storage.tables import read_table

    if settings.folder is None:
        raise SettingError(bad_setting("folder", None, "name the folder with your images: scenelab check photos/"))
    with tempfile.TemporaryDirectory() as scratch:
        data = Path(scratch) / "data"
        link = [] if any(word.startswith("--link") for word in words) else ["--link", "symlink"]
        result = make_data_folder(settings.folder, data, [*link, *words])
        rejected = [(row["source"], row["reason"]) for row in read_table(data / REJECTED)]
    for source, reason in rejected[:MOST_SHOWN]:
        logger.warning(f"{source}: {reason}")
    if len(rejected) > MOST_SHOWN:
        logger.warning(f"... and {len(rejected) - MOST_SHOWN} more; --json lists all")
    kept = {name: value for name, value in result.items() if name != "output"}
    return kept | {"rejected_files": [{"file": source, "reason": reason} for source, reason in rejected]}


if __name__ == "__main__":
    main(sys.argv[1:])
