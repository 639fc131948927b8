"""Formats of other programs: how a model is written in each, and how its file is loaded there.

What a format has to say of itself: `packages`, name on PyPI by name of import, of which `runtime` are needed to load
it; `file` within the folder; `write(model, folder, input, size)`, with the name that the input is to have;
`load(folder)`, which gives pictures float32 (batch, height, width, 3) -> logits, or what else the model takes and
gives; `resizes`, whether it takes other sizes than `size` where the model does; `example`, Python that loads it, with
{input}, {given} and {output} in place of names.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from predictor.engines import openvino_model
from predictor.engines.conversion import Logits, input_of
from predictor.engines.openvino_model import write_openvino


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


def _write_savedmodel(model, folder: Path, name: str, size: tuple[int, int]) -> None:
    signature = input_of(model, name)
    model.export(str(folder / SAVEDMODEL), format="tf_saved_model", verbose=False, input_signature=signature)


def _load_savedmodel(folder: Path) -> Logits:
    import tensorflow as tf

    loaded = tf.saved_model.load(str(folder / SAVEDMODEL))
    return lambda images: loaded.serve(images).numpy()


def _write_onnx(model, folder: Path, name: str, size: tuple[int, int]) -> None:
    model.export(str(folder / ONNX), format="onnx", verbose=False, input_signature=input_of(model, name))


def _load_onnx(folder: Path) -> Logits:
    import onnxruntime

    session = onnxruntime.InferenceSession(str(folder / ONNX), providers=["CPUExecutionProvider"])
    return lambda images: session.run(None, {session.get_inputs()[0].name: images})[0]


def _write_openvino(model, folder: Path, name: str, size: tuple[int, int]) -> None:
    write_openvino(model, folder, input_of(model, name))


def _load_openvino(folder: Path) -> Logits:
    import openvino

    compiled = openvino.Core().compile_model(folder / openvino_model.FILE, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return lambda images: compiled(images)[0]


def _write_litert(model, folder: Path, name: str, size: tuple[int, int]) -> None:
    """At one size: with others it would need operations of TensorFlow that the runtime lacks."""
    model.export(str(folder / LITERT), format="litert", verbose=False, input_signature=input_of(model, name, size))


def _load_litert(folder: Path) -> Logits:
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
{output} = model.serve({given}).numpy()""",
    ),
    "onnx": Format(
        {"tf2onnx": "tf2onnx", "onnx": "onnx", "onnxruntime": "onnxruntime"},
        ("onnxruntime",), ONNX, _write_onnx, _load_onnx,
        """import onnxruntime

session = onnxruntime.InferenceSession("model.onnx", providers=["CPUExecutionProvider"])
{output} = session.run(None, {{"{input}": {given}}})[0]""",
    ),
    "openvino": Format(
        openvino_model.PACKAGES, ("openvino",), openvino_model.FILE, _write_openvino, _load_openvino,
        """import openvino

model = openvino.Core().compile_model("model.xml", "CPU", {{"INFERENCE_PRECISION_HINT": "f32"}})
{output} = model({given})[0]""",
    ),
    "litert": Format(
        {"ai_edge_litert": "ai-edge-litert"}, ("ai-edge-litert",), LITERT, _write_litert, _load_litert,
        """from ai_edge_litert.interpreter import Interpreter

model = Interpreter("model.tflite").get_signature_runner()
{output} = next(iter(model({input}={given}).values()))""",
        resizes=False,
    ),
}  # fmt: skip
