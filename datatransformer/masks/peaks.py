"""What the values of masks look like: numbered objects, no classes at all, or classes in their order."""

from collections.abc import Sequence
from itertools import pairwise

from datatransformer.masks.counts import Counts
from datatransformer.masks.levels import Levels, two_peaks
from datatransformer.tables.class_tables import MAX_INDEX

MIN_STEP = 8
"""Values that are further apart than this are levels of gray, not indices."""

CROWDED = 40
"""Different values per mask, on average, beyond which they are no classes."""

SPLIT = "--threshold 0 gives background and object"


def instances(found: Counts) -> str:
    """Why the masks look as if they numbered objects, not classes: each has 1 to N, and N differs. Else empty."""
    lengths: dict[int, int] = {}
    for values, masks in found.sets.items():
        ids = [value for value in values if value not in (0, 255)]
        if ids and ids[0] == 1 and ids[-1] == len(ids):
            lengths[len(ids)] = lengths.get(len(ids), 0) + masks
    masks = sum(lengths.values())
    if len(lengths) >= 3 and max(lengths) >= 4 and masks >= 0.9 * found.telling_masks and masks >= 4:
        return (
            f"these look like instance masks: each numbers its objects from 1, up to {max(lengths)}, so the values are "
            f"no classes. {SPLIT}; otherwise save masks of classes"
        )
    return ""


def no_classes(found: Counts, telling: Counts, levels: Levels, names: int, void: int | None) -> str:
    """Why the values cannot be classes: objects are numbered, edges are smooth, or there are too many. Else empty.

    Arguments:
        telling: the counts of masks of several values.
        names: the number of classes that are named; 0 if none are.
        void: the value that the settings make void.
    """
    if why := instances(found):
        return why
    average = found.distinct / max(found.total_masks, 1)
    if average <= CROWDED and not found.others and not levels.edges:
        return ""
    peaks = two_peaks(telling, levels)
    split = f"--threshold {sum(peaks) // 2 if peaks else 127} makes two classes of them"
    is_deep = max(found.pixels, default=0) > 255
    if peaks and names <= 2 and void not in peaks:
        return (
            f"the masks have smooth edges: {len(found.pixels)} values, most of them between {peaks[0]} and {peaks[1]}. "
            f"Use --threshold {sum(peaks) // 2}"
        )
    if levels.edges and len(levels.solid) <= CROWDED:
        some = ", ".join(map(str, levels.solid[:12]))
        text = (
            f"only {some} fill areas; {len(levels.edges)} other values, such as {levels.edges[0]}, lie between them as "
            "smooth edges do, and would be pixels of wrong classes. Save the masks without smooth edges, and resize "
            "them by nearest neighbour"
        )
        is_split = names <= 2 and void is None and max(found.pixels) > 127 and not is_deep
        return f"{text}; {split}" if is_split else text
    text = f"the masks have {average:.0f} values each, {len(found.pixels)} in all, which are no classes: "
    if is_deep:
        return f"{text}they look like instance masks or depth. {SPLIT}"
    text += (
        "they have smooth edges (resized, drawn or saved with interpolation), or are photographs. Values between two "
        "classes are those of others, so resize masks by nearest neighbour"
    )
    return f"{text}; {split}" if names <= 2 and void is None else text


def is_order(values: Sequence[int]) -> bool:
    """Whether values that are not 0, 1, 2 ... are plainly the classes in their order: 1, 2, 3, or 0, 128, 255."""
    if list(values) == list(range(1, len(values) + 1)):
        return True
    if not 0 <= values[0] <= values[-1] <= MAX_INDEX:
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
