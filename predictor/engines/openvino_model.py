"""An OpenVINO model: converts a Keras model, and loads the file to predict on a processor."""

from collections.abc import Sequence
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import keras
    import openvino

FILE = "model.xml"
FILES = (FILE, "model.bin")
"""The graph of the model. The weights are beside it, in model.bin."""

PACKAGES = {"openvino": "openvino"}
"""Names on PyPI by name of import."""

PRECISIONS = {"f32": "FP32", "bf16": "BF16", "int8": "INT8"}
"""OpenVINO's names of the precisions."""


class OpenVINOModel:
    """Takes images float32 (batch, height, width, 3) and returns logits. Several threads may call it at the same time.

    A model for a fixed image size is compiled for single images, which is the fastest with several threads. A model
    for any image size takes batches.

    Attributes:
        parallel_calls: calls at the same time that keep the processor busy; further callers wait.
    """

    def __init__(self, folder: Path, precision: str = "f32"):
        """`precision` is that of the values between layers, f32 or bf16, unless the model itself sets it."""
        import openvino

        _fill_dtype_tables()
        core = openvino.Core()
        model = core.read_model(folder / FILE)
        _, *size, channels = model.inputs[0].partial_shape
        self._takes_single_images = all(side.is_static for side in size)
        if self._takes_single_images:
            model.reshape([1, *size, channels])
        settings = {"INFERENCE_PRECISION_HINT": precision, "PERFORMANCE_HINT": "THROUGHPUT"}
        compiled = core.compile_model(model, "CPU", settings)
        self.parallel_calls: int = compiled.get_property("OPTIMAL_NUMBER_OF_INFER_REQUESTS")
        self._idle_requests: SimpleQueue[openvino.InferRequest] = SimpleQueue()
        for _ in range(self.parallel_calls):
            self._idle_requests.put(compiled.create_infer_request())

    def __call__(self, images: np.ndarray) -> np.ndarray:
        batches = np.split(images, len(images)) if self._takes_single_images else [images]
        request = self._idle_requests.get()
        try:
            return np.concatenate([request.infer(batch, share_inputs=True)[0] for batch in batches])
        finally:
            self._idle_requests.put(request)


def _fill_dtype_tables() -> None:
    """Fills the tables of NumPy types in OpenVINO's bindings (2026.4), which are filled at their first use.

    If two threads are the first users at the same time, they deadlock: one has the lock of the table and waits for
    Python's, the other has Python's. So this runs before there are other threads.
    """
    import openvino

    tensor = openvino.Tensor(np.zeros(1, np.float32))
    tensor.get_element_type().to_dtype()
    np.asarray(tensor.data)


def supports_precision(precision: str) -> bool:
    """Whether this processor computes in f32, bf16 or int8."""
    import openvino

    return PRECISIONS[precision] in openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")


def write_openvino(model: "keras.Model", folder: Path, signature: "Sequence[keras.InputSpec]") -> None:
    """Converts a Keras model. Keras also exports sizes of feature maps as outputs; they are left out."""
    import openvino

    exported = folder / "exported.xml"
    model.export(str(exported), format="openvino", verbose=False, input_signature=signature)
    converted = openvino.Core().read_model(exported)
    converted.inputs[0].tensor.set_names({signature[0].name})
    save_openvino(openvino.Model([converted.results[0]], converted.get_parameters(), "scenelab"), folder)
    del converted  # it keeps the file open
    for suffix in (".xml", ".bin"):
        exported.with_suffix(suffix).unlink()


def save_openvino(model: "openvino.Model", folder: Path) -> None:
    import openvino

    openvino.save_model(model, folder / FILE, compress_to_fp16=False)
