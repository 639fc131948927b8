"""Checks files of models before anything in them is unpacked: what they may not hold, and how large it may be.

A file of a stranger can claim any size, and an HDF5 file can name other files, whose content would become weights.
"""

import io
import zipfile
from pathlib import Path, PurePosixPath
from typing import BinaryIO

import h5py
import numpy as np

WEIGHTS = "model.weights.h5"
"""The weights in a `.keras` file."""

MAX_GROWTH, ALWAYS_ALLOWED = 10, 64 * 2**20
"""What is unpacked may have this many times the bytes of its file, or this many bytes. Weights hardly become smaller,
and Keras does not try."""

ZIP, HDF5 = b"PK\x03\x04", b"\x89HDF\r\n\x1a\n"


class UnsafeFile(ValueError):
    """A file of a model that is not opened. The text is the reason."""


def check_model_file(path: Path) -> None:
    """Raises UnsafeFile for what must not be opened, OSError or zipfile.BadZipFile for what cannot be."""
    with path.open("rb") as file:
        start = file.read(len(HDF5))
    if start.startswith(ZIP):
        _check_archive(path)
    elif start == HDF5:
        with path.open("rb") as file:
            _check_hdf5(file, path.stat().st_size)


def _check_size(what: str, size: int, packed: int) -> None:
    if size > max(ALWAYS_ALLOWED, MAX_GROWTH * packed):
        raise UnsafeFile(
            f"{what} would take {size:,} bytes, and the file has {packed:,}; at most {MAX_GROWTH} times as many are "
            f"unpacked (MAX_GROWTH in {__name__.replace('.', '/')}.py)"
        )


def _check_archive(path: Path) -> None:
    packed = path.stat().st_size
    with zipfile.ZipFile(path) as archive:
        entries = archive.infolist()
        for entry in entries:
            name = PurePosixPath(entry.filename.replace("\\", "/"))
            if name.is_absolute() or ".." in name.parts:
                raise UnsafeFile(f"it holds {entry.filename!r}, which leads out of its folder")
            _check_size(f"{entry.filename!r} in it", entry.file_size, entry.compress_size)
        _check_size("its content", sum(entry.file_size for entry in entries), packed)
        for entry in entries:
            if entry.filename.endswith(".npy"):
                with archive.open(entry) as file:
                    _check_array(file, entry)  # type: ignore[arg-type]
        if WEIGHTS in archive.namelist():
            content = archive.read(WEIGHTS)
            _check_hdf5(io.BytesIO(content), len(content))


def _check_array(file: BinaryIO, entry: zipfile.ZipInfo) -> None:
    """NumPy allocates what the header of an array claims before it reads."""
    version = np.lib.format.read_magic(file)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, dtype = read(file)
    size = dtype.itemsize
    for length in shape:
        size *= int(length)
    if dtype.hasobject or size > entry.file_size:
        raise UnsafeFile(f"{entry.filename!r} in it claims {size:,} bytes of {dtype}, and has {entry.file_size:,}")


def _check_hdf5(file: BinaryIO, packed: int) -> None:
    with h5py.File(file, "r") as content:
        waiting, seen, size = [content["/"]], set(), 0
        while waiting:
            group = waiting.pop()
            for name in group:
                link = group.get(name, getlink=True)
                if not isinstance(link, h5py.HardLink):
                    raise UnsafeFile(f"{group.name.rstrip('/')}/{name} is a link, which may lead to another file")
                item = group[name]
                if item.id in seen:
                    continue
                seen.add(item.id)
                if isinstance(item, h5py.Group):
                    waiting.append(item)
                elif isinstance(item, h5py.Dataset):
                    if item.is_virtual or item.external:
                        raise UnsafeFile(f"the values of {item.name} lie in another file")
                    size += item.nbytes
        _check_size("its arrays", size, packed)
