"""How good a segmentation is, from exact counts over the whole data set: a mean of batches' scores is another number.

Targets are class ids (batch, height, width), with 255 for void; predictions are logits (batch, height, width, classes).
Counts are int64: float32 stops counting at 16.8 million pixels, 97 pictures of 360x480. Before any pixel a score is 0.
They go into `compile(metrics=...)`, not into `weighted_metrics`; the matrix itself is no number for a progress bar.
"""

import keras

from layers.losses import VOID


class _PixelCounts(keras.metrics.Metric):
    """Hands `count` the true and the most likely class of each pixel, both int32 (batch, height, width)."""

    def update_state(self, y_true, y_pred, sample_weight=None):
        if sample_weight is not None:
            raise ValueError(f"{self.name} counts pixels, which have no weights: it belongs into `metrics`")
        predicted = keras.ops.argmax(y_pred, axis=-1)
        self.count(keras.ops.cast(y_true, "int32"), keras.ops.cast(predicted, "int32"))


@keras.saving.register_keras_serializable("scenelab")
class ConfusionMatrix(_PixelCounts):
    """Pixels by true class (row) and predicted class (column), (classes, classes) int64; void is left out."""

    def __init__(self, classes: int, name: str = "confusion_matrix", **kwargs):
        super().__init__(name=name, **kwargs)
        self.classes = classes
        self.matrix = self.add_variable((classes, classes), "zeros", dtype="int64", name="matrix")

    def count(self, truth, predicted):
        cells = keras.ops.reshape(keras.ops.where(truth == VOID, -1, truth * self.classes + predicted), (-1,))
        # int32 suffices for a batch, and GPUs count in it; a cell of -1 is dropped
        counts = keras.ops.segment_sum(keras.ops.ones_like(cells), cells, num_segments=self.classes**2)
        self.matrix.assign_add(keras.ops.cast(keras.ops.reshape(counts, self.matrix.shape), "int64"))

    def result(self):
        return keras.ops.convert_to_tensor(self.matrix)

    def get_config(self):
        return super().get_config() | {"classes": self.classes}


@keras.saving.register_keras_serializable("scenelab")
class MeanIoU(ConfusionMatrix):
    """Mean intersection over union, 0..1, of the classes that occur in the truth or in the prediction."""

    def __init__(self, classes: int, name: str = "mean_iou", **kwargs):
        super().__init__(classes, name=name, **kwargs)

    def result(self):
        matrix = keras.ops.cast(super().result(), "float64")
        right = keras.ops.diagonal(matrix)
        union = keras.ops.sum(matrix, axis=0) + keras.ops.sum(matrix, axis=1) - right
        occurring = keras.ops.count_nonzero(union)
        return share(keras.ops.sum(right / keras.ops.maximum(union, 1)), occurring)


@keras.saving.register_keras_serializable("scenelab")
class PixelAccuracy(_PixelCounts):
    """Share, 0..1, of the pixels that are not void whose most likely class is the true one."""

    def __init__(self, name: str = "accuracy", **kwargs):
        super().__init__(name=name, **kwargs)
        self.right = self.add_variable((), "zeros", dtype="int64", name="right")
        self.counted = self.add_variable((), "zeros", dtype="int64", name="counted")

    def count(self, truth, predicted):
        self.right.assign_add(keras.ops.cast(keras.ops.count_nonzero(truth == predicted), "int64"))
        self.counted.assign_add(keras.ops.cast(self.number(truth), "int64"))

    def number(self, truth):
        """How many pixels are in the denominator."""
        return keras.ops.count_nonzero(truth != VOID)

    def result(self):
        return share(self.right, self.counted)


@keras.saving.register_keras_serializable("scenelab")
class PixelAccuracyWithVoid(PixelAccuracy):
    """Share, 0..1, of all pixels whose most likely class is the true one: no prediction of a void pixel is right."""

    def __init__(self, name: str = "accuracy_with_void", **kwargs):
        super().__init__(name=name, **kwargs)

    def number(self, truth):
        return keras.ops.size(truth)


def share(part, whole):
    """`part` / `whole` as float32, 0 of nothing being 0."""
    quotient = keras.ops.divide_no_nan(keras.ops.cast(part, "float64"), keras.ops.cast(whole, "float64"))
    return keras.ops.cast(quotient, "float32")
