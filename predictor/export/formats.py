"""Export formats: how each writes a Keras model, and how its file is loaded."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from predictor.engines import openvino_model
from predictor.engines.conversion import LogitsFunction, input_signature
from predictor.engines.openvino_model import write_openvino

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class Format:
    """An export format.

    Attributes:
        packages: what writing and loading need: names on PyPI by name of import.
        runtime: names on PyPI of the packages that loading needs.
        file: name of the file or folder in the export.
        write: takes the model, the folder, the name of the model's input, and the image size (height, width).
        load: takes the folder and returns a function from inputs to outputs, both float32. For most models these are
            images (batch, height, width, 3) and logits.
        example: Python code that loads the model, with placeholders {input_name}, {inputs} and {output_name}.
        keeps_any_size: whether the exported model takes images of any size if the Keras model does.
    """

    packages: dict[str, str]
    runtime: tuple[str, ...]
    file: str
    write: "Callable[[keras.Model, Path, str, tuple[int, int]], None]"
    load: Callable[[Path], LogitsFunction]
    example: str
    keeps_any_size: bool = True


def _write_savedmodel(model: "keras.Model", folder: Path, name: str, size: tuple[int, int]) -> None:
    signature = input_signature(model, name)
    model.export(str(folder / SAVEDMODEL), format="tf_saved_model", verbose=False, input_signature=signature)


def _load_savedmodel(folder: Path) -> LogitsFunction:
    import tensorflow as tf

    loaded = tf.saved_model.load(str(folder / SAVEDMODEL))
    return lambda images: loaded.serve(images).numpy()


def _write_onnx(model: "keras.Model", folder: Path, name: str, size: tuple[int, int]) -> None:
    model.export(str(folder / ONNX), format="onnx", verbose=False, input_signature=input_signature(model, name))


def _load_onnx(folder: Path) -> LogitsFunction:
    import onnxruntime

    session = onnxruntime.InferenceSession(str(folder / ONNX), providers=["CPUExecutionProvider"])
    return lambda images: session.run(None, {session.get_inputs()[0].name: images})[0]


def _write_openvino(model: "keras.Model", folder: Path, name: str, size: tuple[int, int]) -> None:
    write_openvino(model, folder, input_signature(model, name))


def _load_openvino(folder: Path) -> LogitsFunction:
    import openvino

    compiled = openvino.Core().compile_model(folder / openvino_model.FILE, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return lambda images: compiled(images)[0]


def write_litert(
    model: "keras.Model", folder: Path, name: str, size: tuple[int, int], **converter_attributes: object
) -> None:
    """Exports for a fixed image size: any size would need TensorFlow operations that the runtime does not have."""
    signature = input_signature(model, name, size)
    file = str(folder / LITERT)
    model.export(file, format="litert", verbose=False, input_signature=signature, **converter_attributes)


def _load_litert(folder: Path) -> LogitsFunction:
    from ai_edge_litert.interpreter import Interpreter

    run = Interpreter(str(folder / LITERT)).get_signature_runner()
    (name,) = run.get_input_details()
    return lambda images: next(iter(run(**{name: images}).values()))


SAVEDMODEL, ONNX, LITERT = "savedmodel", "model.onnx", "model.tflite"

FORMATS = {
    "savedmodel": Format(
        {}, ("tensorflow",), SAVEDMODEL, _write_savedmodel, _load_savedmodel,
        """import tensorflow as tf

model = tf.saved_model.load("savedmodel")
{output_name} = model.serve({inputs}).numpy()""",
    ),
    "onnx": Format(
        {"tf2onnx": "tf2onnx", "onnx": "onnx", "onnxruntime": "onnxruntime"},
        ("onnxruntime",), ONNX, _write_onnx, _load_onnx,
        """import onnxruntime

session = onnxruntime.InferenceSession("model.onnx", providers=["CPUExecutionProvider"])
{output_name} = session.run(None, {{"{input_name}": {inputs}}})[0]""",
    ),
    "openvino": Format(
        openvino_model.PACKAGES, ("openvino",), openvino_model.FILE, _write_openvino, _load_openvino,
        """import openvino

model = openvino.Core().compile_model("model.xml", "CPU", {{"INFERENCE_PRECISION_HINT": "f32"}})
{output_name} = model({inputs})[0]""",
    ),
    "litert": Format(
        {"ai_edge_litert": "ai-edge-litert"}, ("ai-edge-litert",), LITERT, write_litert, _load_litert,
        """from ai_edge_litert.interpreter import Interpreter

model = Interpreter("model.tflite").get_signature_runner()
{output_name} = next(iter(model({input_name}={inputs}).values()))""",
        keeps_any_size=False,
    ),
}  # fmt: skip
