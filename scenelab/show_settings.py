"""`scenelab settings COMMAND`: the values of its settings, and where each comes from."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from command import class_in_config, run
from experiments.modules import config_of, training_modules
from log import logger
from passed_words import config_words
from scenelab.commands import EVERYDAY, closest
from setting_flags import flag
from setting_types import as_text
from settings import SettingError, Settings, bad_setting, read_settings
from storage.text_table import as_text_table

if TYPE_CHECKING:
    from config import ShowSettingsConfig

CLASSES = {
    "train": "TrainFolderConfig",
    "check": "CheckFolderConfig",
    "runs": "ListRunsConfig",
    "settings": "ShowSettingsConfig",
    "pack": "PackRunConfig",
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


def show_settings(words: Sequence[str], settings: "ShowSettingsConfig") -> Mapping[str, object]:
    """Shows the table. `words`: flags of the command. Returns what `--json` prints."""
    command = settings.command
    if command is None:
        raise SettingError(bad_setting("command", None, "name a command: scenelab settings predictor"))
    read = read_settings(class_of(command), [*config_words(settings), *words], command_of(command))
    rows = [
        {"setting": name, "value": getattr(read, name), "from": source.name if source else "default"}
        for name in type(read).model_fields
        if (source := read.source_of(name)) or not settings.given
    ]
    shown = [(flag(str(row["setting"])), _shown(row["value"]), str(row["from"])) for row in rows]
    logger.info(as_text_table([("setting", "value", "from"), *shown]))
    return {"settings": [row | {"value": _shown(row["value"])} for row in rows]}


def command_of(name: str) -> str:
    """The name by which a settings file knows the command."""
    everyday = EVERYDAY.get(name)
    return name if everyday is None or name in CLASSES else everyday.module


def class_of(command: str) -> type[Settings]:
    """The class of a command's settings. Raises SettingError for an unknown command."""
    name = command_of(command)
    if name in CLASSES:
        return class_in_config(CLASSES[name])
    if name in set(training_modules()):
        return config_of(name)
    raise SettingError(bad_setting("command", command, f"has no settings to show{closest(command)}"))


def _shown(value: object) -> str:
    return "" if value is None else as_text(value)


if __name__ == "__main__":
    run("scenelab settings", "ShowSettingsConfig", show_settings, others=lambda: [])
