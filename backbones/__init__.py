"""A row a backbone: which network, the pictures it was made for, how it wants them. One module a row.

Rows are read before TensorFlow is imported, so a row names its network and imports nothing.
"""

import importlib
import pkgutil
from dataclasses import dataclass

from settings import SettingError, fault


@dataclass(frozen=True)
class Backbone:
    """What a classifier or an encoder needs to know to stand on a network.

    Attributes:
        network: `module:function` with the arguments of those of keras.applications: `input_shape` (height, width, 3),
            `include_top` and `weights`. Its output is the last feature map (batch, height, width, channels).
        image_size: height and width in pixels that its weights were trained on.
        smallest: the least height and width that it takes.
        scale, offset: bring RGB of 0..255 to the values that its weights were trained with.
        imagenet: whether there are weights trained on ImageNet.
        rebuild: `module:function` that makes the backbone from the network, if it is a variant of it.
    """

    network: str
    image_size: int
    smallest: int = 32
    scale: float = 1 / 127.5
    offset: float = -1.0
    imagenet: bool = True
    rebuild: str | None = None


def backbone(name: str) -> Backbone:
    """The row of that name. Raises SettingError with the names there are."""
    names = [module.name for module in pkgutil.iter_modules(__path__) if not module.name.startswith("_")]
    if name not in names:
        raise SettingError(fault("backbone", name, f"should be one of {', '.join(sorted(names))}"))
    return importlib.import_module(f"backbones.{name}").BACKBONE
