"""Exports a model in 8 bits: calibrates it on training images, and measures what the 8 bits cost.

Weights and the values between layers have 8 bits. Inputs and outputs stay float32, so programs load and use the model
like the one in f32.
"""

import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from datatransformer.layout import DataFolder
from predictor.engines import quantisation
from predictor.engines.calibration import (
    DECIDING,
    TITLES,
    Scores,
    calibration_images,
    comparison,
    measure,
    measured_images,
    read_calibration_data,
    single_image_loader,
)
from predictor.engines.conversion import LogitsFunction, run_converter
from predictor.export.formats import FORMATS, ONNX, write_litert
from predictor.export.parts import ModelPart
from settings import SettingError, WorkError, bad_setting, errors_if_given
from training.data_record import paths_of_data
from training.kinds import AUTOENCODER
from training.run_folder import RunFolder

if TYPE_CHECKING:
    from config import ExportConfig

BATCH_SIZE = 8

TIMED_CALLS = 24


class Calibration(NamedTuple):
    """The data of the run, its image size (height, width), and how much the score may fall."""

    data: DataFolder
    size: tuple[int, int]
    max_loss: float

    def images(self) -> Iterator[np.ndarray]:
        """Training images, each float32 (1, height, width, 3) of 0..255."""
        return map(single_image_loader(self.data, self.size), calibration_images(self.data))


class Measured(NamedTuple):
    """A model in one precision: its scores, its size, and the time that it takes for one image."""

    scores: Scores
    bytes: int
    milliseconds: float


class Cost(NamedTuple):
    """What the 8 bits cost and what they save, measured on `images` validation images."""

    f32: Measured
    int8: Measured
    images: int

    def __str__(self) -> str:
        sizes = f"{self.f32.bytes / 1e6:.2f} MB in f32, {self.int8.bytes / 1e6:.2f} MB in int8"
        times = f"{self.f32.milliseconds:.1f} ms an image in f32, {self.int8.milliseconds:.1f} ms in int8"
        return f"on {self.images} validation images: {comparison(self.f32.scores, self.int8.scores)}; {sizes}; {times}"


class Quantiser(NamedTuple):
    """How a format gets 8 bits.

    Attributes:
        packages: what this needs besides the packages of the format: names on PyPI by name of import.
        write: takes the model, the folder with it in f32, the folder for 8 bits, and the calibration.
    """

    packages: dict[str, str]
    write: Callable[[ModelPart, Path, Path, Calibration], None]


def read_calibration(settings: "ExportConfig", run: RunFolder) -> Calibration | None:
    """The calibration of an export in int8; None in f32. Raises SettingError for settings that do not go together."""
    if settings.precision != "int8":
        why = "has no effect in f32; leave it out, or give --precision int8"
        if errors := errors_if_given(settings, ("data", "max_loss"), why):
            raise SettingError(*errors)
        return None
    able = ", ".join(QUANTISERS)
    if run.kind == AUTOENCODER:
        allowed = f"is for networks that predict classes; {run.path} is an auto-encoder, which is exported in f32"
        raise SettingError(bad_setting("precision", "int8", allowed))
    if unable := [name for name in settings.format if name not in QUANTISERS]:
        allowed = f"{', '.join(unable)} is exported in f32 only; choose int8 with --format {able}"
        raise SettingError(bad_setting("format", settings.format, allowed))
    if settings.data is None and paths_of_data(run)[0] == Path():
        allowed = "int8 is calibrated on training images, and the run is packed; give the folder that it was trained on"
        raise SettingError(bad_setting("data", None, f"{allowed} by --data"))
    try:
        data = read_calibration_data(run, settings.data)
    except SettingError as error:
        advice = f"int8 is calibrated on the training images of {run.path}; give its data folder by --data"
        raise SettingError(*(f"{reason} ({advice})" for reason in error.errors)) from error
    return Calibration(data, run.image_size(), settings.max_loss)


