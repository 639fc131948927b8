"""A spec a backbone: which network, the pictures it was made for, how it wants them.

A module here holds `BACKBONES`, the specs of one family. Specs are read before TensorFlow is imported, so a spec names
its network and imports nothing.
"""

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from settings import SettingError, bad_setting

Colour = tuple[float, float, float]


class Normalisation(NamedTuple):
    """What RGB of 0..255 becomes: (value - mean) / deviation, in the order `channels`. Mean and deviation are RGB."""

    mean: Colour
    deviation: Colour
    channels: str = "RGB"


AROUND_ZERO = Normalisation((127.5, 127.5, 127.5), (127.5, 127.5, 127.5))
"""-1..1, the way of the Inception and MobileNet families."""

IMAGENET = Normalisation((123.675, 116.28, 103.53), (58.395, 57.12, 57.375))
"""Mean and deviation of ImageNet's training set, as PyTorch's networks and their heirs have it."""

CAFFE = Normalisation((123.68, 116.779, 103.939), (1.0, 1.0, 1.0), "BGR")
"""The mean of ImageNet taken away and no more, blue first: networks that were trained in Caffe."""

CIFAR10 = Normalisation((125.307, 122.961, 113.8575), (62.9932, 62.0887, 66.7048))
"""Mean and deviation of CIFAR-10's training set."""


SHARED = ("build", "unpooling")
"""Modules of this package that describe no backbone. They import TensorFlow."""


@dataclass(frozen=True)
class Backbone:
    """What a classifier or an encoder needs to know to stand on a network.

    Attributes:
        network: `module:function` with the arguments of those of keras.applications: `input_shape` (height, width, 3),
            `include_top` and `weights`. Its output is the last feature map (batch, height, width, channels).
        image_size: height and width in pixels that its weights were trained on.
        layers: how many it has, as `--freeze` counts them.
        normalisation: brings RGB of 0..255 to the values that its weights were trained with.
        arguments: more arguments of the network, those that make it this member of its family.
        smallest: the least height and width that it takes.
        imagenet: whether there are weights trained on ImageNet.
        cut: the layer of the network at which the backbone ends, if that is not the last.
        rebuild: `module:function` that makes the backbone from the network, if it is a variant of it.
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

    @property
    def is_variant(self) -> bool:
        """Whether files of its network's weights are of another graph."""
        return bool(self.cut or self.rebuild)


def backbones() -> dict[str, Backbone]:
    """All specs by name."""
    names = (module.name for module in pkgutil.iter_modules(__path__) if module.name not in SHARED)
    modules = (importlib.import_module(f"backbones.{name}") for name in names)
    return {name: spec for module in modules for name, spec in module.BACKBONES.items()}


def chosen_backbone(choice: str | Callable[..., str], settings) -> Backbone:
    """The spec of that name, or of the one that `choice` makes of the settings."""
    return backbone(choice if isinstance(choice, str) else choice(settings))


def backbone(name: str) -> Backbone:
    """The spec of that name. Raises SettingError with the names there are."""
    specs = backbones()
    if name not in specs:
        raise SettingError(bad_setting("backbone", name, f"should be one of {', '.join(sorted(specs))}"))
    return specs[name]
