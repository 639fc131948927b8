"""A converted model in 8 bits: calibrated on training pictures by NNCF, its accuracy measured before and after."""

import contextlib
import io
import logging
import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from datatransformer.layout import DataFolder, read_data_folder
from datatransformer.mask_classes import VOID
from predictor.engines import openvino_model
from predictor.engines.conversion import Logits, check_installed, quietly
from predictor.engines.openvino_model import OpenVINOModel
from predictor.pictures import evenly_spaced
from predictor.segmentation_scores import SegmentationScores, scores
from settings import SettingError, WorkError
from training.run_folder import RunFolder

PACKAGES = {"nncf": "nncf", "openvino": "openvino"}
CALIBRATED_ON = 300
"""Pictures; NNCF advises so many."""

MEASURED_ON = 1000
"""Validation pictures at most."""

BATCH_SIZE = 8


def quantise(run: RunFolder, plain: Path, folder: Path) -> None:
    """Writes the model of the folder `plain` into `folder`, in 8 bits, and prints what that costs in accuracy.

    Raises WorkError if the data folder of the run is gone, or is another one now, or NNCF is not installed.
    """
    from pipeline.cache import make_loader

    check_installed(PACKAGES, "--precision int8")
    data, size = _data(run), run.image_size()
    chosen = _spread_over_classes(data)
    print(f"Calibrating {run.path} for int8 on {len(chosen)} training pictures ...", flush=True)
    load = make_loader(data.images("train"), size, "none", data.path)
    quietly(lambda: _write(plain, folder, chosen, lambda number: load(number).numpy()[None].astype(np.float32)))
    before, after = (_scores(OpenVINOModel(of), data, size) for of in (plain, folder))
    told = [f"accuracy {before.accuracy:.4f} in f32, {after.accuracy:.4f} in int8"]
    if data.task == "segmentation":
        told.append(f"mean IoU {before.mean_iou:.4f} and {after.mean_iou:.4f}")
    print(f"Of {len(_measured(data))} validation pictures: {'; '.join(told)}")


def _data(run: RunFolder) -> DataFolder:
    config = run.config()
    try:
        data = read_data_folder(Path(config["settings"]["data"]), run.kind.task)
    except (SettingError, KeyError) as error:
        raise WorkError(f"int8 is calibrated on the training pictures of {run.path}, but {error}") from error
    if data.classes != run.classes():
        raise WorkError(f"{data.path} has other classes now than when {run.path} was trained on it")
    return data


def _spread_over_classes(data: DataFolder) -> list[int]:
    """Numbers of training pictures, of each class as many as of any other while they last."""
    count = len(data.images("train"))
    if data.task == "segmentation":
        return evenly_spaced(count, CALIBRATED_ON)
    taken, turns = Counter(), []
    for number, label in enumerate(data.labels("train")):
        turns.append((taken[label], label, number))
        taken[label] += 1
    return [number for *_, number in sorted(turns)[:CALIBRATED_ON]]


def _measured(data: DataFolder) -> list[int]:
    return evenly_spaced(len(data.images("val")), MEASURED_ON)


def _validation(data: DataFolder, size: tuple[int, int]) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Batches of pictures float32 (batch, height, width, 3) and their classes, (batch,) or (batch, height, width)."""
    import tensorflow as tf

    from pipeline.cache import make_loader

    images = make_loader(data.images("val"), size, "none", data.path)
    if data.task == "segmentation":
        truth = make_loader(data.masks("val"), size, "none", data.path, masks=True)
    else:
        truth = tf.constant(data.labels("val")).__getitem__
    numbers = tf.data.Dataset.from_tensor_slices(_measured(data))
    batches = numbers.map(lambda number: (images(number), truth(number)), tf.data.AUTOTUNE).batch(BATCH_SIZE)
    for pictures, classes in batches.prefetch(1).as_numpy_iterator():
        yield pictures.astype(np.float32), classes[..., 0] if data.task == "segmentation" else classes


def _write(plain: Path, folder: Path, chosen: Sequence[int], load: Callable[[int], np.ndarray]) -> None:
    os.environ["NNCF_CI"] = "1"  # so that it reports to nobody that it is used
    import nncf
    import openvino

    nncf.set_log_level(logging.ERROR)
    model = openvino.Core().read_model(plain / openvino_model.FILE)
    with contextlib.redirect_stdout(io.StringIO()):  # bars that scroll
        quantised = nncf.quantize(
            model,
            nncf.Dataset(chosen, load),
            preset=nncf.QuantizationPreset.MIXED,  # what is never negative, as behind ReLU, needs no bit for the sign
            target_device=nncf.TargetDevice.CPU,
            subset_size=len(chosen),
        )
    openvino_model.save(quantised, folder)


def _scores(logits: Logits, data: DataFolder, size: tuple[int, int]) -> SegmentationScores:
    """Of the model's most probable classes, at the size that it is trained at."""
    classes = len(data.classes)
    matrix = np.zeros(classes * classes, np.int64)
    for pictures, truth in _validation(data, size):
        counted = truth != VOID if data.task == "segmentation" else np.ones_like(truth, bool)
        codes = truth[counted].astype(np.int64) * classes + logits(pictures).argmax(axis=-1)[counted]
        matrix += np.bincount(codes, minlength=classes * classes)
    return scores(matrix.reshape(classes, classes))
