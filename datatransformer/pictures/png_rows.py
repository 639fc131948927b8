"""Finds PNG files that lack rows. Pillow fills them with black and says nothing; TensorFlow and OpenCV refuse them."""

import struct
import zlib
from collections.abc import Iterator
from itertools import groupby

START = b"\x89PNG\r\n\x1a\n"
BANDS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
"""Numbers per pixel by the type of colour."""

PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
"""First column and row, and steps to the next ones, of the seven parts of an interlaced picture."""

STEP = 2**20
"""Bytes that are unpacked at a time."""


class MissingRows(ValueError):
    """A PNG without all of its rows. The text is the reason."""


def check_rows(content: bytes) -> None:
    """Raises MissingRows unless the data of each picture of a PNG are complete. Other files pass.

    What is unpacked is counted, not kept.
    """
    if not content.startswith(START + b"\0\0\0\rIHDR") or len(content) < 33:
        return
    width, height, bits, colour, _, _, interlaced = struct.unpack_from(">IIBBBBB", content, 16)
    pixel = bits * BANDS.get(colour, 1)
    is_first = True
    for name, chunks in groupby(_chunks(content), lambda chunk: chunk[0]):
        if name == b"fcTL":  # the next picture of an animation
            *_, (_, data) = chunks
            width, height = struct.unpack_from(">II", data, 4)
        elif name in (b"IDAT", b"fdAT"):
            expected = _unpacked_bytes(width, height, pixel, bool(interlaced))
            parts = (data[4 if name == b"fdAT" else 0 :] for _, data in chunks)
            if (found := _count(parts, expected)) < expected:
                rows = f"about {found * height // expected} of {height} rows"
                raise MissingRows(f"{rows} of its {'picture' if is_first else 'pictures'} are there")
            is_first = False


def _chunks(content: bytes) -> Iterator[tuple[bytes, memoryview]]:
    """The name and data of each chunk, as far as they go."""
    view, position = memoryview(content), len(START)
    while position + 8 <= len(content):
        (length,) = struct.unpack_from(">I", content, position)
        yield content[position + 4 : position + 8], view[position + 8 : position + 8 + length]
        position += 12 + length


def _unpacked_bytes(width: int, height: int, pixel: int, interlaced: bool) -> int:
    """Each row has a byte for its filter and is filled up to a whole byte."""
    if not interlaced:
        return height * (1 + (width * pixel + 7) // 8)
    sizes = (
        (-(-(width - left) // across), -(-(height - top) // down))
        for left, top, across, down in PASSES
        if width > left and height > top
    )
    return sum(rows * (1 + (columns * pixel + 7) // 8) for columns, rows in sizes)


def _count(parts: Iterator[memoryview], enough: int) -> int:
    """The number of bytes in packed data, up to `enough`; less than that also if the data end before their checksum."""
    unpacker, count = zlib.decompressobj(), 0
    try:
        for part in parts:
            waiting: bytes | memoryview = part
            while len(waiting) and not unpacker.eof:
                count += len(unpacker.decompress(waiting, STEP))
                if count > enough:
                    return enough
                waiting = unpacker.unconsumed_tail
    except zlib.error:
        return min(count, enough - 1)
    return count if unpacker.eof else min(count, enough - 1)
