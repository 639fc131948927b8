"""Losses of segmentation: cross-entropy, focal loss, Dice, Jaccard, or a sum of them.

Targets are class indices (batch, height, width), 255 for void; predictions are logits (batch, height, width, classes).
"""

from collections.abc import Sequence
from typing import Any

import keras

from layers.tensor import Tensor

VOID = 255


def cross_entropy(entropy: Tensor) -> Tensor:
    return entropy


def focal(entropy: Tensor) -> Tensor:
    """Lin et al. 2017, https://arxiv.org/abs/1708.02002, equation 4, with gamma 2; alpha is the class weights."""
    return keras.ops.square(keras.ops.expm1(-entropy)) * entropy


def dice(intersection: Tensor, areas: Tensor) -> Tensor:
    """Milletari et al. 2016, https://arxiv.org/abs/1606.04797, with areas that are not squared."""
    return 2 * intersection / areas


def jaccard(intersection: Tensor, areas: Tensor) -> Tensor:
    """Rahman & Wang 2016, https://doi.org/10.1007/978-3-319-50835-1_22: intersection over union."""
    return intersection / (areas - intersection)


PIXEL_TERMS = {"ce": cross_entropy, "focal": focal}
"""Losses as functions of the cross-entropy of each pixel."""

OVERLAP_TERMS = {"dice": dice, "jaccard": jaccard}
"""Scores as functions of the intersection of target and prediction, and of the sum of both areas."""


@keras.saving.register_keras_serializable("scenelab")
class SegmentationLoss(keras.losses.Loss):
    """The sum of `terms`. Void pixels are excluded; a batch of void pixels alone has a loss and gradient of 0.

    `ce` and `focal` are summed over the pixels of the batch, each times the weight of its class, and divided by the
    number of pixels that are not void, as in SegNet's Caffe: not by the sum of the weights. `dice` and `jaccard` are
    1 - the mean of the score over the classes in the batch's targets, with areas summed over the batch; class weights
    do not apply to them. With a MirroredStrategy "the batch" is the share of one device.

    Arguments:
        terms: one or more of `ce`, `dice`, `jaccard`, `focal`.
        class_weights: a weight for each class, or None for 1 each.
    """

    def __init__(
        self, terms: Sequence[str] = ("ce",), class_weights: Sequence[float] | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        known = [*PIXEL_TERMS, *OVERLAP_TERMS]
        if not terms or not set(terms) <= set(known):
            raise ValueError(f"terms are one or more of {', '.join(known)}. Received: terms={terms}")
        self.terms = list(terms)
        self.class_weights = None if class_weights is None else [float(weight) for weight in class_weights]

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """A summand for each image, (batch,) float32. The loss is their mean; a single summand has no meaning.

        A scalar would be wrong on several devices: Keras divides a loss by their number only if it is not a scalar.
        """
        logits = keras.ops.cast(y_pred, "float32")
        counted = keras.ops.cast(keras.ops.not_equal(y_true, VOID), "float32")
        ids = keras.ops.where(counted > 0, keras.ops.cast(y_true, "int32"), 0)
        images = keras.ops.cast(keras.ops.shape(logits)[0], "float32")
        losses = keras.ops.zeros_like(counted[:, 0, 0])
        if not PIXEL_TERMS.keys().isdisjoint(self.terms):
            entropy = keras.ops.sparse_categorical_crossentropy(ids, logits, from_logits=True)
            weights = counted * self._weights(ids, logits.shape[-1])
            pixels = sum(PIXEL_TERMS[term](entropy) for term in self.terms if term in PIXEL_TERMS)
            losses += keras.ops.sum(pixels * weights, axis=(1, 2)) * images / at_least_one(keras.ops.sum(counted))
        if not OVERLAP_TERMS.keys().isdisjoint(self.terms):
            intersection, areas, occurs = overlaps(ids, logits, counted)
            for term in [term for term in self.terms if term in OVERLAP_TERMS]:
                missed = (1 - OVERLAP_TERMS[term](intersection, areas)) * occurs
                losses += keras.ops.sum(missed) / at_least_one(keras.ops.sum(occurs))
        return losses

    def _weights(self, ids: Tensor, classes: int) -> Tensor | float:
        if self.class_weights is None:
            return 1.0
        if len(self.class_weights) != classes:
            raise ValueError(f"{classes} classes need a weight each. Received: class_weights={self.class_weights}")
        return keras.ops.take(keras.ops.convert_to_tensor(self.class_weights, "float32"), ids)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"terms": self.terms, "class_weights": self.class_weights}


def overlaps(ids: Tensor, logits: Tensor, counted: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Intersection, sum of both areas, and whether the class occurs in the targets: each (classes,) float32.

    All are summed over the batch. The areas of a class that does not occur are at least 1, so division is safe.
    """
    counted = counted[..., None]
    targets = keras.ops.one_hot(ids, logits.shape[-1]) * counted
    predictions = keras.ops.softmax(logits) * counted
    area = keras.ops.sum(targets, axis=(0, 1, 2))
    occurs = keras.ops.cast(area > 0, "float32")
    areas = area + keras.ops.sum(predictions, axis=(0, 1, 2)) + (1 - occurs)
    return keras.ops.sum(targets * predictions, axis=(0, 1, 2)), areas, occurs


def at_least_one(count: Tensor) -> Tensor:
    return keras.ops.maximum(count, 1.0)
