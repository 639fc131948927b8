"""SceneLab in Python: what its commands do, as functions.

    import scenelab

    data = scenelab.prepare("photos", data="data")
    run = scenelab.train(data, recipe="quick")
    run.predict("new_photo.jpg").label

The names of the settings are those of `config.py`. A keyword wins over an environment variable, that over a settings
file, and that over `config.py`. Messages go to the logger `scenelab`, of which Python shows warnings alone.
"""

from importlib import import_module
from typing import TYPE_CHECKING

import installation  # noqa: F401  it refuses to start where something is in the way

if TYPE_CHECKING:
    from scenelab.api import load, prepare, train
    from scenelab.predictions import (
        CodePrediction,
        LabelPrediction,
        LabelsPrediction,
        MaskPrediction,
        Prediction,
        table,
    )
    from scenelab.run import Run
    from settings import SettingError, WorkError

__all__ = [
    "CodePrediction",
    "LabelPrediction",
    "LabelsPrediction",
    "MaskPrediction",
    "Prediction",
    "Run",
    "SettingError",
    "WorkError",
    "load",
    "prepare",
    "table",
    "train",
]

MODULES = ("scenelab.api", "scenelab.predictions", "scenelab.run", "settings")
"""They have these names, and are imported when one is used: the command `scenelab` imports this package too."""


def __getattr__(name: str) -> object:
    if name in __all__:
        for module in map(import_module, MODULES):
            if hasattr(module, name):
                return getattr(module, name)
    raise AttributeError(f"module 'scenelab' has no attribute {name!r}")
