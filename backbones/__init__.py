"""The specs of all backbones: network, image size and normalisation of each.

Each module has the specs of one family in `BACKBONES`. Specs are read before TensorFlow is imported, so a spec names
its network and does not import it.
"""

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from pkgutil import resolve_name
from typing import TYPE_CHECKING, NamedTuple

import installation  # noqa: F401  it refuses to start where something is in the way
from backbones.packages import WeightsPackage
from settings import SettingError, bad_setting

if TYPE_CHECKING:
    from config import SupervisedConfig

Colour = tuple[float, float, float]


class Normalisation(NamedTuple):
    """RGB of 0..255 -> (value - mean) / deviation, in the order `channels`. Mean and deviation are RGB."""

    mean: Colour
    deviation: Colour
    channels: str = "RGB"


AROUND_ZERO = Normalisation((127.5, 127.5, 127.5), (127.5, 127.5, 127.5))
"""-1..1, as in the Inception and MobileNet families."""

IMAGENET = Normalisation((123.675, 116.28, 103.53), (58.395, 57.12, 57.375))
"""Mean and deviation of ImageNet's training set, as in the networks of PyTorch."""

CAFFE = Normalisation((123.68, 116.779, 103.939), (1.0, 1.0, 1.0), "BGR")
"""The mean of ImageNet is subtracted, and blue comes first: for networks that were trained in Caffe."""

CIFAR10 = Normalisation((125.307, 122.961, 113.8575), (62.9932, 62.0887, 66.7048))
"""Mean and deviation of CIFAR-10's training set."""


WITHOUT_SPECS = (
    "__main__", "build", "downloads", "fetched", "packages", "preset", "preset_files", "torch_file", "unpooling",
    "weight_folders",
)  # fmt: skip
"""Modules of this package without `BACKBONES`. They may import TensorFlow."""


@dataclass(frozen=True)
class Backbone:
    """The spec of a backbone.

    Attributes:
        network: `module:function` with the arguments of keras.applications: `input_shape` (height, width, 3),
            `include_top` and `weights`. Its output is the last feature map (batch, height, width, channels).
        image_size: height and width in pixels of the images that its weights were trained on.
        layers: the number of its layers, as `--freeze` counts them.
        normalisation: the normalisation that its weights were trained with.
        arguments: further arguments of the network, which select a member of its family.
        smallest: the smallest height and width of an image.
        imagenet: whether ImageNet weights are available.
        cut: the last layer of the backbone, if that is not the last layer of the network.
        rebuild: `module:function` that makes the backbone from the network, if it is a variant of it.
        package: the pip package that ships the ImageNet weights; None if Keras downloads them.
        check: `module:function` from the spec and the settings, which raises SettingError for settings that it does not
            allow.
        pyramid: `module:function` from the network to its feature maps; None if the layers of each size show them.
    """

    network: str
    image_size: int
    layers: int
    normalisation: Normalisation = AROUND_ZERO
    arguments: Mapping[str, object] = field(default_factory=dict)
    smallest: int = 32
    imagenet: bool = True
    cut: str | None = None
    rebuild: str | None = None
    package: WeightsPackage | None = None
    check: str | None = None
    pyramid: str | None = None

    @property
    def is_variant(self) -> bool:
        """Whether its layers differ from those in weight files of its network."""
        return bool(self.cut or self.rebuild)


def backbones() -> dict[str, Backbone]:
    """The specs of all backbones, by name."""
    names = (module.name for module in pkgutil.iter_modules(__path__) if module.name not in WITHOUT_SPECS)
    modules = (importlib.import_module(f"backbones.{name}") for name in names)
    return {name: spec for module in modules for name, spec in module.BACKBONES.items()}


def chosen_backbone(choice: str | Callable[..., str], settings: "SupervisedConfig") -> Backbone:
    """The spec of this name, or of the name that the function `choice` returns for the settings.

    Raises SettingError if there is no such backbone, or if the settings do not suit it.
    """
    field = "preset" if "preset" in type(settings).model_fields else "backbone"
    spec = backbone(choice if isinstance(choice, str) else choice(settings), field)
    if spec.check:
        resolve_name(spec.check)(spec, settings)
    return spec


def backbone(name: str, field: str = "backbone") -> Backbone:
    """The spec of this name, or of a preset: a folder, or an address such as hf://OWNER/NAME.

    `field` is the setting that names it. Raises SettingError with the known names.
    """
    specs = backbones()
    if name in specs:
        return specs[name]
    if is_preset(name):
        return resolve_name("backbones.preset:spec_of_preset")(name, field)
    allowed = f"should be one of {', '.join(sorted(specs))}, or a preset of KerasHub: a folder, hf:// or kaggle://"
    raise SettingError(bad_setting(field, name, allowed))


def is_preset(name: str) -> bool:
    """Whether this names a preset of KerasHub, timm or transformers: an address, or a folder."""
    return "://" in name or Path(name).expanduser().is_dir()
