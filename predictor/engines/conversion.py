"""Shared by all conversions of a model to formats of other programs."""

from collections.abc import Callable
from importlib.util import find_spec
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from command import standard_error_hidden
from settings import WorkError

if TYPE_CHECKING:
    import keras

LogitsFunction = Callable[[np.ndarray], np.ndarray]
"""Takes images float32 (batch, height, width, 3) of 0..255. Returns logits, with the classes on the last axis."""

Result = TypeVar("Result")


class ConversionError(WorkError):
    """A converter or a runtime of another program does not support the model."""


def check_installed(packages: dict[str, str], purpose: str) -> None:
    """Raises WorkError with the command that installs the missing packages.

    `packages` are names on PyPI by name of import.
    """
    missing = [name for module, name in packages.items() if find_spec(module) is None]
    if missing:
        raise WorkError(f"{purpose} needs {', '.join(missing)}: pip install {' '.join(missing)}")


def run_converter(work: Callable[[], Result]) -> Result:
    """Returns `work()`. Hides the converter's messages, and raises ConversionError with the first line of its error."""
    with standard_error_hidden():
        try:
            return work()
        except Exception as error:  # each converter has its own errors
            failure = error  # raised outside of the block, which would otherwise show the hidden messages
    if isinstance(failure, OSError | WorkError):
        raise failure
    reason = next(iter(str(failure).strip().splitlines()), "") or type(failure).__name__
    raise ConversionError(reason) from failure


def input_signature(
    model: "keras.Model", name: str = "image", size: tuple[int, int] | None = None
) -> "list[keras.InputSpec]":
    """The signature of the exported model, with a fixed image size if `size` is given and the model takes images."""
    import keras

    batch, *sides, channels = model.input_shape
    shape = (batch, *(size if size and sides else sides), channels)
    return [keras.InputSpec(dtype="float32", shape=shape, name=name)]
