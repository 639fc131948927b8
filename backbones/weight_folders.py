"""`--weights` as a folder or an address: weights that were fetched, or a preset of the same network."""

from typing import TYPE_CHECKING

from backbones import IMAGENET, Backbone, Normalisation
from backbones.downloads import local_preset
from backbones.fetched import check_fetched, weights_file
from backbones.preset_files import PresetFiles, read_preset
from log import logger
from settings import SettingError, bad_setting

if TYPE_CHECKING:
    from config import SupervisedConfig

TOLERANCE = 0.5
"""Largest difference of means and deviations, of 0..255, that comes from rounding."""


def resolve_weights(spec: Backbone, settings: "SupervisedConfig") -> str:
    """The absolute path of the fetched file, or of the folder of the preset, which is downloaded first if need be.

    Raises SettingError if a file is damaged, if the folder is no preset, or if its weights were trained with another
    normalisation than this model will have.
    """
    folder = check_fetched(local_preset(settings.weights, "weights"), "weights")
    if file := weights_file(folder):
        return str(file.resolve())
    _check_normalisation(read_preset(folder, "weights"), spec, settings)
    return str(folder)


def _check_normalisation(preset: PresetFiles, spec: Backbone, settings: "SupervisedConfig") -> None:
    """Raises SettingError unless the model normalises as the preset; `--normalise dataset` is the user's own choice."""
    if settings.normalise == "dataset":
        return
    if preset.normalisation is None:
        logger.warning(f"{preset.folder} does not tell how colours are normalised: that of this model is used")
        return
    ours = IMAGENET if settings.normalise == "imagenet" else spec.normalisation
    if _are_equal(ours, preset.normalisation):
        return
    way_out = "use python -m classifiers.preset --preset, which takes over its normalisation"
    if _are_equal(IMAGENET, preset.normalisation):
        way_out = "add --normalise imagenet"
    allowed = (
        f"was trained with other colours (mean {_numbers(preset.normalisation.mean)}, deviation "
        f"{_numbers(preset.normalisation.deviation)}) than this model has (mean {_numbers(ours.mean)}, deviation "
        f"{_numbers(ours.deviation)}, {ours.channels}); {way_out}"
    )
    raise SettingError(bad_setting("weights", settings.weights, allowed))


def _are_equal(one: Normalisation, other: Normalisation) -> bool:
    pairs = zip(one.mean + one.deviation, other.mean + other.deviation, strict=True)
    return one.channels == other.channels and all(abs(a - b) <= TOLERANCE for a, b in pairs)


def _numbers(values: tuple[float, ...]) -> str:
    return " ".join(f"{value:.1f}" for value in values)
