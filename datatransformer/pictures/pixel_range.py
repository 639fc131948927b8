"""The range of values of pictures with more than 8 bits per pixel, and their scaling to 0..255."""

from typing import NamedTuple

import numpy as np

EIGHT_BITS = 255
LARGEST_FRACTION = 1.0
LEAST_USED_FRACTION = 0.25
"""Fractions up to at least this value are scaled by 0..1; smaller ones by their own range."""

SAMPLE = 100_000
"""Values of a picture from which percentiles are taken."""

SMALL_SAMPLE = 10_000
"""Values of a picture among which different ones are counted."""

LEAST_DISTINCT = 16
"""Of fewer different values each has a meaning, also one that is far from the others."""

FEW_VALUES = 4
"""A range from 0 is too wide if the values are in less than one part in this many of it."""

OFFSET = 4
"""Values have an offset, as in CT and thermal pictures, if the lowest is more than one part in this many of the
highest."""


class PixelRange(NamedTuple):
    """The value that becomes black and the one that becomes white. As text: 0..4095."""

    low: float
    high: float

    def __str__(self) -> str:
        return f"{value_text(self.low)}..{value_text(self.high)}"

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
        next_low, next_high: the smallest but one and the largest but one of the different values. None: not known.
        main_low, main_high: one in twenty is smaller, and larger. None: not known.
        distinct: how many different values a picture has at most.
    """

    low: float
    high: float
    usual_low: float
    usual_high: float
    bits: int
    has_integers: bool
    has_floats: bool
    has_fractions: bool
    next_low: float | None = None
    next_high: float | None = None
    main_low: float | None = None
    main_high: float | None = None
    distinct: int = 0

    def merge(self, other: "ValueSummary") -> "ValueSummary":
        lows = sorted({self.low, other.low, *_known(self.next_low, other.next_low)})
        highs = sorted({self.high, other.high, *_known(self.next_high, other.next_high)}, reverse=True)
        return ValueSummary(
            low=lows[0],
            high=highs[0],
            usual_low=min(self.usual_low, other.usual_low),
            usual_high=max(self.usual_high, other.usual_high),
            bits=max(self.bits, other.bits),
            has_integers=self.has_integers or other.has_integers,
            has_floats=self.has_floats or other.has_floats,
            has_fractions=self.has_fractions or other.has_fractions,
            next_low=lows[1] if len(lows) > 1 else None,
            next_high=highs[1] if len(highs) > 1 else None,
            main_low=min(_known(self.main_low, other.main_low), default=None),
            main_high=max(_known(self.main_high, other.main_high), default=None),
            distinct=max(self.distinct, other.distinct),
        )

    @property
    def outliers(self) -> list[float]:
        """The smallest or the largest value, or both, if it lies farther from the others than these from each other.

        Such a value is a mark for pixels without a value, as -9999, or of a defect of the sensor.
        """
        low, high, next_low, next_high = self.low, self.high, self.next_low, self.next_high
        if self.distinct < LEAST_DISTINCT or next_low is None or next_high is None:
            return []
        below, above = next_low - low, high - next_high
        if min(below, above) > next_high - next_low:
            return [low, high]
        if below > high - next_low:
            return [low]
        return [high] if above > next_high - low else []

    @property
    def without_outliers(self) -> tuple[float, float]:
        """The smallest and the largest value that is not one of the outliers."""
        outliers = self.outliers
        low = self.next_low if self.low in outliers and self.next_low is not None else self.low
        high = self.next_high if self.high in outliers and self.next_high is not None else self.high
        return low, high

    @property
    def usual(self) -> tuple[float, float]:
        """All but one in a thousand of the values are between these, without outliers."""
        low, high = self.without_outliers
        return max(low, self.usual_low), min(high, self.usual_high)

    def range(self) -> PixelRange:
        """The range that the values were probably recorded in.

        Whole numbers from 0: the next whole number of bits. Floats of 0..1: 0..1. All others: from 0, or the smallest
        negative value, to the largest value. From the smallest value if there is an offset and the range would be much
        too wide. Outliers do not count.
        """
        low, high = self.without_outliers
        if low < 0:
            return PixelRange(low, high if high > low else low + 1)
        if high <= 0:
            return PixelRange(0, 1)
        from_zero = self._range_from_zero(high)
        usual_low, usual_high = self.usual
        width = (usual_high - usual_low) * FEW_VALUES
        if not (usual_low * OFFSET > usual_high > usual_low and width < from_zero.high):
            return from_zero
        return PixelRange(low, high) if width >= high - low else PixelRange(usual_low, usual_high)

    def _range_from_zero(self, high: float) -> PixelRange:
        if self.has_floats and high <= LARGEST_FRACTION:
            return PixelRange(0, 1 if high > LEAST_USED_FRACTION else high)
        if self.has_fractions:
            return PixelRange(0, EIGHT_BITS if EIGHT_BITS / 2 < high <= EIGHT_BITS else high)
        bits = int(high).bit_length()
        return PixelRange(0, 2 ** (8 if bits == 7 else bits) - 1)  # 7: dark pictures of 8 bits


def summarise(values: np.ndarray, bits: int, missing: np.ndarray | None = None) -> ValueSummary:
    """The summary of a picture's values. NaN and infinity do not count, nor do values where `missing` is true."""
    is_float = bool(np.issubdtype(values.dtype, np.floating))
    flat = values.reshape(-1) if missing is None else values[~missing]
    if is_float:
        flat = flat[np.isfinite(flat)]
    if not flat.size:
        return ValueSummary(0, 0, 0, 0, bits, not is_float, is_float, False)
    sample = flat[:: max(1, flat.size // SAMPLE)]
    usual_low, main_low, main_high, usual_high = map(float, np.percentile(sample, (0.1, 5, 95, 99.9)))
    has_fractions = is_float and bool((sample != np.rint(sample)).any())
    low, high = flat.min(), flat.max()
    next_low = float(np.min(flat, where=flat > low, initial=high)) if low < high else None
    next_high = float(np.max(flat, where=flat < high, initial=low)) if low < high else None
    distinct = np.unique(flat[:: max(1, flat.size // SMALL_SAMPLE)]).size
    return ValueSummary(
        float(low), float(high), usual_low, usual_high, bits, not is_float, is_float, has_fractions,
        next_low, next_high, main_low, main_high, distinct,
    )  # fmt: skip


def _known(*values: float | None) -> list[float]:
    return [value for value in values if value is not None]


def value_text(value: float) -> str:
    return str(int(value)) if value == int(value) else f"{value:.6g}"
