"""Where a classifier looks: Grad-CAM (Selvaraju et al. 2017, https://arxiv.org/abs/1610.02391)."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import cv2
import keras
import numpy as np
from matplotlib import colormaps

from plots.image_grid import draw_sheet
from settings import WorkError
from storage.tables import csv_safe, write_table
from training.freezing import backbone_of

SHARE_OF_HEAT = 0.5
"""Of an overlay; the rest is the picture."""


class GradCam:
    """Heat maps of a classifier on the last feature map of its backbone.

    The model is cut there: gradients of the logits are taken from the map on, so it does not matter what of the
    backbone learns, nor that it is a model in the model.
    """

    def __init__(self, classifier: keras.Model):
        maps = keras.Operation.output.fget(backbone_of(classifier))  # where it stands; `output` is its own graph's
        self.maps = keras.Model(classifier.inputs[0], maps)
        self.head = keras.Model(maps, classifier.outputs[0])

    def heat(self, pictures: np.ndarray, classes: np.ndarray) -> np.ndarray:
        """What speaks for a class, 0..1 of the most in the picture: (pictures, map height, map width) float32.

        `pictures` are RGB (pictures, height, width, 3) of 0..255, `classes` an index each. Equations 1 and 2.
        """
        import tensorflow as tf

        maps = self.maps(tf.cast(pictures, tf.float32), training=False)
        with tf.GradientTape() as tape:
            tape.watch(maps)
            logits = tf.gather(self.head(maps, training=False), classes, axis=1, batch_dims=1)
        weights = tf.reduce_mean(tape.gradient(logits, maps), axis=(1, 2), keepdims=True)
        heat = tf.nn.relu(tf.reduce_sum(tf.cast(weights * maps, tf.float32), axis=-1))
        return tf.math.divide_no_nan(heat, tf.reduce_max(heat, axis=(1, 2), keepdims=True)).numpy()


class Example(NamedTuple):
    """An image, RGB uint8 (height, width, 3), its class and the one that is predicted, and how probable that is."""

    name: str
    picture: np.ndarray
    label: int
    predicted: int
    probability: float


def draw_gradcam(classifier: keras.Model, examples: Sequence[Example], classes: Sequence[str], path: Path) -> None:
    """Each picture beside what speaks for the class that is predicted; also a CSV of the heat.

    Raises WorkError if the last feature map is a single pixel: there is no place in it.
    """
    pictures, predicted = (np.stack([getattr(one, name) for one in examples]) for name in ("picture", "predicted"))
    heat = GradCam(classifier).heat(pictures, predicted)
    if heat[0].size == 1:
        raise WorkError("Grad-CAM: the last feature map is a single pixel; a larger --image-size in training helps")
    _write(examples, heat, classes, path.with_suffix(".csv"))
    images, captions = [], []
    for one, of_one in zip(examples, heat, strict=True):
        images += [one.picture, overlaid(one.picture, of_one)]
        verdict = "right" if one.label == one.predicted else "wrong"
        captions += [f"is\n{classes[one.label]}", f"{verdict}, {one.probability:.0%} sure:\n{classes[one.predicted]}"]
    title = "Where the model looks: yellow speaks for the class that is predicted"
    draw_sheet(images, captions, path, title)


def overlaid(picture: np.ndarray, heat: np.ndarray) -> np.ndarray:
    """The picture, RGB uint8, tinted from dark blue (0) to yellow (1)."""
    height, width = picture.shape[:2]
    smooth = cv2.resize(heat, (width, height), interpolation=cv2.INTER_LINEAR)
    tint = np.round(255 * colormaps["viridis"](smooth)[..., :3]).astype(np.uint8)
    return cv2.addWeighted(picture, 1 - SHARE_OF_HEAT, tint, SHARE_OF_HEAT, 0)


def _write(examples: Sequence[Example], heat: np.ndarray, classes: Sequence[str], path: Path) -> None:
    rows = []
    for one, of_one in zip(examples, heat, strict=True):
        names = (csv_safe(name) for name in (one.name, classes[one.label], classes[one.predicted]))
        example = (*names, f"{one.probability:.6f}")
        rows += [(*example, *place, f"{value:.4f}") for place, value in np.ndenumerate(of_one)]
    write_table(path, ("image", "true", "predicted", "probability", "row", "column", "heat"), rows)
