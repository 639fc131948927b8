"""Quantises an OpenVINO model to 8 bits with NNCF: calibrates it on training images and measures its accuracy."""

import contextlib
import io
import logging
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from datatransformer.layout import DataFolder
from datatransformer.masks.classes import VOID
from log import logger
from predictor.engines import openvino_model
from predictor.engines.conversion import LogitsFunction, check_installed, run_converter
from predictor.engines.openvino_model import OpenVINOModel
from predictor.images import evenly_spaced
from predictor.labels.label_scores import average_precisions
from predictor.labels.truth import true_labels
from predictor.segmentation_scores import SegmentationScores, segmentation_scores
from settings import SettingError, WorkError
from training.data_record import read_data_of_run
from training.run_folder import RunFolder

PACKAGES = {"nncf": "nncf", "openvino": "openvino"}
"""Names on PyPI by name of import."""

MAX_CALIBRATION_IMAGES = 300
"""NNCF's documentation recommends this number."""

MAX_VALIDATION_IMAGES = 1000


def quantise(run: RunFolder, f32_folder: Path, folder: Path, batch_size: int) -> None:
    """Writes an 8-bit version of the model in `f32_folder` to `folder`, and logs the accuracy of both.

    `batch_size` is the number of images per batch when the accuracy is measured. Raises WorkError if the data folder
    of the run is missing or has other classes, or if NNCF is not installed.
    """
    from pipeline.cache import make_loader

    check_installed(PACKAGES, "--precision int8")
    data, size = _read_data(run), run.image_size()
    chosen = _calibration_images(data)
    logger.info(f"Calibrating {run.path} for int8 on {len(chosen)} training images ...")
    load = make_loader(data.images("train"), size, "none", data.path)

    def load_single(number: int) -> np.ndarray:
        return load(number).numpy()[None].astype(np.float32)

    run_converter(lambda: _quantise_file(f32_folder, folder, chosen, load_single))
    if data.task == "multilabel":
        models = (OpenVINOModel(path) for path in (f32_folder, folder))
        f32, int8 = (_mean_average_precision(model, data, size, batch_size) for model in models)
        comparison = f"mean average precision {f32:.4f} in f32, {int8:.4f} in int8"
        logger.info(f"On {len(_measured_images(data))} validation images: {comparison}")
        return
    before, after = (_measure(OpenVINOModel(path), data, size, batch_size) for path in (f32_folder, folder))
    comparison = f"accuracy {before.accuracy:.4f} in f32, {after.accuracy:.4f} in int8"
    if data.task == "segmentation":
        comparison += f"; mean IoU {before.mean_iou:.4f} in f32, {after.mean_iou:.4f} in int8"
    logger.info(f"On {len(_measured_images(data))} validation images: {comparison}")


def _read_data(run: RunFolder) -> DataFolder:
    try:
        data = read_data_of_run(run)
    except SettingError as error:
        raise WorkError(f"int8 is calibrated on the training images of {run.path}, but {error}") from error
    if data.classes != run.classes():
        raise WorkError(f"The classes of {data.path} have changed since {run.path} was trained on it")
    return data


def _calibration_images(data: DataFolder) -> list[int]:
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


def _measured_images(data: DataFolder) -> list[int]:
    return evenly_spaced(len(data.images("val")), MAX_VALIDATION_IMAGES)


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
    numbers = tf.data.Dataset.from_tensor_slices(_measured_images(data))
    batches = numbers.map(lambda number: (images(number), truth(number)), tf.data.AUTOTUNE).batch(batch_size)
    for pixels, classes in batches.prefetch(1).as_numpy_iterator():
        yield pixels.astype(np.float32), classes[..., 0] if data.task == "segmentation" else classes


def _quantise_file(f32_folder: Path, folder: Path, chosen: Sequence[int], load: Callable[[int], np.ndarray]) -> None:
    import nncf
    import openvino

    logging.getLogger("nncf").setLevel(logging.ERROR)  # nncf.set_log_level also changes all handlers there
    model = openvino.Core().read_model(f32_folder / openvino_model.FILE)
    with contextlib.redirect_stdout(io.StringIO()):  # hides progress bars
        quantised = nncf.quantize(
            model,
            nncf.Dataset(chosen, load),
            preset=nncf.QuantizationPreset.MIXED,  # values after ReLU are never negative and need no sign bit
            target_device=nncf.TargetDevice.CPU,
            subset_size=len(chosen),
        )
    openvino_model.save_openvino(quantised, folder)


def _mean_average_precision(logits: LogitsFunction, data: DataFolder, size: tuple[int, int], batch_size: int) -> float:
    batches = [(truth, logits(images)) for images, truth in _validation_batches(data, size, batch_size)]
    truth, scores = (np.concatenate(parts) for parts in zip(*batches, strict=True))
    return float(np.nanmean(average_precisions(truth, scores)))


def _measure(logits: LogitsFunction, data: DataFolder, size: tuple[int, int], batch_size: int) -> SegmentationScores:
    """The scores of the most probable classes, at the image size of the training."""
    classes = len(data.classes)
    matrix = np.zeros(classes * classes, np.int64)
    for images, truth in _validation_batches(data, size, batch_size):
        counted = truth != VOID if data.task == "segmentation" else np.ones_like(truth, bool)
        pairs = truth[counted].astype(np.int64) * classes + logits(images).argmax(axis=-1)[counted]
        matrix += np.bincount(pairs, minlength=classes * classes)
    return segmentation_scores(matrix.reshape(classes, classes))
