"""OpenVINO: faster than TensorFlow on a processor, and also with fewer bits.

Converted models are stored in RUN/engines: openvino-224x224-f32-STAMP for images of that size, `any` for images of any
size, int8 for 8 bits. The stamp identifies the checkpoint and its number of classes.
"""

import os
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from predictor.engines import openvino_model
from predictor.engines.conversion import (
    ConversionError,
    LogitsFunction,
    check_installed,
    input_signature,
    run_converter,
)
from predictor.engines.exportable import make_exportable
from predictor.engines.openvino_model import FILES, PRECISIONS, OpenVINOModel, supports_precision, write_openvino
from predictor.engines.quantisation import PACKAGES, quantise
from predictor.engines.runner import LoadModel, ModelRequest, Runner, to_probabilities
from settings import SettingError, bad_setting
from storage.owned import remove_listed
from storage.temporary import temporary_folder
from training.run_folder import RunFolder

if TYPE_CHECKING:
    import keras
    import tensorflow as tf

Size = tuple[int, int]
"""Height and width in pixels."""

TITLE = "OpenVINO"

MAX_DIFFERENCE = 1e-4
"""Largest difference of a probability in f32 from TensorFlow's."""

BATCH_SIZE = 8
"""Largest batch of OpenVINO: larger ones are no faster and take more memory."""

INFERENCE_PRECISION = {"f32": "f32", "bf16": "bf16", "int8": "f32"}
"""OpenVINO's precision between layers. Layers in 8 bits are marked in the model itself."""


def is_preferred() -> bool:
    """Whether it is installed and there is no GPU, which TensorFlow would use."""
    import tensorflow as tf

    return find_spec("openvino") is not None and not tf.config.list_physical_devices("GPU")


def check(run: RunFolder, precision: str) -> None:
    """Raises SettingError if this processor does not have the precision, WorkError if a package is not installed."""
    if precision == "f32":
        check_installed(openvino_model.PACKAGES, "--engine openvino")
        return
    check_installed(openvino_model.PACKAGES, f"--precision {precision}")
    if not supports_precision(precision):
        supported = " and ".join(name for name in PRECISIONS if supports_precision(name))
        raise SettingError(bad_setting("precision", precision, f"this processor computes in {supported}"))
    if precision == "int8" and not any(run.engines.glob(f"*-int8-{_stamp(run)}")):
        check_installed(PACKAGES, "--precision int8")


def make_runner(request: ModelRequest) -> Runner:
    """See `runner.Engine`. Converts the model if there is no converted one for this checkpoint."""

    run, precision, size, load, wrap, batch_size = request
    folder = _converted_model(run, precision, size, load, batch_size)
    model = run_converter(lambda: OpenVINOModel(folder, INFERENCE_PRECISION[precision]))

    activation = to_probabilities(run)

    def predict(images: "np.ndarray | tf.Tensor") -> "tf.Tensor":
        return activation(model(np.asarray(images, np.float32)))

    return Runner(wrap(predict), min(BATCH_SIZE, batch_size), model.parallel_calls)


def _converted_model(run: RunFolder, precision: str, size: Size | None, load: LoadModel, batch_size: int) -> Path:
    """The folder of the converted model. Converts it if there is none for this checkpoint."""
    name = "x".join(map(str, size)) if size else "any"
    f32 = _stored(run, f"openvino-{name}-f32", partial(_convert, run, size, load))
    if precision != "int8":
        return f32
    return _stored(run, f"openvino-{name}-int8", lambda folder: quantise(run, f32, folder, min(batch_size, BATCH_SIZE)))


def _stamp(run: RunFolder) -> str:
    checkpoint = run.best.stat()
    return f"{checkpoint.st_size}-{checkpoint.st_mtime_ns}-{len(run.classes())}"


def _stored(run: RunFolder, variant: str, write: Callable[[Path], None]) -> Path:
    """The folder of a variant. If it does not exist, it is written, and models of earlier checkpoints are removed."""
    folder = run.engines / f"{variant}-{_stamp(run)}"
    if folder.exists():
        return folder
    run.engines.mkdir(exist_ok=True)
    with temporary_folder(folder) as work:  # several machines may convert at the same time
        work.mkdir()
        write(work)
        for earlier in run.engines.glob("openvino-*"):
            if not earlier.name.endswith(_stamp(run)):
                remove_listed(earlier, FILES)
        try:
            os.replace(work, folder)
        except OSError:
            if not folder.exists():  # otherwise another process was faster
                raise
    return folder


def _convert(run: RunFolder, size: Size | None, load: LoadModel, folder: Path) -> None:
    model = load()
    run_converter(lambda: write_openvino(make_exportable(model), folder, input_signature(model, size=size)))
    _check_agreement(model, run_converter(lambda: OpenVINOModel(folder)), size or run.image_size(), run.kind.activation)


def _check_agreement(model: "keras.Model", logits: LogitsFunction, size: Size, activation: str) -> None:
    """Raises ConversionError if the converted model predicts other probabilities for an image of noise."""
    import tensorflow as tf

    noise = np.random.default_rng(0).uniform(0, 255, (1, *size, 3)).astype(np.float32)
    to_probabilities = tf.nn.sigmoid if activation == "sigmoid" else tf.nn.softmax
    expected = to_probabilities(model(noise, training=False))
    difference = float(tf.reduce_max(tf.abs(to_probabilities(logits(noise)) - expected)))
    if not difference <= MAX_DIFFERENCE:  # also true for NaN
        raise ConversionError(f"its probabilities differ by {difference:.1e}")
