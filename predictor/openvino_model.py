"""A model as OpenVINO has it: written, and loaded to compute on a processor."""

from collections.abc import Sequence
from functools import cached_property, partial
from pathlib import Path
from queue import SimpleQueue

import numpy as np

FILE = "model.xml"
"""Its numbers lie beside it, in model.bin."""

PACKAGES = {"openvino": "openvino"}
"""Name on PyPI by name of import."""

INPUT = "image"

PRECISIONS = {"f32": "FP32", "bf16": "BF16", "int8": "INT8"}
"""OpenVINO's names for them."""


class OpenVINOModel:
    """Pictures float32 (batch, height, width, 3) -> logits. Threads may call it at the same time.

    Attributes:
        at_a_time: so many callers keep the processor busy; more of them wait.
    """

    def __init__(self, folder: Path, size: tuple[int, int], precision: str = "f32"):
        """Pictures of `size`, height and width in pixels, go one by one through a model compiled for one of that size:
        with as many threads as cores nothing is faster. Others go by batches through one that takes any.

        `precision` is that of the numbers between layers, f32 or bf16, where the model itself says nothing.
        """
        self._size, self._compile = size, partial(_Requests, folder, precision)
        self._of_size = self._compile((1, *size, 3))
        self.at_a_time = self._of_size.count

    def __call__(self, images: np.ndarray) -> np.ndarray:
        if images.shape[1:3] != self._size:
            return self._of_any_size.infer(images)
        return np.concatenate([self._of_size.infer(images[number : number + 1]) for number in range(len(images))])

    @cached_property
    def _of_any_size(self) -> "_Requests":
        return self._compile(None)


class _Requests:
    """To a compiled model, as many at a time as keep the processor busy."""

    def __init__(self, folder: Path, precision: str, shape: tuple[int, ...] | None):
        import openvino

        core = openvino.Core()
        model = core.read_model(folder / FILE)
        if shape:
            model.reshape(shape)
        settings = {"INFERENCE_PRECISION_HINT": precision, "PERFORMANCE_HINT": "THROUGHPUT"}
        compiled = core.compile_model(model, "CPU", settings)
        self.count = compiled.get_property("OPTIMAL_NUMBER_OF_INFER_REQUESTS")
        self._idle = SimpleQueue()
        for _ in range(self.count):
            self._idle.put(compiled.create_infer_request())

    def infer(self, images: np.ndarray) -> np.ndarray:
        request = self._idle.get()
        try:
            return request.infer(images, share_inputs=True)[0]
        finally:
            self._idle.put(request)


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
    whole.inputs[0].tensor.set_names({INPUT})
    save(openvino.Model([whole.results[0]], whole.get_parameters(), "scenelab"), folder)
    del whole  # it holds the file
    for suffix in (".xml", ".bin"):
        as_exported.with_suffix(suffix).unlink()


def save(model, folder: Path) -> None:
    """A model of OpenVINO."""
    import openvino

    openvino.save_model(model, folder / FILE, compress_to_fp16=False)
