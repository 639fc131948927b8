"""Compares the outputs of an exported model with those of the run."""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    import keras

MAX_DIFFERENCE = 1e-3
"""Largest difference that passes, relative to the largest logit. For a network with unpooling it limits the mean: where
two values of a pooling window are almost equal, rounding decides which position unpooling restores."""

MAX_OTHER_ANSWERS = 5e-3
"""For a network with unpooling: largest share of pixels whose predicted class may differ."""


class Difference(NamedTuple):
    """The difference of two arrays of logits.

    Attributes:
        largest: of all absolute differences.
        relative, mean: the largest and the mean difference, relative to the largest absolute logit of the run.
        other_answers: share of images or pixels whose largest logit is another one.
    """

    largest: float
    relative: float
    mean: float
    other_answers: float

    def passes(self, has_unpooling: bool) -> bool:
        """Whether the difference is small enough. NaN never is."""
        if has_unpooling:
            return self.mean <= MAX_DIFFERENCE and self.other_answers <= MAX_OTHER_ANSWERS
        return self.relative <= MAX_DIFFERENCE


def measure_difference(exported: np.ndarray, expected: np.ndarray) -> Difference:
    """Compares logits of the same shape, with the classes on the last axis."""
    differences = np.abs(exported - expected)
    scale = max(float(np.abs(expected).max()), float(np.finfo(np.float32).tiny))
    largest, mean = float(differences.max()), float(differences.mean())
    other_answers = float((exported.argmax(-1) != expected.argmax(-1)).mean())
    return Difference(largest, largest / scale, mean / scale, other_answers)


def has_unpooling(model: "keras.Model") -> bool:
    """Whether the model has layers that put values back to the positions of a pooling's maxima."""
    from layers.pooling import MaxUnpool2D

    groups = [layer.layers if hasattr(layer, "layers") else [layer] for layer in model.layers]
    return any(isinstance(layer, MaxUnpool2D) for group in groups for layer in group)
