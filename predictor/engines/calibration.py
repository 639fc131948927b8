"""Images on which models in 8 bits are calibrated, and the scores that tell what the 8 bits cost.

A model is any function from images to logits, so all formats are measured in the same way.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from datatransformer.layout import DataFolder
from datatransformer.masks.classes import VOID
from predictor.engines.conversion import LogitsFunction
from predictor.images import evenly_spaced
from predictor.labels.label_scores import average_precisions
from predictor.labels.truth import true_labels
from predictor.segmentation_scores import segmentation_scores
from settings import WorkError
from training.data_record import read_data_of_run
from training.run_folder import RunFolder

MAX_CALIBRATION_IMAGES = 300
"""NNCF's documentation recommends this number."""

MAX_VALIDATION_IMAGES = 1000

DECIDING = {"classification": "accuracy", "segmentation": "mean_iou", "multilabel": "mean_average_precision"}
"""The score, by task of the data, that says whether a model is good."""

TITLES = {"accuracy": "accuracy", "mean_iou": "mean IoU", "mean_average_precision": "mean average precision"}

Scores = dict[str, float]
"""Scores of 0..1 by the names in TITLES. The deciding one is among them."""


def read_calibration_data(run: RunFolder, moved: Path | None = None) -> DataFolder:
    """The data folder that a run was trained on; `moved`: its path, if that has changed.

    Raises SettingError if it is missing or holds other data, WorkError if it has other classes.
    """
    data = read_data_of_run(run, moved)
    if data.classes != run.classes():
        raise WorkError(f"The classes of {data.path} have changed since {run.path} was trained on it")
    return data


def calibration_images(data: DataFolder) -> list[int]:
    """Indices of training images: the same number of each class, as far as there are enough."""
    count = len(data.images("train"))
    if data.task != "classification":
        return evenly_spaced(count, MAX_CALIBRATION_IMAGES)
    class_counts: Counter[int] = Counter()
    turns: list[tuple[int, int, int]] = []
    for number, label in enumerate(data.labels("train")):
        turns.append((class_counts[label], label, number))
        class_counts[label] += 1
    return [number for *_, number in sorted(turns)[:MAX_CALIBRATION_IMAGES]]


def single_image_loader(data: DataFolder, size: tuple[int, int]) -> Callable[[int], np.ndarray]:
    """Takes the index of a training image and returns it as float32 (1, height, width, 3) of 0..255."""
    from pipeline.cache import make_loader

    load = make_loader(data.images("train"), size, "none", data.path)
    return lambda number: load(number).numpy()[None].astype(np.float32)


def measured_images(data: DataFolder) -> list[int]:
    """Indices of validation images."""
    return evenly_spaced(len(data.images("val")), MAX_VALIDATION_IMAGES)


def measure(logits: LogitsFunction, data: DataFolder, size: tuple[int, int], batch_size: int) -> Scores:
    """The scores on validation images, at the image size (height, width) of the training."""
    batches = _validation_batches(data, size, batch_size)
    if data.task == "multilabel":
        truth, scores = zip(*((truth, logits(images)) for images, truth in batches), strict=True)
        precisions = average_precisions(np.concatenate(truth), np.concatenate(scores))
        return {"mean_average_precision": float(np.nanmean(precisions))}
    classes = len(data.classes)
    matrix = np.zeros(classes * classes, np.int64)
    for images, truth in batches:
        counted = truth != VOID if data.task == "segmentation" else np.ones_like(truth, bool)
        pairs = truth[counted].astype(np.int64) * classes + logits(images).argmax(axis=-1)[counted]
        matrix += np.bincount(pairs, minlength=classes * classes)
    found = segmentation_scores(matrix.reshape(classes, classes))
    return {"accuracy": found.accuracy} | ({"mean_iou": found.mean_iou} if data.task == "segmentation" else {})


def comparison(f32: Scores, int8: Scores) -> str:
    """Both in words."""
    return "; ".join(f"{TITLES[name]} {score:.4f} in f32, {int8[name]:.4f} in int8" for name, score in f32.items())


def _validation_batches(
    data: DataFolder, size: tuple[int, int], batch_size: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Batches of images float32 (batch, height, width, 3) and class indices, (batch,) or (batch, height, width); if an
    image may have several labels, bool (batch, classes)."""
    import tensorflow as tf

    from pipeline.cache import make_loader

    images = make_loader(data.images("val"), size, "none", data.path)
    if data.task == "segmentation":
        truth = make_loader(data.masks("val"), size, "none", data.path, masks=True)
    else:
        truth = tf.constant(true_labels(data, "val")).__getitem__
    numbers = tf.data.Dataset.from_tensor_slices(measured_images(data))
    batches = numbers.map(lambda number: (images(number), truth(number)), tf.data.AUTOTUNE).batch(batch_size)
    for pixels, classes in batches.prefetch(1).as_numpy_iterator():
        yield pixels.astype(np.float32), classes[..., 0] if data.task == "segmentation" else classes
