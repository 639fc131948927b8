"""Grad-CAM: the regions of an image that a classifier's decision depends on.

Selvaraju et al. 2017, https://arxiv.org/abs/1610.02391
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import cv2
import keras
import numpy as np
from matplotlib import colormaps

from plots.image_grid import draw_image_grid
from settings import WorkError
from storage.tables import csv_safe, printable, write_table
from training.freezing import backbone_of

SHARE_OF_HEAT = 0.5
"""Weight of the heat map in an overlay; the rest is the image."""


class GradCam:
    """Heat maps of a classifier on the last feature map of its backbone.

    The model is split there, and the gradients of the logits are taken with respect to this map. So neither a frozen
    backbone nor its nesting as a model in the model matters.
    """

    def __init__(self, classifier: keras.Model):
        backbone = backbone_of(classifier)
        maps = keras.Operation.output.fget(backbone)  # the output in the classifier; `output` is in its own graph
        self.maps = keras.Model(classifier.inputs[0], maps)
        self.head = keras.Model(maps, classifier.outputs[0])

    def heat(self, images: np.ndarray, classes: np.ndarray) -> np.ndarray:
        """Heat maps float32 (images, map height, map width) with a maximum of 1; equations 1 and 2 of the paper.

        `images` are RGB (images, height, width, 3) of 0..255, `classes` a class index for each.
        """
        import tensorflow as tf

        maps = self.maps(tf.cast(images, tf.float32), training=False)
        with tf.GradientTape() as tape:
            tape.watch(maps)
            logits = tf.gather(self.head(maps, training=False), classes, axis=1, batch_dims=1)
        weights = tf.reduce_mean(tape.gradient(logits, maps), axis=(1, 2), keepdims=True)
        heat = tf.nn.relu(tf.reduce_sum(tf.cast(weights * maps, tf.float32), axis=-1))
        return tf.math.divide_no_nan(heat, tf.reduce_max(heat, axis=(1, 2), keepdims=True)).numpy()


class Example(NamedTuple):
    """A validation image and its prediction.

    Attributes:
        name: its path in the data folder.
        image: RGB uint8 (height, width, 3).
        label, predicted: indices of the true and the predicted class.
        probability: that of the predicted class, 0..1.
        captions: above the image and above its heat map; None: the true class, and the predicted one.
    """

    name: str
    image: np.ndarray
    label: int
    predicted: int
    probability: float
    captions: tuple[str, str] | None = None


def draw_heat_maps(classifier: keras.Model, examples: Sequence[Example], classes: Sequence[str], path: Path) -> None:
    """Each image beside its overlay with the heat map of the predicted class; also a CSV of the heat maps.

    Raises WorkError if the last feature map is a single pixel, because it has no regions.
    """
    images = np.stack([example.image for example in examples])
    heat = GradCam(classifier).heat(images, np.array([example.predicted for example in examples]))
    if heat[0].size == 1:
        raise WorkError("Grad-CAM: the last feature map is a single pixel. Train with a larger --image-size.")
    _write(examples, heat, classes, path.with_suffix(".csv"))
    drawn: list[np.ndarray] = []
    captions: list[str] = []
    for example, heat_map in zip(examples, heat, strict=True):
        drawn += [example.image, overlay_heat(example.image, heat_map)]
        captions += example.captions or _captions(example, classes)
    supported = "predicted class" if examples[0].captions is None else "label above them"
    draw_image_grid(drawn, captions, path, f"Grad-CAM: yellow regions support the {supported}")


def _captions(example: Example, classes: Sequence[str]) -> tuple[str, str]:
    verdict = "correct" if example.label == example.predicted else "wrong"
    predicted = f"predicted {example.probability:.0%}, {verdict}:\n{classes[example.predicted]}"
    return f"true class:\n{classes[example.label]}", predicted


def overlay_heat(image: np.ndarray, heat: np.ndarray) -> np.ndarray:
    """The image, RGB uint8, tinted from dark blue (heat 0) to yellow (heat 1)."""
    height, width = image.shape[:2]
    smooth = cv2.resize(heat, (width, height), interpolation=cv2.INTER_LINEAR)
    tint = np.round(255 * colormaps["viridis"](smooth)[..., :3]).astype(np.uint8)
    return cv2.addWeighted(image, 1 - SHARE_OF_HEAT, tint, SHARE_OF_HEAT, 0)


def _write(examples: Sequence[Example], heat: np.ndarray, classes: Sequence[str], path: Path) -> None:
    rows = []
    for example, heat_map in zip(examples, heat, strict=True):
        names = [csv_safe(example.name), *(printable(classes[label]) for label in (example.label, example.predicted))]
        cells = (*names, f"{example.probability:.6f}")
        rows += [(*cells, *position, f"{value:.4f}") for position, value in np.ndenumerate(heat_map)]
    write_table(path, ("image", "true", "predicted", "probability", "row", "column", "heat"), rows)
