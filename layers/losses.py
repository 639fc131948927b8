"""What a segmentation minimises: cross-entropy, focal loss and the overlap of areas, or a sum of them.

Targets are class ids (batch, height, width), with 255 for void; predictions are logits (batch, height, width, classes).
"""

from collections.abc import Sequence

import keras

VOID = 255


def cross_entropy(surprise):
    return surprise


def focal(surprise):
    """Lin et al. 2017, https://arxiv.org/abs/1708.02002, equation 4, with gamma 2; alpha is the class weights."""
    return keras.ops.square(keras.ops.expm1(-surprise)) * surprise


def dice(intersection, areas):
    """Milletari et al. 2016, https://arxiv.org/abs/1606.04797, with plain areas in place of squared ones."""
    return 2 * intersection / areas


def jaccard(intersection, areas):
    """Rahman & Wang 2016, https://doi.org/10.1007/978-3-319-50835-1_22: intersection over union."""
    return intersection / (areas - intersection)


OF_PIXELS = {"ce": cross_entropy, "focal": focal}
OF_AREAS = {"dice": dice, "jaccard": jaccard}


@keras.saving.register_keras_serializable("scenelab")
class SegmentationLoss(keras.losses.Loss):
    """The sum of `terms`; void pixels count in none, and a batch of nothing else has loss and gradient 0.

    `ce` and `focal` are summed over the pixels of the whole batch, each times the weight of its class, and divided by
    the number of pixels that are not void, as SegNet's Caffe does: not by the sum of the weights. `dice` and `jaccard`
    are 1 - the mean over the classes that occur in the batch's targets, each class's areas being summed over the batch;
    they know no class weights. Under a MirroredStrategy "the batch" is the share of one device.

    Arguments:
        terms: one or more of `ce`, `dice`, `jaccard`, `focal`.
        class_weights: a weight a class, or None for 1 each.
    """

    def __init__(self, terms: Sequence[str] = ("ce",), class_weights: Sequence[float] | None = None, **kwargs):
        super().__init__(**kwargs)
        if not terms or not set(terms) <= {*OF_PIXELS, *OF_AREAS}:
            raise ValueError(f"terms are one or more of {', '.join([*OF_PIXELS, *OF_AREAS])}. Received: terms={terms}")
        self.terms = list(terms)
        self.class_weights = None if class_weights is None else [float(weight) for weight in class_weights]

    def call(self, y_true, y_pred):
        """What each image adds, (batch,) float32: its mean, and no image's own value, is the loss.

        Keras scales what is not a scalar, and only that, by the number of devices.
        """
        logits = keras.ops.cast(y_pred, "float32")
        counted = keras.ops.cast(keras.ops.not_equal(y_true, VOID), "float32")
        ids = keras.ops.where(counted > 0, keras.ops.cast(y_true, "int32"), 0)
        images = keras.ops.cast(keras.ops.shape(logits)[0], "float32")
        losses = keras.ops.zeros_like(counted[:, 0, 0])
        if not OF_PIXELS.keys().isdisjoint(self.terms):
            surprise = keras.ops.sparse_categorical_crossentropy(ids, logits, from_logits=True)
            weights = counted * self._weights(ids, logits.shape[-1])
            pixels = sum(OF_PIXELS[term](surprise) for term in self.terms if term in OF_PIXELS)
            losses += keras.ops.sum(pixels * weights, axis=(1, 2)) * images / at_least_one(keras.ops.sum(counted))
        if not OF_AREAS.keys().isdisjoint(self.terms):
            intersection, areas, occurs = overlaps(ids, logits, counted)
            for term in [term for term in self.terms if term in OF_AREAS]:
                missed = (1 - OF_AREAS[term](intersection, areas)) * occurs
                losses += keras.ops.sum(missed) / at_least_one(keras.ops.sum(occurs))
        return losses

    def _weights(self, ids, classes: int):
        if self.class_weights is None:
            return 1.0
        if len(self.class_weights) != classes:
            raise ValueError(f"{classes} classes need a weight each. Received: class_weights={self.class_weights}")
        return keras.ops.take(keras.ops.convert_to_tensor(self.class_weights, "float32"), ids)

    def get_config(self):
        return super().get_config() | {"terms": self.terms, "class_weights": self.class_weights}


def overlaps(ids, logits, counted):
    """For each class, over the batch: area shared by target and prediction, both areas' sum, 1 if targets have it.

    Each is (classes,) float32. The areas of a class that does not occur are at least 1, to be divided by.
    """
    counted = counted[..., None]
    targets = keras.ops.one_hot(ids, logits.shape[-1]) * counted
    predictions = keras.ops.softmax(logits) * counted
    area = keras.ops.sum(targets, axis=(0, 1, 2))
    occurs = keras.ops.cast(area > 0, "float32")
    areas = area + keras.ops.sum(predictions, axis=(0, 1, 2)) + (1 - occurs)
    return keras.ops.sum(targets * predictions, axis=(0, 1, 2)), areas, occurs


def at_least_one(count):
    return keras.ops.maximum(count, 1.0)
