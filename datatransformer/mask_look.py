"""What is in one mask: its values or colours, and the pixels of each."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from datatransformer.raw_masks import RawMask

VALUES, ONE_BIT, GRAY_COLOURS, COLOURS = "values", "one bit", "gray colours", "colours"
PALETTE, SHADES = "palette", "shades"
OPACITY, VISIBLE, HIDDEN = "opacity", "visible", "hidden"
LOSSY, LOSSY_COLOURS = "lossy", "lossy colours"
"""The kinds of counts. Colours are packed into one number. A gray palette is counted as PALETTE and as SHADES; masks
with an alpha channel by their OPACITY and by the colours of VISIBLE and of HIDDEN pixels."""

HALF_OPAQUE = 128

HasClassColours = Callable[[Mapping[int, int]], bool]
Part = tuple[str, dict[int, int]]
"""A kind of counts, and the pixels of each value of one mask."""


@dataclass(frozen=True)
class MaskLook:
    """One mask: its counts, and the colours in its palette of the values that occur."""

    parts: list[Part]
    palette: dict[int, int] = field(default_factory=dict)
    by_palette: bool = False
    alpha_varies: bool = False


def look_at(mask: RawMask, has_class_colours: HasClassColours) -> MaskLook:
    """Counts the values of one mask."""
    if mask.alpha is not None:
        return _look_at_alpha(mask.values, mask.alpha)
    counts = count_values(mask.values)
    if mask.palette is not None:
        return _look_at_palette(counts, mask.palette, has_class_colours)
    is_colour = mask.values.ndim == 3
    if mask.is_lossy:
        return MaskLook([(LOSSY_COLOURS if is_colour else LOSSY, counts)])
    if is_colour and all(is_gray(code) for code in counts):
        return MaskLook([(GRAY_COLOURS, _as_shades(counts))])
    return MaskLook([(COLOURS if is_colour else ONE_BIT if mask.is_one_bit else VALUES, counts)])


def _look_at_palette(counts: dict[int, int], palette: np.ndarray, has_class_colours: HasClassColours) -> MaskLook:
    used = palette_in_use(counts, palette)
    if has_class_colours(used):
        return MaskLook([(COLOURS, _renamed(counts, used))], by_palette=True)
    parts: list[Part] = [(PALETTE, counts)]
    if len(used) == len(counts) and all(is_gray(code) for code in used.values()):
        parts.append((SHADES, _as_shades(_renamed(counts, used))))
    return MaskLook(parts, used)


def _look_at_alpha(values: np.ndarray, alpha: np.ndarray) -> MaskLook:
    opacity = count_values(alpha)
    colours = values if values.ndim == 3 else np.repeat(values[..., None], 3, axis=2)
    codes = packed_colours(colours)
    is_visible = alpha >= HALF_OPAQUE if len(opacity) > 1 else np.ones(alpha.shape, bool)
    parts: list[Part] = [(OPACITY, opacity), (VISIBLE, count_values(codes[is_visible]))]
    parts.append((HIDDEN, count_values(codes[~is_visible])))
    return MaskLook(parts, alpha_varies=len(opacity) > 1)


def palette_in_use(values: Iterable[int], palette: np.ndarray) -> dict[int, int]:
    """The packed colour of each value that has one in the palette."""
    codes = packed_colours(palette).tolist()
    return {value: codes[value] for value in values if value < len(codes)}


def count_values(values: np.ndarray) -> dict[int, int]:
    """The pixels of each value, or of each packed colour of (height, width, 3).

    Equal neighbours are counted as one run: masks have long ones, so this is faster than to sort all pixels.
    """
    codes = (packed_colours(values) if values.ndim == 3 else values).ravel()
    if not codes.size:
        return {}
    ends = np.append(np.flatnonzero(codes[1:] != codes[:-1]), codes.size - 1)
    different, places = np.unique(codes[ends], return_inverse=True)
    pixels = np.bincount(places, np.diff(ends, prepend=-1)).astype(np.int64)
    return dict(zip((int(value) for value in different), pixels.tolist(), strict=True))


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
