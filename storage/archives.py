"""Zip archives, such as checkpoints: a member is read within a limit, and damage has a reason."""

import lzma
import struct
import zipfile
import zlib

ARCHIVE_ERRORS = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, OSError, RuntimeError, ValueError, KeyError,
    IndexError, OverflowError,
)  # fmt: skip
"""What zipfile raises for damaged archives, with the errors of NumPy and of HDF5 for what lies within."""


def read_member(archive: zipfile.ZipFile, name: str, most: int) -> bytes:
    """The content of a member of at most so many bytes. Raises one of ARCHIVE_ERRORS."""
    member = archive.getinfo(name)
    if member.file_size > most:
        raise zipfile.BadZipFile(f"{name} in it has {member.file_size:,} bytes, and at most {most:,} are read")
    return archive.read(member)
