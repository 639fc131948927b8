"""The kinds of values of gray masks: levels that fill areas, edges between them, strays."""

from dataclasses import dataclass

from datatransformer.masks.counts import HIGH, LOW, Counts

MIN_SOLID = 0.05
"""Least share of pixels inside areas of a value that fills areas. Edges have few, by chance."""

MIN_EDGES = 3
"""Different values between two levels of smooth edges. Fewer may be thin classes."""

MAX_RARE = 0.001
"""Largest share of pixels of a stray value."""

MAX_STRAY_MASKS, MAX_STRAY_PIXELS = 0.2, 9
"""Largest share of the masks that have a stray value, and pixels of it in one."""

MIN_AT_ENDS = 0.8
"""Least share of pixels near black and white. The others are edges."""

MIN_AT_PEAK = 0.6
"""Least share of the most frequent value among the pixels near black, and near white."""

MIN_BEFORE_NOISE = 0.95
"""Least share of white among the pixels near white, if no edges are seen: then the others are noise."""

MIN_UNCLEAR_EDGES = 6
"""Different values between dark and bright of smooth edges, if areas do not tell."""

MAX_NOISE = 0.005
"""Largest share of pixels between dark and bright if they are noise."""

NEAR = 8
"""Black is at most this value, white at least 255 less it."""

MIN_DISTANCE = 48
"""Least distance of two peaks with smooth edges between them."""

MIN_LEVEL_SOLID = 0.25
"""Least share of pixels inside areas of a third level between black and white."""

MIN_PEAK = 4
"""Least ratio of the pixels of a third level to those of the next value. In wide soft edges both have about as many."""


@dataclass(frozen=True)
class Levels:
    """The values of gray masks by the areas that they fill. Values that are in none of these may be thin classes.

    Attributes:
        solid: fill areas: each is a class of its own, or void.
        edges: never do, and lie between two that do: smooth edges. Empty if they are few.
        strays: a few pixels in few masks that never do.
    """

    solid: tuple[int, ...]
    edges: tuple[int, ...]
    strays: tuple[int, ...]


def levels_of(counts: Counts) -> Levels:
    """The kinds of the values. `counts`: of masks of several values, without void."""
    solid = [value for value in sorted(counts.pixels) if _fills(value, counts)]
    thin = [value for value in sorted(counts.pixels) if value not in solid]
    between = [value for value in thin if solid and solid[0] < value < solid[-1]]
    edges = between if len(between) >= MIN_EDGES and len(between) > len(solid) else []
    strays = [value for value in thin if value not in edges and _is_stray(value, counts)]
    strays = strays if len(counts.pixels) - len(strays) >= 2 else []
    return Levels(tuple(solid), tuple(edges), tuple(strays))


def _fills(value: int, counts: Counts) -> bool:
    return counts.solid[value] > MIN_SOLID * counts.pixels[value]


def _is_stray(value: int, counts: Counts) -> bool:
    pixels, masks = counts.pixels[value], counts.masks[value]
    is_rare = pixels <= min(MAX_RARE * counts.total, MAX_STRAY_PIXELS * masks)
    return is_rare and masks <= max(1, MAX_STRAY_MASKS * counts.total_masks)


def black_and_white(exact: Counts, lossy: Counts) -> tuple[int, int] | None:
    """The values of black and of white if nearly all pixels are near them, and the others are edges or noise.

    Indices of classes with 255 as void look different: they fill areas, or there are no values just below white.

    Arguments:
        exact, lossy: counts of masks of several values.
    """
    both = exact.joined(lossy)
    pixels = both.pixels
    total = sum(pixels.values())
    dark = {value: count for value, count in pixels.items() if 0 <= value <= LOW}
    bright = {value: count for value, count in pixels.items() if HIGH <= value <= 255}
    if not dark or not bright or max(pixels) > 255 or min(pixels) < 0 or len(pixels) < 3:
        return None
    black, white = max(dark, key=dark.__getitem__), max(bright, key=bright.__getitem__)
    sides = [(sum(dark.values()), dark[black]), (sum(bright.values()), bright[white])]
    has_peaks = all(peak >= MIN_AT_PEAK * side for side, peak in sides)
    if not has_peaks or black > NEAR or white < 255 - NEAR or sum(side for side, _ in sides) < MIN_AT_ENDS * total:
        return None
    if _has_third_level(exact, lossy, black, white):
        return None
    if levels_of(both).edges:
        return black, white
    beside = [value for value in pixels if value not in (black, white)]
    below_white = [value for value in beside if value >= HIGH]
    between = [value for value in beside if LOW < value < HIGH]
    are_edges = len(between) >= MIN_UNCLEAR_EDGES
    is_noise = sum(pixels[value] for value in between) <= MAX_NOISE * total and (
        len(below_white) >= 3 or sides[1][1] >= MIN_BEFORE_NOISE * sides[1][0]
    )
    return (black, white) if below_white and (are_edges or is_noise) else None


def _has_third_level(exact: Counts, lossy: Counts, black: int, white: int) -> bool:
    """Whether values between black and white fill areas. In JPEG masks those near black and white are noise."""
    pixels = exact.pixels
    least = MAX_RARE * sum(count for value, count in exact.joined(lossy).pixels.items() if value > LOW)
    for value, solid in exact.solid.items():
        is_peak = value != black and value < white - NEAR and pixels[value] >= MIN_PEAK * pixels.get(value + 1, 0)
        if is_peak and solid >= least and solid >= MIN_LEVEL_SOLID * pixels[value]:
            return True
    gray = sum(solid for value, solid in lossy.solid.items() if LOW < value < HIGH)
    return gray > 0 and gray >= least


def two_peaks(counts: Counts, levels: Levels) -> tuple[int, int] | None:
    """Two distant values that nearly all pixels have, or that alone fill areas, with the others between them."""
    pixels = counts.pixels
    if len(pixels) < 3:
        return None
    low, high = sorted(sorted(pixels, key=pixels.__getitem__)[-2:])
    if levels.edges and levels.solid != (low, high):
        return None
    has_most = pixels[low] + pixels[high] >= MIN_AT_ENDS * counts.total
    is_between = low == min(pixels) and high == max(pixels)
    return (low, high) if has_most and is_between and high - low >= MIN_DISTANCE else None
