"""How far an exported model is from the run that it was made of."""

from typing import NamedTuple

import numpy as np

LIMIT = 1e-3
"""The largest difference that passes, as a share of the largest logit. Of a network with unpooling it is the mean that
counts: where two values of a window are all but equal, rounding decides where the larger goes on the way up."""

OTHER_ANSWERS = 5e-3
"""The largest share of pixels, of a network with unpooling, that may get another class."""


class Difference(NamedTuple):
    """Between logits: the largest, that and the mean against the largest logit, and the share of other answers."""

    largest: float
    relative: float
    mean: float
    others: float

    def passes(self, unpools: bool) -> bool:
        """Also NaN does not."""
        if unpools:
            return self.mean <= LIMIT and self.others <= OTHER_ANSWERS
        return self.relative <= LIMIT


def compare(found: np.ndarray, expected: np.ndarray) -> Difference:
    """Logits of one shape, classes last."""
    differences, top = np.abs(found - expected), max(float(np.abs(expected).max()), np.finfo(np.float32).tiny)
    largest, mean = float(differences.max()), float(differences.mean())
    return Difference(largest, largest / top, mean / top, float((found.argmax(-1) != expected.argmax(-1)).mean()))


def unpools(model) -> bool:
    """Whether a model of Keras puts values back to where a pooling found its maxima."""
    from layers.pooling import MaxUnpool2D

    parts = [layer.layers if hasattr(layer, "layers") else [layer] for layer in model.layers]
    return any(isinstance(layer, MaxUnpool2D) for part in parts for layer in part)
