"""`scenelab check FOLDER`: how a folder of images is read, and what is wrong in it, without keeping anything."""

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from command import class_in_config, run
from log import logger, messages_without
from passed_words import config_words
from scenelab.train_folder import make_data_folder
from settings import SettingError, Settings, WorkError, bad_setting

if TYPE_CHECKING:
    from config import CheckFolderConfig

MOST_SHOWN = 20
"""Rejected files that are shown; the JSON has all."""


def check_folder(words: Sequence[str], settings: "CheckFolderConfig") -> Mapping[str, object]:
    """Reads every image as for a data folder, which is removed again. Returns what `--json` prints."""
    from datatransformer.layout import REJECTED
    from storage.tables import read_table

    if settings.folder is None:
        raise SettingError(bad_setting("folder", None, "name the folder with your images: scenelab check photos/"))
    if any(word.partition("=")[0] == "--data" for word in words):
        raise SettingError("--data: scenelab check keeps no data folder; leave it out, or use scenelab train")
    with tempfile.TemporaryDirectory() as scratch, messages_without(scratch):
        data = Path(scratch) / "data"
        link = [] if any(word.startswith("--link") for word in words) else ["--link", "symlink"]
        try:
            result = make_data_folder(settings.folder, data, [*config_words(settings), *link, *words])
        except (SettingError, WorkError) as error:  # without what is said about files that are gone at once
            lines = [line for line in str(error).splitlines() if scratch not in line]
            raise type(error)(*(lines or ["no data folder can be made of these images"])) from error
        rejected = [(row["source"], row["reason"]) for row in read_table(data / REJECTED)]
    counts = f"{result['training_images']} for training, {result['validation_images']} for validation"
    counts += f", {result['test_images']} for testing" if result["test_images"] else ""
    logger.info(f"{result['images']} images of {result['classes']} classes can be used: {counts}")
    for source, reason in rejected[:MOST_SHOWN]:
        logger.warning(f"{source}: {reason}")
    if len(rejected) > MOST_SHOWN:
        logger.warning(f"... and {len(rejected) - MOST_SHOWN} more; --json lists all")
    kept = {name: value for name, value in result.items() if name != "output"}
    return kept | {"rejected_files": [{"file": source, "reason": reason} for source, reason in rejected]}


def passed_on() -> list[type[Settings]]:
    """The class of the command that gets the other flags."""
    return [class_in_config("DataTransformerConfig")]


if __name__ == "__main__":
    run("scenelab check", "CheckFolderConfig", check_folder, others=passed_on)
