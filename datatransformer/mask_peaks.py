"""What the histogram of masks looks like: black and white with smooth edges, numbered objects, or no classes at all."""

from collections.abc import Mapping, Sequence
from itertools import pairwise

from datatransformer.mask_survey import Counts, MaskSurvey

DARK, BRIGHT = 48, 207
"""Values up to DARK are near black, values from BRIGHT on are near white."""

NEAR = 8
"""Black is at most this value, white at least 255 less it."""

MIN_AT_ENDS = 0.8
"""Least share of pixels near black and white. The others are edges."""

MIN_AT_PEAK = 0.6
"""Least share of the most frequent value among the pixels near black, and near white."""

MIN_BEFORE_NOISE = 0.95
"""Least share of white among the pixels near white, if no edges are seen: then the others are noise."""

MIN_EDGES = 6
"""Different values between dark and bright of smooth edges. Fewer may be classes."""

MAX_NOISE = 0.005
"""Largest share of pixels between dark and bright if they are noise."""

MIN_PRESENT = 0.0005
"""Least share of pixels on either side."""

MIN_STEP = 8
"""Values that are further apart than this are levels of gray, not indices."""

LAST = 65535
"""The largest value of a class: white in masks of 16 bits."""

CROWDED = 40
"""Different values per mask, on average, beyond which they are no classes."""

MIN_DISTANCE = 48
"""Least distance of two peaks with smooth edges between them."""


def black_and_white(pixels: Mapping[int, int]) -> tuple[int, int] | None:
    """The values of black and of white if nearly all pixels are near them and some lie beside or between them.

    Indices of classes with 255 as void look different: they have no values just below white.
    """
    total = sum(pixels.values())
    dark = {value: count for value, count in pixels.items() if 0 <= value <= DARK}
    bright = {value: count for value, count in pixels.items() if BRIGHT <= value <= 255}
    if not dark or not bright or max(pixels) > 255 or min(pixels) < 0 or len(pixels) < 3:
        return None
    black, white = max(dark, key=dark.__getitem__), max(bright, key=bright.__getitem__)
    sides = [(sum(dark.values()), dark[black]), (sum(bright.values()), bright[white])]
    has_peaks = all(side >= MIN_PRESENT * total and peak >= MIN_AT_PEAK * side for side, peak in sides)
    if not has_peaks or black > NEAR or white < 255 - NEAR or sum(side for side, _ in sides) < MIN_AT_ENDS * total:
        return None
    beside = [value for value in pixels if value not in (black, white)]
    below_white = [value for value in beside if value >= BRIGHT]
    between = [value for value in beside if DARK < value < BRIGHT]
    are_edges = len(between) >= MIN_EDGES
    is_noise = sum(pixels[value] for value in between) <= MAX_NOISE * total and (
        len(below_white) >= 3 or sides[1][1] >= MIN_BEFORE_NOISE * sides[1][0]
    )
    return (black, white) if below_white and (are_edges or is_noise) else None


def two_peaks(pixels: Mapping[int, int]) -> tuple[int, int] | None:
    """Two distant values that nearly all pixels have, with the others between them."""
    if len(pixels) < 3:
        return None
    low, high = sorted(sorted(pixels, key=pixels.__getitem__)[-2:])
    share = (pixels[low] + pixels[high]) / sum(pixels.values())
    is_between = low == min(pixels) and high == max(pixels)
    return (low, high) if share >= MIN_AT_ENDS and is_between and high - low >= MIN_DISTANCE else None


def instances(survey: MaskSurvey) -> str:
    """Why the masks look as if they numbered objects, not classes: each has 1 to N, and N differs. Else empty."""
    masks = sum(survey.lengths.values())
    if len(survey.lengths) >= 3 and max(survey.lengths) >= 4 and masks >= 0.9 * survey.masks and masks >= 4:
        return (
            f"these look like instance masks: each numbers its objects from 1, up to {max(survey.lengths)}, so the "
            "values are no classes. Use --threshold 0 for background and object, or save masks of classes"
        )
    return ""


def crowd(found: Counts) -> str:
    """Why the masks have too many values to be classes. Else empty."""
    average = found.distinct / max(found.total_masks, 1)
    if average <= CROWDED and not found.others:
        return ""
    if max(found.pixels, default=0) > 255:
        cause = "they look like instance masks or depth"
    elif peaks := two_peaks(found.pixels):
        return (
            f"the masks have {average:.0f} values each, with smooth edges between {peaks[0]} and {peaks[1]}. Use "
            f"--threshold {sum(peaks) // 2}"
        )
    else:
        cause = (
            "they have smooth edges (resized, drawn or saved with interpolation), or are photographs. Values between "
            "two classes are those of others, so resize masks by nearest neighbour"
        )
    return f"the masks have {average:.0f} values each, {len(found.pixels)} in all, which are no classes: {cause}"


def is_order(values: Sequence[int]) -> bool:
    """Whether values that are not 0, 1, 2 ... are plainly the classes in their order: 1, 2, 3, or 0, 128, 255."""
    if list(values) == list(range(1, len(values) + 1)):
        return True
    if not 0 <= values[0] <= values[-1] <= LAST:
        return False
    steps = [second - first for first, second in pairwise(values)]
    return bool(steps) and (min(steps) >= MIN_STEP or (is_even(values) and steps[0] > 1))


def is_even(values: Sequence[int]) -> bool:
    """Whether the values from the first to the last have equal steps, but for rounding."""
    step = (values[-1] - values[0]) / (len(values) - 1)
    return all(abs(values[0] + step * place - value) <= 1 for place, value in enumerate(values)) and step >= 2


def percent(part: int, total: int) -> str:
    """A share in per cent: 3.5 %, 0.02 %."""
    share = 100 * part / max(total, 1)
    return f"{share:.1f} %" if share >= 1 or not part else f"{max(share, 0.001):.3f} %"
