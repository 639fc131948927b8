"""The counts of the values of many masks, in memory that does not grow with their number."""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from datatransformer.masks.look import Part

MAX_KEPT = 4096
"""Different values that are counted. Masks of classes have fewer; the pixels of further values are counted together."""

MAX_SETS, MAX_IN_SET = 2048, 64
"""Different sets of values of a mask that are kept, and values in one."""

LOW, HIGH = 48, 207
"""Values up to LOW may be indices of classes or near black, values from HIGH on are near white."""

Key = TypeVar("Key")


@dataclass
class Counts:
    """Pixels and masks of each value.

    Attributes:
        pixels, masks: that have each value; first: the name of the first such mask.
        solid: pixels of each value inside areas.
        constant_pixels, constant_masks: those of masks with one value, which tell nothing of how objects are coded.
        sets: the masks by the set of their values, as far as kept; unlisted: other masks.
        unlisted_unknown: those of them with values that are not known.
        codings: masks by the values up to LOW that fill areas, and whether values from HIGH on occur.
        others: pixels of values beyond MAX_KEPT.
        distinct: the sum over all masks of the number of their values.
    """

    pixels: dict[int, int] = field(default_factory=dict)
    masks: dict[int, int] = field(default_factory=dict)
    first: dict[int, str] = field(default_factory=dict)
    solid: dict[int, int] = field(default_factory=dict)
    constant_pixels: dict[int, int] = field(default_factory=dict)
    constant_masks: dict[int, int] = field(default_factory=dict)
    sets: dict[tuple[int, ...], int] = field(default_factory=dict)
    unlisted: int = 0
    unlisted_unknown: int = 0
    codings: dict[tuple[tuple[int, ...], bool], int] = field(default_factory=dict)
    total_masks: int = 0
    others: int = 0
    distinct: int = 0

    def add(self, part: Part, name: str, known: Collection[int] = frozenset(), is_exact: bool = True) -> None:
        """Adds one mask. `is_exact`: its file keeps values."""
        values = tuple(part.pixels)
        self.total_masks += 1
        self.distinct += len(values)
        if values in self.sets or (len(values) <= MAX_IN_SET and len(self.sets) < MAX_SETS):
            _increase(self.sets, values)
        else:
            self.unlisted += 1
            self.unlisted_unknown += any(value not in known for value in values)
        if len(values) == 1:
            _increase(self.constant_masks, values[0])
            _increase(self.constant_pixels, values[0], part.pixels[values[0]])
        _increase(self.codings, _coding(part, is_exact))
        for value, pixels in part.pixels.items():
            if value not in self.pixels and len(self.pixels) >= MAX_KEPT:
                self.others += pixels
                continue
            _increase(self.pixels, value, pixels)
            _increase(self.masks, value)
            _increase(self.solid, value, part.solid.get(value, 0))
            self.first.setdefault(value, name)

    @property
    def total(self) -> int:
        return sum(self.pixels.values()) + self.others

    @property
    def telling_masks(self) -> int:
        """Masks of several values."""
        return self.total_masks - sum(self.constant_masks.values())

    def telling(self) -> "Counts":
        """The counts without masks of one value. All of them if no mask has several values."""
        kept = Counts(total_masks=self.telling_masks or self.total_masks, others=self.others, distinct=self.distinct)
        for value in self.pixels:
            pixels, masks = self.pixels[value], self.masks[value]
            solid = self.solid.get(value, 0)
            if self.telling_masks:
                masks -= self.constant_masks.get(value, 0)
                pixels, solid = (count - self.constant_pixels.get(value, 0) for count in (pixels, solid))
            if masks:
                kept.pixels[value], kept.masks[value], kept.solid[value] = pixels, masks, solid
                kept.first[value] = self.first[value]
        return kept

    def masks_with(self, values: Collection[int]) -> int:
        """Masks that have any of these values. For masks beyond those listed it is a lower limit."""
        wanted = set(values)
        listed = sum(count for those, count in self.sets.items() if not wanted.isdisjoint(those))
        return max([listed, *(self.masks.get(value, 0) for value in values)])

    def masks_with_unknown(self, unknown: Collection[int]) -> int:
        """Masks that have any of these values, which are those that are not known."""
        wanted = set(unknown)
        return sum(count for those, count in self.sets.items() if not wanted.isdisjoint(those)) + self.unlisted_unknown

    def unknown_share(self, unknown: Collection[int]) -> float:
        """The share of masks that have any of these values. Masks of one other value do not count."""
        if not unknown:
            return 0
        alike = sum(count for value, count in self.constant_masks.items() if value not in unknown)
        return self.masks_with_unknown(unknown) / max(1, self.total_masks - alike)

    def lost(self, values: Collection[int], unknown: Collection[int]) -> Iterator[int]:
        """Those of the values that occur in no mask without one of the unknown values."""
        if self.unlisted > self.unlisted_unknown:
            return
        wanted = set(unknown)
        kept = {value for those in self.sets if wanted.isdisjoint(those) for value in those}
        yield from (value for value in values if value in self.pixels and value not in kept)

    def joined(self, other: "Counts", meaning: Callable[[int], int] = lambda value: value) -> "Counts":
        """Both together. `meaning`: what a value of `other` is in these."""
        both = Counts()
        for counts, means in ((self, lambda value: value), (other, meaning)):
            both.total_masks += counts.total_masks
            both.others += counts.others
            both.distinct += counts.distinct
            both.unlisted += counts.unlisted
            both.unlisted_unknown += counts.unlisted_unknown
            for value, pixels in counts.pixels.items():
                meant = means(value)
                _increase(both.pixels, meant, pixels)
                _increase(both.masks, meant, counts.masks[value])
                _increase(both.solid, meant, counts.solid.get(value, 0))
                both.first.setdefault(meant, counts.first[value])
            for value, masks in counts.constant_masks.items():
                _increase(both.constant_masks, means(value), masks)
                _increase(both.constant_pixels, means(value), counts.constant_pixels[value])
            for values, masks in counts.sets.items():
                _increase(both.sets, tuple(sorted(map(means, values))), masks)
            for (lows, is_high), masks in counts.codings.items():
                meant_lows = list(map(means, lows))
                still_low = tuple(value for value in meant_lows if value <= LOW)
                _increase(both.codings, (still_low, is_high or max(meant_lows, default=0) >= HIGH), masks)
        return both


def _coding(part: Part, is_exact: bool) -> tuple[tuple[int, ...], bool]:
    """The values up to LOW, but 0, that fill areas of a mask, and whether it has values from HIGH on."""
    has_areas = part.pixels.keys() <= {0, 1}
    lows = [value for value in part.pixels if 0 < value <= LOW and (has_areas or part.solid.get(value))]
    return tuple(lows[:2]) if is_exact else (), any(value >= HIGH for value in part.pixels)


def _increase(counts: dict[Key, int], key: Key, by: int = 1) -> None:
    counts[key] = counts.get(key, 0) + by
