"""How much each class counts in the loss."""

from collections.abc import Sequence

import numpy as np
from sklearn.utils.class_weight import compute_class_weight


def class_weights(name: str, labels: Sequence[int]) -> dict[int, float] | None:
    """`balanced`: images / (classes * images of the class), so that each class counts the same. None for `none`."""
    if name == "none":
        return None
    classes = np.unique(labels)
    weights = compute_class_weight(name, classes=classes, y=np.asarray(labels))
    return {int(index): float(weight) for index, weight in zip(classes, weights, strict=True)}