def measure_cost(name: str, f32_folder: Path, folder: Path, calibration: Calibration, sizes: tuple[int, int]) -> Cost:
    """Compares a format in f32 and in int8, which have these numbers of bytes.

    Raises WorkError if the score falls by more than is allowed, ConversionError if a model cannot be run.
    """
    data, size = calibration.data, calibration.size
    models = [run_converter(lambda: FORMATS[name].load(path)) for path in (f32_folder, folder)]  # noqa: B023
    scores = [run_converter(lambda: measure(model, data, size, BATCH_SIZE)) for model in models]  # noqa: B023
    example = next(calibration.images())
    times = run_converter(lambda: milliseconds_per_image(models, example))
    f32, int8 = (Measured(*values) for values in zip(scores, sizes, times, strict=True))
    cost = Cost(f32, int8, len(measured_images(data)))
    check_loss(name, cost, DECIDING[data.task], calibration.max_loss)
    return cost


def check_loss(name: str, cost: Cost, score: str, max_loss: float) -> None:
    """Raises WorkError if the score falls by more than `max_loss`, or is no number."""
    before, after = cost.f32.scores[score], cost.int8.scores[score]
    if not before - after <= max_loss:  # also true for NaN
        raise WorkError(
            f"As {name} in int8 the {TITLES[score]} on {cost.images} validation images is {after:.4f}, and {before:.4f}"
            f" in f32: it falls by more than {max_loss:g}; nothing was exported. Use --precision f32, leave that format"
            " out, or allow more by --max-loss."
        )


def milliseconds_per_image(models: Sequence[LogitsFunction], image: np.ndarray) -> list[float]:
    """The median of each model's time for one image. The models take turns, so that other work slows all of them."""
    times: list[list[float]] = [[] for _ in models]
    for model in models:
        model(image)  # the first call prepares the next ones
    for _ in range(TIMED_CALLS):
        for model, found in zip(models, times, strict=True):
            start = time.perf_counter()
            model(image)
            found.append(time.perf_counter() - start)
    return [1000 * statistics.median(found) for found in times]


class _OnnxImages:
    """What ONNX Runtime reads for the calibration: each image by the name of the model's input, then None."""

    def __init__(self, name: str, images: Iterator[np.ndarray]):
        self._inputs = ({name: image} for image in images)

    def get_next(self) -> dict[str, np.ndarray] | None:
        return next(self._inputs, None)


def _quantise_onnx(part: ModelPart, f32_folder: Path, folder: Path, calibration: Calibration) -> None:
    from onnxruntime.quantization import QuantFormat, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    prepared = f32_folder / "prepared.onnx"
    quant_pre_process(f32_folder / ONNX, prepared, skip_symbolic_shape=True)  # symbolic shapes need another package
    images = _OnnxImages(part.input_name, calibration.images())
    quantize_static(prepared, folder / ONNX, images, quant_format=QuantFormat.QDQ, per_channel=True)


def _quantise_openvino(part: ModelPart, f32_folder: Path, folder: Path, calibration: Calibration) -> None:
    load = single_image_loader(calibration.data, calibration.size)
    quantisation.quantise_file(f32_folder, folder, calibration_images(calibration.data), load)


def _quantise_litert(part: ModelPart, f32_folder: Path, folder: Path, calibration: Calibration) -> None:
    """Converts the run's model again, since LiteRT quantises while it converts. What has no 8-bit version stays f32."""
    import tensorflow as tf

    write_litert(
        part.model, folder, part.input_name, calibration.size, optimizations=[tf.lite.Optimize.DEFAULT],
        representative_dataset=lambda: ([image] for image in calibration.images()),
    )  # fmt: skip


QUANTISERS = {
    "onnx": Quantiser({}, _quantise_onnx),
    "openvino": Quantiser(quantisation.PACKAGES, _quantise_openvino),
    "litert": Quantiser({}, _quantise_litert),
}
