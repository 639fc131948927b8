"""Reads weights that PyTorch has saved in its old pickled format (before 1.6), without PyTorch.

Such a file is a row of pickles: a magic number, the version of the format, facts about the machine, the state dict, and
the names of the storages; the bytes of the storages follow. The format is described by `torch/serialization.py`. A
pickle can run any code, so this reader knows tensors and ordered dictionaries, and refuses every other name.
"""

import collections
import pickle
import struct
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np

MAGIC_NUMBER = 0x1950A86A20F9469CFC6C
PROTOCOL_VERSION = 1001
STORAGES = {"FloatStorage": "<f4", "DoubleStorage": "<f8", "HalfStorage": "<f2", "LongStorage": "<i8"}


class _Storage(NamedTuple):
    """The name of a row of values, their type, and how many there are."""

    key: str
    dtype: np.dtype
    size: int


class _Tensor(NamedTuple):
    """A view of a storage: offset, shape and strides count values, not bytes."""

    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def read_state_dict(path: Path) -> dict[str, np.ndarray]:
    """The arrays of a state dict by name. Raises ValueError if the file is damaged or names anything but tensors."""
    try:
        with path.open("rb") as file:
            magic, version, facts = (_Unpickler(file).load() for _ in range(3))
            if magic != MAGIC_NUMBER or version != PROTOCOL_VERSION or not facts.get("little_endian"):
                raise ValueError("it is not in PyTorch's old format")
            tensors: dict[str, _Tensor] = _Unpickler(file).load()
            storages = {tensor.storage.key: tensor.storage for tensor in tensors.values()}
            values = {key: _read_values(file, storages[key]) for key in _Unpickler(file).load()}
        return {name: _as_array(tensor, values[tensor.storage.key]) for name, tensor in tensors.items()}
    except (pickle.UnpicklingError, ValueError, TypeError, AttributeError, KeyError, EOFError, struct.error) as error:
        raise ValueError(f"{path} is damaged, or not a state dict of PyTorch: {error}") from error


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> object:
        if (module, name) == ("collections", "OrderedDict"):
            return collections.OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _rebuild_tensor
        if module == "torch" and name in STORAGES:
            return np.dtype(STORAGES[name])
        raise pickle.UnpicklingError(f"it names {module}.{name}, and only tensors are read")

    def persistent_load(self, identity: tuple) -> _Storage:
        kind, dtype, key, _, size, view = identity
        if kind != "storage" or view is not None:
            raise pickle.UnpicklingError("it has a storage of an unknown kind")
        return _Storage(key, dtype, size)


def _rebuild_tensor(
    storage: _Storage, offset: int, shape: tuple[int, ...], strides: tuple[int, ...], *_: object
) -> _Tensor:
    return _Tensor(storage, offset, shape, strides)


def _read_values(file: BinaryIO, storage: _Storage) -> np.ndarray:
    (size,) = struct.unpack("<q", file.read(8))
    content = file.read(size * storage.dtype.itemsize)
    if size != storage.size or len(content) != size * storage.dtype.itemsize:
        raise ValueError(f"storage {storage.key} is incomplete")
    return np.frombuffer(content, storage.dtype)


def _as_array(tensor: _Tensor, values: np.ndarray) -> np.ndarray:
    steps = zip(tensor.shape, tensor.strides, strict=True)
    last = tensor.offset + sum((length - 1) * stride for length, stride in steps)
    if min(tensor.offset, *tensor.shape, *tensor.strides, 0) < 0 or last >= len(values):
        raise ValueError("a tensor reaches beyond its storage")
    strides = [stride * values.itemsize for stride in tensor.strides]
    return np.lib.stride_tricks.as_strided(values[tensor.offset :], tensor.shape, strides).copy()
