"""A classifier on any image backbone of KerasHub, such as ViT, DINOv2, SigLIP or Swin: `--preset`."""

from typing import TYPE_CHECKING

from backbones import is_preset
from classifiers.recipe import Recipe, main
from settings import SettingError, bad_setting

if TYPE_CHECKING:
    from config import PresetConfig

WANTED = "give a folder of KerasHub, timm or transformers, hf://OWNER/NAME, or kaggle://OWNER/MODEL/keras/VARIANT"


def chosen_preset(settings: "PresetConfig") -> str:
    """The preset of the settings. Raises SettingError if there is none."""
    if settings.preset is None or not is_preset(settings.preset):
        raise SettingError(bad_setting("preset", settings.preset, WANTED))
    return settings.preset


RECIPE = Recipe("preset", backbone=chosen_preset, config="PresetConfig")

if __name__ == "__main__":
    main(RECIPE)
