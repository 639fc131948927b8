"""The training commands that there are, and what is known of each without TensorFlow."""

import difflib
from pathlib import Path
from pkgutil import resolve_name

from backbones import chosen_backbone
from command import class_in_config
from settings import SettingError, bad_setting
from training.kinds import KINDS, kind_of_module
from training.stages import plan_stages

WITHOUT_RECIPE = {"generation.vae": "VaeConfig"}
"""Commands that are the only ones of their kind, and their classes in `config.py`."""


def task_of(module: str) -> str | None:
    return kind_of_module(module).task


def check(module: str, settings, images: int) -> None:
    """Raises SettingError for what neither the backbone nor so many training images allow."""
    spec = None if module in WITHOUT_RECIPE else chosen_backbone(resolve_name(module).RECIPE.backbone, settings)
    plan_stages(settings, spec, images)


def config_of(module: str) -> type:
    """The class of its settings. Raises SettingError if there is no such training command."""
    if module in WITHOUT_RECIPE:
        return class_in_config(WITHOUT_RECIPE[module])
    known = training_modules()
    if module not in known:
        close = difflib.get_close_matches(module, known, n=1)
        hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(known)}"
        raise SettingError(bad_setting("module", module, f"is no training command ({hint})"))
    return class_in_config(resolve_name(module).RECIPE.config)


def training_modules() -> list[str]:
    """Their names. Files are only looked at: to import one that is none of them may bring TensorFlow along."""
    rooms = [kind.room for kind in KINDS.values()]
    files = [file for room in rooms for file in sorted(Path(resolve_name(room).__path__[0]).glob("*.py"))]
    with_recipe = (file for file in files if "\nRECIPE = " in file.read_text(encoding="utf-8"))
    return [f"{file.parent.name}.{file.stem}" for file in with_recipe] + list(WITHOUT_RECIPE)
