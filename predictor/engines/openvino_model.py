"""A model as OpenVINO has it: written, and loaded to compute on a processor."""

from collections.abc import Sequence
from pathlib import Path
from queue import SimpleQueue

import numpy as np

FILE = "model.xml"
"""Its numbers lie beside it, in model.bin."""

PACKAGES = {"openvino": "openvino"}
"""Name on PyPI by name of import."""

PRECISIONS = {"f32": "FP32", "bf16": "BF16", "int8": "INT8"}
"""OpenVINO's names for them."""


class OpenVINOModel:
    """Pictures float32 (batch, height, width, 3) -> logits. Threads may call it at the same time.

    What was written for one size takes pictures one by one, compiled for just that: with several threads at work
    nothing is faster. What was written for any takes them by batches.

    Attributes:
        at_a_time: so many callers keep the processor busy; more of them wait.
    """

    def __init__(self, folder: Path, precision: str = "f32"):
        """`precision` is that of the numbers between layers, f32 or bf16, where the model itself says nothing."""
        import openvino

        _fill_tables_of_bindings()
        core = openvino.Core()
        model = core.read_model(folder / FILE)
        _, *size, channels = model.inputs[0].partial_shape
        self._one_by_one = all(side.is_static for side in size)
        if self._one_by_one:
            model.reshape([1, *size, channels])
        settings = {"INFERENCE_PRECISION_HINT": precision, "PERFORMANCE_HINT": "THROUGHPUT"}
        compiled = core.compile_model(model, "CPU", settings)
        self.at_a_time = compiled.get_property("OPTIMAL_NUMBER_OF_INFER_REQUESTS")
        self._idle = SimpleQueue()
        for _ in range(self.at_a_time):
            self._idle.put(compiled.create_infer_request())

    def __call__(self, images: np.ndarray) -> np.ndarray:
        parts = np.split(images, len(images)) if self._one_by_one else [images]
        request = self._idle.get()
        try:
            return np.concatenate([request.infer(part, share_inputs=True)[0] for part in parts])
        finally:
            self._idle.put(request)


def _fill_tables_of_bindings() -> None:
    """OpenVINO's bindings (2026.4) look up NumPy's kinds of numbers when they are first asked for one.

    Two threads that ask first at the same time wait for each other for ever: one has the table's lock and wants
    Python's, the other has Python's. So one thread asks before there are others.
    """
    import openvino

    tensor = openvino.Tensor(np.zeros(1, np.float32))
    tensor.get_element_type().to_dtype()
    np.asarray(tensor.data)


def computes(precision: str) -> bool:
    """Whether this processor does so itself: f32, bf16, int8."""
    import openvino

    return PRECISIONS[precision] in openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")


def write_openvino(model, folder: Path, signature: Sequence) -> None:
    """A model of Keras. Its export has sizes of feature maps as outputs too: they are left out."""
    import openvino

    as_exported = folder / "exported.xml"
    model.export(str(as_exported), format="openvino", verbose=False, input_signature=signature)
    whole = openvino.Core().read_model(as_exported)
    whole.inputs[0].tensor.set_names({signature[0].name})
    save(openvino.Model([whole.results[0]], whole.get_parameters(), "scenelab"), folder)
    del whole  # it holds the file
    for suffix in (".xml", ".bin"):
        as_exported.with_suffix(suffix).unlink()


def save(model, folder: Path) -> None:
    """A model of OpenVINO."""
    import openvino

    openvino.save_model(model, folder / FILE, compress_to_fp16=False)
