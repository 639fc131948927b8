"""What all conversions of a model share."""

from collections.abc import Callable
from importlib.util import find_spec

import numpy as np

from command import standard_error_hidden
from settings import WorkError

Logits = Callable[[np.ndarray], np.ndarray]


class NotTaken(WorkError):
    """A converter or a runtime of another program cannot do with the model."""


def check_installed(packages: dict[str, str], what_for: str) -> None:
    """Raises WorkError with the command that installs what is missing."""
    missing = [name for module, name in packages.items() if find_spec(module) is None]
    if missing:
        raise WorkError(f"{what_for} needs {', '.join(missing)}: pip install {' '.join(missing)}")


def quietly(work: Callable):
    """What `work()` gives, without the remarks of converters. Raises NotTaken with the first line of what fails."""
    with standard_error_hidden():
        try:
            return work()
        except Exception as error:  # each converter has errors of its own
            failed = error  # raised below, or what was held back would be shown
    if isinstance(failed, OSError | WorkError):
        raise failed
    reason = next(iter(str(failed).strip().splitlines()), "") or type(failed).__name__
    raise NotTaken(reason) from failed


def input_of(model, name: str = "image", size: tuple[int, int] | None = None) -> list:
    """The signature that an export is to have; of one size if it is given, and the model takes pictures."""
    import keras

    batch, *sides, channels = model.input_shape
    return [keras.InputSpec(dtype="float32", shape=(batch, *(size if size and sides else sides), channels), name=name)]
