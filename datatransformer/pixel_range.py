"""The range of values of pictures with more than 8 bits per pixel, and their scaling to 0..255."""

from typing import NamedTuple

import numpy as np

EIGHT_BITS = 255
LARGEST_FRACTION = 1.0
LEAST_USED_FRACTION = 0.25
"""Fractions up to at least this value are scaled by 0..1; smaller ones by their own range."""

SAMPLE = 100_000
"""Values of a picture from which percentiles are taken."""


class PixelRange(NamedTuple):
    """The value that becomes black and the one that becomes white. As text: 0..4095."""

    low: float
    high: float

    def __str__(self) -> str:
        return f"{number_text(self.low)}..{number_text(self.high)}"

    @property
    def bits(self) -> int | None:
        """The number of bits of values of 0..2^bits - 1; None for another range."""
        bits = int(self.high).bit_length()
        return bits if self.low == 0 and self.high == 2**bits - 1 and bits > 1 else None

    def to_bytes(self, values: np.ndarray) -> np.ndarray:
        """uint8 of the same shape: low -> 0, high -> 255, values outside are cut, NaN -> 0."""
        scaled = (values.astype(np.float64) - self.low) * (EIGHT_BITS / (self.high - self.low))
        return np.rint(np.clip(np.nan_to_num(scaled, nan=0, posinf=EIGHT_BITS, neginf=0), 0, EIGHT_BITS)).astype(
            np.uint8
        )


class ValueSummary(NamedTuple):
    """The values of a picture, or of all pictures together.

    Attributes:
        low, high: the smallest and the largest.
        usual_low, usual_high: one in a thousand is smaller, and larger.
        bits: of the type in which they are stored.
        has_integers, has_floats: the types.
        has_fractions: some are not whole numbers.
    """

    low: float
    high: float
    usual_low: float
    usual_high: float
    bits: int
    has_integers: bool
    has_floats: bool
    has_fractions: bool

    def merge(self, other: "ValueSummary") -> "ValueSummary":
        lowest = (min(pair) for pair in ((self.low, other.low), (self.usual_low, other.usual_low)))
        highest = (max(pair) for pair in ((self.high, other.high), (self.usual_high, other.usual_high)))
        (low, usual_low), (high, usual_high) = lowest, highest
        return ValueSummary(
            low, high, usual_low, usual_high, max(self.bits, other.bits), self.has_integers or other.has_integers,
            self.has_floats or other.has_floats, self.has_fractions or other.has_fractions,
        )  # fmt: skip

    def range(self) -> PixelRange:
        """The range that the values were probably recorded in.

        Whole numbers from 0: the next whole number of bits. Floats of 0..1: 0..1. All others: from 0, or the smallest
        negative value, to the largest value.
        """
        if self.low < 0:
            return PixelRange(self.low, self.high if self.high > self.low else self.low + 1)
        if self.high <= 0:
            return PixelRange(0, 1)
        if self.has_floats and self.high <= LARGEST_FRACTION:
            return PixelRange(0, 1 if self.high > LEAST_USED_FRACTION else self.high)
        if self.has_fractions:
            return PixelRange(0, EIGHT_BITS if EIGHT_BITS / 2 < self.high <= EIGHT_BITS else self.high)
        bits = int(self.high).bit_length()
        return PixelRange(0, 2 ** (8 if bits == 7 else bits) - 1)  # 7: dark pictures of 8 bits


def summarise(values: np.ndarray, bits: int) -> ValueSummary:
    """The summary of a picture's values. NaN and infinity do not count."""
    is_float = bool(np.issubdtype(values.dtype, np.floating))
    flat = values.reshape(-1)
    if is_float:
        flat = flat[np.isfinite(flat)]
    if not flat.size:
        return ValueSummary(0, 0, 0, 0, bits, not is_float, is_float, False)
    sample = flat[:: max(1, flat.size // SAMPLE)]
    usual_low, usual_high = np.percentile(sample, (0.1, 99.9))
    has_fractions = is_float and bool((sample != np.rint(sample)).any())
    low, high = float(flat.min()), float(flat.max())
    return ValueSummary(low, high, float(usual_low), float(usual_high), bits, not is_float, is_float, has_fractions)


def number_text(value: float) -> str:
    return str(int(value)) if value == int(value) else f"{value:.6g}"
