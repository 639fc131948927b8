"""Quantises an OpenVINO model to 8 bits with NNCF: calibrates it on training images and measures its accuracy."""

import contextlib
import io
import logging
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from log import logger
from predictor.engines import openvino_model
from predictor.engines.calibration import (
    calibration_images,
    comparison,
    measure,
    measured_images,
    read_calibration_data,
    single_image_loader,
)
from predictor.engines.conversion import check_installed, run_converter
from predictor.engines.openvino_model import OpenVINOModel
from settings import SettingError, WorkError
from training.run_folder import RunFolder

PACKAGES = {"nncf": "nncf", "openvino": "openvino"}
"""Names on PyPI by name of import."""


def quantise(run: RunFolder, f32_folder: Path, folder: Path, batch_size: int) -> None:
    """Writes an 8-bit version of the model in `f32_folder` to `folder`, and logs the accuracy of both.

    `batch_size` is the number of images per batch when the accuracy is measured. Raises WorkError if the data folder
    of the run is missing or has other classes, or if NNCF is not installed.
    """
    check_installed(PACKAGES, "--precision int8")
    try:
        data = read_calibration_data(run)
    except SettingError as error:
        raise WorkError(f"int8 is calibrated on the training images of {run.path}, but {error}") from error
    size, chosen = run.image_size(), calibration_images(data)
    logger.info(f"Calibrating {run.path} for int8 on {len(chosen)} training images ...")
    run_converter(lambda: quantise_file(f32_folder, folder, chosen, single_image_loader(data, size)))
    f32, int8 = (measure(OpenVINOModel(path), data, size, batch_size) for path in (f32_folder, folder))
    logger.info(f"On {len(measured_images(data))} validation images: {comparison(f32, int8)}")


def quantise_file(f32_folder: Path, folder: Path, chosen: Sequence[int], load: Callable[[int], np.ndarray]) -> None:
    """Writes the 8-bit version. `load` takes one of `chosen` and returns an image float32 (1, height, width, 3)."""
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
