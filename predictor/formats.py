"""Formats of other programs: how a model is written in each, and how its file is loaded there.

What a format has to say of itself: `packages`, name on PyPI by name of import, of which `runtime` are needed to load
it; `file` within the folder; `write(model, folder, size)`; `load(folder)`, which gives pictures float32 (batch,
height, width, 3) -> logits; `resizes`, whether it takes other sizes than `size` where the model does; `example`,
Python that loads it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from command import standard_error_held_back
from predictor import openvino_model
from predictor.openvino_model import INPUT, write_openvino
from settings import WorkError

Logits = Callable[[np.ndarray], np.ndarray]


class NotTaken(WorkError):
    """A converter or a runtime of another program cannot do with the model."""


@dataclass(frozen=True)
class Format:
    """See above."""

    packages: dict[str, str]
    runtime: tuple[str, ...]
    file: str
    write: Callable
    load: Callable[[Path], Logits]
    example: str
    resizes: bool = True


def check_installed(packages: dict[str, str], what_for: str) -> None:
    """Raises WorkError with the command that installs what is missing."""
    missing = [name for module, name in packages.items() if find_spec(module) is None]
    if missing:
        raise WorkError(f"{what_for} needs {', '.join(missing)}: pip install {' '.join(missing)}")


def quietly(work: Callable):
    """What `work()` gives, without the remarks of converters. Raises NotTaken with the first line of what fails."""
    with standard_error_held_back():
        try:
            return work()
        except Exception as error:  # each converter has errors of its own
            failed = error  # raised below, or what was held back would be shown
    if isinstance(failed, OSError | WorkError):
        raise failed
    reason = next(iter(str(failed).strip().splitlines()), "") or type(failed).__name__
    raise NotTaken(reason) from failed


def _write_savedmodel(model, folder: Path, size: tuple[int, int]) -> None:
    model.export(str(folder / SAVEDMODEL), format="tf_saved_model", verbose=False, input_signature=input_of(model))


def _load_savedmodel(folder: Path) -> Logits:
    import tensorflow as tf

    loaded = tf.saved_model.load(str(folder / SAVEDMODEL))
    return lambda images: loaded.serve(images).numpy()


def _write_onnx(model, folder: Path, size: tuple[int, int]) -> None:
    model.export(str(folder / ONNX), format="onnx", verbose=False, input_signature=input_of(model))


def _load_onnx(folder: Path) -> Logits:
    import onnxruntime

    session = onnxruntime.InferenceSession(str(folder / ONNX), providers=["CPUExecutionProvider"])
    return lambda images: session.run(None, {INPUT: images})[0]


def _write_openvino(model, folder: Path, size: tuple[int, int]) -> None:
    write_openvino(model, folder, input_of(model))


def _load_openvino(folder: Path) -> Logits:
    import openvino

    compiled = openvino.Core().compile_model(folder / openvino_model.FILE, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return lambda images: compiled(images)[0]


def _write_litert(model, folder: Path, size: tuple[int, int]) -> None:
    """At one size: with others it would need operations of TensorFlow that the runtime lacks."""
    model.export(str(folder / LITERT), format="litert", verbose=False, input_signature=input_of(model, size))


def _load_litert(folder: Path) -> Logits:
    from ai_edge_litert.interpreter import Interpreter

    run = Interpreter(str(folder / LITERT)).get_signature_runner()
    return lambda images: next(iter(run(**{INPUT: images}).values()))


def input_of(model, size: tuple[int, int] | None = None) -> list:
    """The signature that an export is to have; of one size if it is given."""
    import keras

    batch, height, width, channels = model.input_shape
    return [keras.InputSpec(dtype="float32", shape=(batch, *(size or (height, width)), channels), name=INPUT)]


SAVEDMODEL, ONNX, LITERT = "savedmodel", "model.onnx", "model.tflite"

FORMATS = {
    "savedmodel": Format(
        {}, ("tensorflow",), SAVEDMODEL, _write_savedmodel, _load_savedmodel,
        """import tensorflow as tf

model = tf.saved_model.load("savedmodel")
logits = model.serve(images).numpy()""",
    ),
    "onnx": Format(
        {"tf2onnx": "tf2onnx", "onnx": "onnx", "onnxruntime": "onnxruntime"},
        ("onnxruntime",), ONNX, _write_onnx, _load_onnx,
        """import onnxruntime

session = onnxruntime.InferenceSession("model.onnx", providers=["CPUExecutionProvider"])
logits = session.run(None, {"image": images})[0]""",
    ),
    "openvino": Format(
        openvino_model.PACKAGES, ("openvino",), openvino_model.FILE, _write_openvino, _load_openvino,
        """import openvino

model = openvino.Core().compile_model("model.xml", "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
logits = model(images)[0]""",
    ),
    "litert": Format(
        {"ai_edge_litert": "ai-edge-litert"}, ("ai-edge-litert",), LITERT, _write_litert, _load_litert,
        """from ai_edge_litert.interpreter import Interpreter

model = Interpreter("model.tflite").get_signature_runner()
logits = next(iter(model(image=images).values()))""",
        resizes=False,
    ),
}  # fmt: skip
