"""Class weights where an image may have several labels: how much more an image with a label counts than one without."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.class_weights import weights_from_file

if TYPE_CHECKING:
    import numpy as np

LARGEST_WEIGHT = 20.0
"""Bound of balanced weights. A label that one image in a thousand has would otherwise weigh 999, and its few images
would drown all others."""


def positive_weights(name: str, label_sets: Sequence[Sequence[int]], classes: Sequence[str]) -> "np.ndarray | None":
    """The factor of each class in the loss of images that have it, (classes,) float32; None for `none`.

    `balanced`: images without the label / images with it, at most LARGEST_WEIGHT and at least its inverse. Any other
    name is a CSV file of `name,weight`. Raises SettingError if the file does not have a weight for each class.
    """
    if name == "none":
        return None
    if name != "balanced":
        return weights_from_file(Path(name).expanduser(), classes, "none, balanced, or a CSV file of name,weight")
    import numpy as np

    labels = np.array([label for labels in label_sets for label in labels], np.int64)
    having = np.bincount(labels, minlength=len(classes))
    ratio = (len(label_sets) - having) / np.maximum(having, 1)
    return np.clip(ratio, 1 / LARGEST_WEIGHT, LARGEST_WEIGHT).astype(np.float32)
