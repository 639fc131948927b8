"""What is in one mask: its values or colours, the pixels of each, and those inside areas of one value."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import NamedTuple

import cv2
import numpy as np

from datatransformer.masks.raw_masks import RawMask

VALUES, ONE_BIT, GRAY_COLOURS, COLOURS = "values", "one bit", "gray colours", "colours"
PALETTE, SHADES = "palette", "shades"
OPACITY, VISIBLE, HIDDEN = "opacity", "visible", "hidden"
BEHIND, GRAY_BEHIND = "behind", "gray behind"
LOSSY, LOSSY_COLOURS = "lossy", "lossy colours"
"""The kinds of counts. Colours are packed into one number. A gray palette is counted as PALETTE and as SHADES; masks
with an alpha channel by their OPACITY, by the colours of VISIBLE and of HIDDEN pixels, and by those of both: BEHIND."""

HALF_OPAQUE = 128

NOISE = 16
"""Largest difference of neighbours inside an area of a JPEG mask."""

BLOCK = np.ones((3, 3), np.uint8)

HasClassColours = Callable[[Mapping[int, int]], bool]


class Part(NamedTuple):
    """Counts of one mask.

    Attributes:
        kind: what is counted.
        pixels: of each value.
        solid: pixels of each value that have equal neighbours all around: those inside areas, not on edges.
    """

    kind: str
    pixels: dict[int, int]
    solid: Mapping[int, int] = MappingProxyType({})


@dataclass(frozen=True)
class MaskLook:
    """One mask: its counts, and the colours in its palette of the values that occur."""

    parts: list[Part]
    palette: dict[int, int] = field(default_factory=dict)
    by_palette: bool = False
    alpha_varies: bool = False

    @property
    def is_constant(self) -> bool:
        """Whether all its pixels are equal, so that it tells nothing of how objects are coded."""
        return all(len(part.pixels) <= 1 for part in self.parts) and not self.alpha_varies


def look_at(mask: RawMask, has_class_colours: HasClassColours) -> MaskLook:
    """Counts the values of one mask."""
    if mask.alpha is not None:
        return _look_at_alpha(mask.values, mask.alpha)
    if mask.palette is not None:
        return _look_at_palette(mask.values, mask.palette, has_class_colours)
    if mask.values.ndim == 2:
        tolerance = NOISE if mask.is_lossy else 0
        return MaskLook(
            [_areas(LOSSY if mask.is_lossy else ONE_BIT if mask.is_one_bit else VALUES, mask.values, tolerance)]
        )
    counts = count_values(mask.values)
    if not mask.is_lossy and all(is_gray(code) for code in counts):
        return MaskLook([_areas(GRAY_COLOURS, mask.values[..., 0])])
    return MaskLook([Part(LOSSY_COLOURS if mask.is_lossy else COLOURS, counts)])


def _look_at_palette(values: np.ndarray, palette: np.ndarray, has_class_colours: HasClassColours) -> MaskLook:
    indices = _areas(PALETTE, values)
    used = palette_in_use(indices.pixels, palette)
    if has_class_colours(used):
        return MaskLook([Part(COLOURS, _renamed(indices.pixels, used))], by_palette=True)
    parts = [indices]
    if len(used) == len(indices.pixels) and all(is_gray(code) for code in used.values()):
        parts.append(Part(SHADES, *(_as_shades(_renamed(counts, used)) for counts in (indices.pixels, indices.solid))))
    return MaskLook(parts, used)


def _look_at_alpha(values: np.ndarray, alpha: np.ndarray) -> MaskLook:
    """A mask that is transparent everywhere has HIDDEN pixels alone."""
    opacity = _areas(OPACITY, alpha)
    colours = values if values.ndim == 3 else np.repeat(values[..., None], 3, axis=2)
    codes = packed_colours(colours)
    is_visible = alpha >= HALF_OPAQUE
    visible, hidden = count_values(codes[is_visible]), count_values(codes[~is_visible])
    behind = {code: visible.get(code, 0) + hidden.get(code, 0) for code in sorted({*visible, *hidden})}
    are_gray = all(is_gray(code) for code in behind)
    parts = [opacity, Part(VISIBLE, visible), Part(HIDDEN, hidden)]
    parts.append(_areas(GRAY_BEHIND, colours[..., 0]) if are_gray else Part(BEHIND, behind))
    return MaskLook(parts, alpha_varies=len(opacity.pixels) > 1)


def palette_in_use(values: Iterable[int], palette: np.ndarray) -> dict[int, int]:
    """The packed colour of each value that has one in the palette."""
    codes = packed_colours(palette).tolist()
    return {value: codes[value] for value in values if value < len(codes)}


def count_values(values: np.ndarray) -> dict[int, int]:
    """The pixels of each value, or of each packed colour of (height, width, 3), in the order of the values."""
    codes = (packed_colours(values) if values.ndim == 3 else values).ravel()
    starts = _starts_of_runs(codes)
    return _sums(codes[starts], np.diff(starts, append=codes.size))[0]


def _areas(kind: str, values: np.ndarray, tolerance: int = 0) -> Part:
    """The pixels of each value of (height, width), and those amid 3x3 pixels of one value, but for the tolerance."""
    codes = values.ravel()
    starts = _starts_of_runs(codes)
    lengths = np.diff(starts, append=codes.size)
    if len(starts) <= 1:
        return Part(kind, *_sums(codes[starts], lengths, lengths))
    is_deep = codes.dtype != np.uint8 and not 0 <= codes.min() <= codes.max() <= 255
    values = values.astype(np.float64 if is_deep else np.uint8, copy=False)  # types that OpenCV takes
    lowest, highest = cv2.erode(values, BLOCK), cv2.dilate(values, BLOCK)
    is_solid = highest - lowest <= tolerance if tolerance else highest == lowest
    solid = np.add.reduceat(is_solid.view(np.uint8).ravel(), starts, dtype=np.uint32)
    return Part(kind, *_sums(codes[starts], lengths, solid))


def _starts_of_runs(codes: np.ndarray) -> np.ndarray:
    """Where runs of equal neighbours start. Masks have long ones, so this is faster than to sort all pixels."""
    return np.append(0, np.flatnonzero(codes[1:] != codes[:-1]) + 1) if codes.size else np.empty(0, np.int64)


def _sums(codes: np.ndarray, *weights: np.ndarray) -> list[dict[int, int]]:
    """For each of the weights of runs its sum for each code, in the order of the codes."""
    different, places = np.unique(codes, return_inverse=True)
    keys = [int(code) for code in different]
    sums = (np.bincount(places, weight, len(keys)).astype(np.int64).tolist() for weight in weights)
    return [dict(zip(keys, those, strict=True)) for those in sums]


def packed_colours(colours: np.ndarray) -> np.ndarray:
    """Colours (..., 3) as one number each, as `packed`."""
    red, green, blue = np.moveaxis(colours.astype(np.int32), -1, 0)
    return red << 16 | green << 8 | blue


def is_gray(code: int) -> bool:
    """Whether the three parts of a packed colour are equal."""
    return code == (code & 255) * 0x010101


def _as_shades(counts: Mapping[int, int]) -> dict[int, int]:
    return {code & 255: pixels for code, pixels in counts.items()}


def _renamed(counts: Mapping[int, int], names: Mapping[int, int]) -> dict[int, int]:
    renamed: dict[int, int] = {}
    for value, pixels in counts.items():
        name = names.get(value, value)
        renamed[name] = renamed.get(name, 0) + pixels
    return renamed
