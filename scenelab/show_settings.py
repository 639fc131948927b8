"""`scenelab settings COMMAND`: the values of its settings, and where each comes from."""

import sys
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from command import class_in_config, run
from experiments.modules import config_of, training_modules
from log import logger
from scenelab.commands import EVERYDAY, closest
from scenelab.words import parted
from setting_flags import flag
from setting_types import as_text
from settings import SettingError, Settings, bad_setting, read_settings
from storage.text_table import as_text_table

if TYPE_CHECKING:
    from config import ShowSettingsConfig

CLASSES = {
    "datatransformer": "DataTransformerConfig",
    "predictor": "PredictorConfig",
    "predictor.merge": "MergeConfig",
    "predictor.select": "SelectConfig",
    "predictor.export": "ExportConfig",
    "segmentation.classical": "ClassicalConfig",
    "analysis": "AnalysisConfig",
    "experiments": "ExperimentsConfig",
    "backbones": "BackbonesConfig",
    "benchmarks": "BenchmarksConfig",
    "training.data_service": "DataServiceConfig",
}
"""The classes of the commands that train nothing."""


def main(argv: Sequence[str]) -> None:
    """Runs the command."""
    words, others = parted(argv, class_in_config("ShowSettingsConfig"), [])
    run("scenelab settings", "ShowSettingsConfig", partial(show_settings, others), words)


def show_settings(words: Sequence[str], settings: "ShowSettingsConfig") -> Mapping[str, object]:
    """Shows the table. `words`: flags of the command. Returns what `--json` prints."""
    command = settings.command
    if command is None:
        raise SettingError(bad_setting("command", None, "name a command: scenelab settings predictor"))
    command = EVERYDAY[command].module if command in EVERYDAY else command
    read = read_settings(class_of(command), list(words), f"python -m {command}")
    rows = [
        {"setting": name, "value": getattr(read, name), "from": source.name if source else "default"}
        for name in type(read).model_fields
        if (source := read.source_of(name)) or not settings.given
    ]
    shown = [(flag(str(row["setting"])), _shown(row["value"]), str(row["from"])) for row in rows]
    logger.info(as_text_table([("setting", "value", "from"), *shown]))
    return {"settings": [row | {"value": _shown(row["value"])} for row in rows]}


def class_of(command: str) -> type[Settings]:
    """The class of a command's settings. Raises SettingError for an unknown command."""
    if command in CLASSES:
        return class_in_config(CLASSES[command])
    if command in set(training_modules()):
        return config_of(command)
    raise SettingError(bad_setting("command", command, f"has no settings to show{closest(command)}"))


def _shown(value: object) -> str:
    return "" if value is None else as_text(value)


if __name__ == "__main__":
    main(sys.argv[1:])
