"""Masks as run lengths, in the three ways in which annotation tools write them: COCO, CVAT and Label Studio."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from datatransformer.pictures.images import UnreadableImage

RGBA = 4
"""Values of a pixel in Label Studio's run lengths. The last one, alpha, is the mask."""


def coco_mask(run_lengths: Any, height: int, width: int) -> np.ndarray:
    """(height, width) bool from COCO's run lengths, down the columns: a list of counts, or their compressed text.

    Raises UnreadableImage.
    """
    if not isinstance(run_lengths, dict) or "counts" not in run_lengths:
        raise UnreadableImage("has run lengths without counts")
    size, counts = run_lengths.get("size"), run_lengths["counts"]
    if size not in ([height, width], (height, width)):
        raise UnreadableImage(f"has run lengths of size {size}; the annotated image has [{height}, {width}]")
    if isinstance(counts, str):
        counts = _decompressed(counts)
    return _from_runs(counts, height * width).reshape(width, height).T


def row_mask(counts: Sequence[int], height: int, width: int) -> np.ndarray:
    """(height, width) bool from CVAT's run lengths, along rows: counts of 0 and 1 in turn. Raises UnreadableImage."""
    return _from_runs(counts, height * width).reshape(height, width)


def brush_mask(content: Sequence[int], height: int, width: int) -> np.ndarray:
    """(height, width) bool from the bytes of a brush of Label Studio. Raises UnreadableImage.

    They hold RGBA pixels in the packed run lengths of https://github.com/thi-ng/umbrella (rle-pack): a header, and then
    runs. A run has a bit that tells whether one value repeats, two bits for the kind of its length, and the length.
    """
    try:
        packed = np.asarray(content)
        if (
            packed.ndim != 1
            or packed.dtype.kind not in "iu"
            or packed.min(initial=0) < 0
            or packed.max(initial=0) > 255
        ):
            raise ValueError("should be a list of bytes")
        values = _unpacked(_Bits(packed.astype(np.uint8)), height * width * RGBA)
    except (ValueError, OverflowError) as error:
        raise UnreadableImage(f"has damaged run lengths of a brush: {error}") from error
    return values.reshape(height, width, RGBA)[..., -1] > 0


def _from_runs(counts: Any, size: int) -> np.ndarray:
    """(size,) bool: runs of 0 and 1 in turn. Raises UnreadableImage if they have another sum."""
    if not isinstance(counts, list | tuple | np.ndarray):
        raise UnreadableImage("has run lengths that are neither a list nor a text")
    if any(isinstance(count, str | bool) for count in counts):
        raise UnreadableImage("has run lengths that are no integers")
    try:
        runs = np.asarray(counts, np.float64)
    except (ValueError, TypeError, OverflowError) as error:
        raise UnreadableImage("has run lengths that are no integers") from error
    if runs.ndim != 1 or not (np.isfinite(runs) & (runs >= 0) & (runs == np.floor(runs))).all():
        raise UnreadableImage("has run lengths that are no integers")
    if runs.sum() != size:
        raise UnreadableImage(f"has run lengths of {runs.sum():.0f} pixels for {size}")
    return np.repeat(np.arange(len(runs)) % 2 == 1, runs.astype(np.int64))


def _decompressed(text: str) -> np.ndarray:
    """The counts of COCO's compressed run lengths. Raises UnreadableImage.

    Each character holds 5 bits of a count, low bits first, and whether more follow. From the fourth count on it is the
    difference to the count of two before. (pycocotools decodes this too, but accepts a text that is cut off.)
    """
    codes = np.frombuffer(text.encode("utf-8", "replace"), np.uint8).astype(np.int64) - 48
    if len(codes) == 0 or codes.min() < 0 or codes.max() > 63 or codes[-1] & 32:
        raise UnreadableImage("has compressed run lengths that are damaged")
    ends = np.flatnonzero((codes & 32) == 0)
    starts = np.concatenate([[0], ends[:-1] + 1])
    place = np.arange(len(codes)) - np.repeat(starts, ends - starts + 1)
    if place.max() > 11:
        raise UnreadableImage("has compressed run lengths that are damaged")
    counts = np.add.reduceat((codes & 31) << (5 * place), starts)
    bits = 5 * (ends - starts + 1)
    counts -= np.where(codes[ends] & 16, 1 << bits, 0)
    differences = counts.copy()
    for first in (1, 2):  # counts 1, 3, 5 ... and 2, 4, 6 ... are sums of their differences
        counts[first::2] = np.cumsum(differences[first::2])
    return counts


class _Bits:
    """Reads numbers from bytes, bit by bit."""

    def __init__(self, content: np.ndarray) -> None:
        self.bits, self.place = np.unpackbits(content), 0
        self.text = content.tobytes()

    def number(self, bits: int) -> int:
        """Raises ValueError behind the end."""
        start, self.place = self.place, self.place + bits
        if self.place > len(self.bits):
            raise ValueError("cut off")
        first, last = start // 8, (self.place + 7) // 8
        return int.from_bytes(self.text[first:last]) >> (last * 8 - self.place) & ((1 << bits) - 1)

    def numbers(self, count: int, bits: int) -> np.ndarray:
        start, self.place = self.place, self.place + count * bits
        if self.place > len(self.bits):
            raise ValueError("cut off")
        return self.bits[start : self.place].reshape(count, bits) @ (1 << np.arange(bits - 1, -1, -1))


def _unpacked(bits: _Bits, size: int) -> np.ndarray:
    """(size,) values. Raises ValueError if there are more or fewer of them."""
    count = bits.number(32)
    word = bits.number(5) + 1
    lengths = [bits.number(4) + 1 for _ in range(4)]
    if count != size:
        raise ValueError(f"{count} values for {size}")
    values, place = np.zeros(size, np.int64), 0
    while place < size:
        repeats = bits.number(1)
        length = bits.number(lengths[bits.number(2)]) + 1
        if place + length > size:
            raise ValueError("a run is too long")
        values[place : place + length] = bits.number(word) if repeats else bits.numbers(length, word)
        place += length
    return values
