"""The training commands, and how they check their settings without TensorFlow."""

import difflib
from collections.abc import Iterator
from pathlib import Path
from pkgutil import resolve_name
from typing import TYPE_CHECKING, cast

from backbones import chosen_backbone
from command import class_in_config
from datatransformer.layout import is_data_folder
from datatransformer.manifest import task_of
from settings import SettingError, Settings, bad_setting
from training.kinds import KINDS, Kind, kind_of_module
from training.stages import plan_stages

if TYPE_CHECKING:
    from config import SupervisedConfig, TrainingConfig


def kind_of_runs(module: str, data: Path) -> Kind:
    """The kind of run that the command makes of this data folder. A folder that is no data folder is refused later."""
    return kind_of_module(module, task_of(data) if is_data_folder(data) else None)


def check(module: str, settings: "TrainingConfig", images: int) -> None:
    """Raises SettingError for settings that do not suit the backbone or this number of training images."""
    backbone = resolve_name(module).RECIPE.backbone
    spec = chosen_backbone(backbone, cast("SupervisedConfig", settings)) if backbone else None
    plan_stages(settings, spec, images)


def config_of(module: str) -> type[Settings]:
    """The class of its settings. Raises SettingError if there is no such training command."""
    known = list(training_modules())
    if module not in known:
        close = difflib.get_close_matches(module, known, n=1)
        hint = f"did you mean {close[0]}?" if close else f"choose one of {', '.join(known)}"
        raise SettingError(bad_setting("module", module, f"is not a training command ({hint})"))
    return class_in_config(resolve_name(module).RECIPE.config)


def training_modules() -> Iterator[str]:
    """Names of the modules that define a RECIPE. Files are read, because importing the others may import TensorFlow."""
    for package in dict.fromkeys(kind.package for kind in KINDS.values()):
        for file in sorted(Path(resolve_name(package).__path__[0]).glob("*.py")):
            if "\nRECIPE = " in file.read_text(encoding="utf-8"):
                yield f"{file.parent.name}.{file.stem}"
