"""Metrics of segmentation from exact counts over the complete data set, which a mean over batches would not equal.

Targets are class indices (batch, height, width), 255 for void; predictions are logits (batch, height, width, classes).
Counts are int64: float32 is exact only up to 16.8 million pixels, 97 images of 360x480. Without pixels a metric is 0.
Use them in `compile(metrics=...)`, not in `weighted_metrics`. ConfusionMatrix is not a number, so not for `compile`.
"""

from typing import Any

import keras

from layers.losses import VOID
from layers.tensor import Tensor


class _PixelCounts(keras.metrics.Metric):
    """Calls `count` with the true and the predicted class of each pixel, both int32 (batch, height, width)."""

    def update_state(self, y_true: Tensor, y_pred: Tensor, sample_weight: Tensor | None = None) -> None:
        if sample_weight is not None:
            raise ValueError(f"{self.name} counts pixels, which have no weights. Use it in `metrics`")
        predicted = keras.ops.argmax(y_pred, axis=-1)
        self.count(keras.ops.cast(y_true, "int32"), keras.ops.cast(predicted, "int32"))

    def count(self, truth: Tensor, predicted: Tensor) -> None:
        raise NotImplementedError


@keras.saving.register_keras_serializable("scenelab")
class ConfusionMatrix(_PixelCounts):
    """Counts pixels by true class (row) and predicted class (column), (classes, classes) int64; void is excluded."""

    def __init__(self, classes: int, name: str = "confusion_matrix", **kwargs: Any) -> None:
        super().__init__(name=name, **kwargs)
        self.classes = classes
        self.matrix = self.add_variable((classes, classes), "zeros", dtype="int64", name="matrix")

    def count(self, truth: Tensor, predicted: Tensor) -> None:
        cells = keras.ops.reshape(keras.ops.where(truth == VOID, -1, truth * self.classes + predicted), (-1,))
        # int32 suffices for one batch and is what GPUs can count in; a cell of -1 is dropped
        counts = keras.ops.segment_sum(keras.ops.ones_like(cells), cells, num_segments=self.classes**2)
        self.matrix.assign_add(keras.ops.cast(keras.ops.reshape(counts, self.matrix.shape), "int64"))

    def result(self) -> Tensor:
        return keras.ops.convert_to_tensor(self.matrix)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"classes": self.classes}


@keras.saving.register_keras_serializable("scenelab")
class MeanIoU(ConfusionMatrix):
    """The mean intersection over union, 0..1, of the classes that occur in targets or predictions."""

    def __init__(self, classes: int, name: str = "mean_iou", **kwargs: Any) -> None:
        super().__init__(classes, name=name, **kwargs)

    def result(self) -> Tensor:
        matrix = keras.ops.cast(super().result(), "float64")
        correct = keras.ops.diagonal(matrix)
        union = keras.ops.sum(matrix, axis=0) + keras.ops.sum(matrix, axis=1) - correct
        occurring = keras.ops.count_nonzero(union)
        return share(keras.ops.sum(correct / keras.ops.maximum(union, 1)), occurring)


@keras.saving.register_keras_serializable("scenelab")
class PixelAccuracy(_PixelCounts):
    """The share, 0..1, of correctly predicted pixels among those that are not void."""

    def __init__(self, name: str = "accuracy", **kwargs: Any) -> None:
        super().__init__(name=name, **kwargs)
        self.right = self.add_variable((), "zeros", dtype="int64", name="right")
        self.counted = self.add_variable((), "zeros", dtype="int64", name="counted")

    def count(self, truth: Tensor, predicted: Tensor) -> None:
        self.right.assign_add(keras.ops.cast(keras.ops.count_nonzero(truth == predicted), "int64"))
        self.counted.assign_add(keras.ops.cast(self.denominator(truth), "int64"))

    def denominator(self, truth: Tensor) -> Tensor:
        """The number of pixels that count."""
        return keras.ops.count_nonzero(truth != VOID)

    def result(self) -> Tensor:
        return share(self.right, self.counted)


@keras.saving.register_keras_serializable("scenelab")
class PixelAccuracyWithVoid(PixelAccuracy):
    """The share, 0..1, of correctly predicted pixels among all; a void pixel always counts as wrong."""

    def __init__(self, name: str = "accuracy_with_void", **kwargs: Any) -> None:
        super().__init__(name=name, **kwargs)

    def denominator(self, truth: Tensor) -> Tensor:
        return keras.ops.size(truth)


def share(part: Tensor, total: Tensor) -> Tensor:
    """`part` / `total` as float32; 0 if `total` is 0."""
    quotient = keras.ops.divide_no_nan(keras.ops.cast(part, "float64"), keras.ops.cast(total, "float64"))
    return keras.ops.cast(quotient, "float32")
