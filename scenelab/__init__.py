"""SceneLab in Python: what its commands do, as functions.

    import scenelab

    data = scenelab.prepare("photos", data="data")
    run = scenelab.train(data, recipe="quick")
    run.predict("new_photo.jpg").label

The names of the settings are those of `config.py`. A keyword wins over an environment variable, that over a settings
file, and that over `config.py`. Messages go to the logger `scenelab`, of which Python shows warnings alone.
"""

import installation  # noqa: F401  it refuses to start where something is in the way
from scenelab.api import load, prepare, train
from scenelab.predictions import CodePrediction, LabelPrediction, LabelsPrediction, MaskPrediction, Prediction, table
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
