"""What is in all masks before any is converted: the values or colours, their pixels, the masks that have them."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from datatransformer.images import UnreadableImage
from datatransformer.mask_look import (
    COLOURS,
    GRAY_COLOURS,
    PALETTE,
    VALUES,
    VISIBLE,
    HasClassColours,
    MaskLook,
    look_at,
)
from datatransformer.raw_masks import RawMask
from storage.parallel import in_parallel

MAX_KEPT = 4096
"""Different values that are counted. Masks of classes have fewer; the pixels of further values are counted together."""

MAX_COLOURS_OF_AN_INDEX = 8

Item = TypeVar("Item")


@dataclass
class Counts:
    """Pixels and masks of each value. `others`: pixels of values beyond MAX_KEPT."""

    pixels: dict[int, int] = field(default_factory=dict)
    masks: dict[int, int] = field(default_factory=dict)
    first: dict[int, str] = field(default_factory=dict)
    total_masks: int = 0
    others: int = 0
    distinct: int = 0
    """The sum over all masks of the number of their values."""

    def add(self, counts: Mapping[int, int], name: str) -> None:
        self.total_masks += 1
        self.distinct += len(counts)
        for value, pixels in counts.items():
            if value not in self.pixels and len(self.pixels) >= MAX_KEPT:
                self.others += pixels
                continue
            self.pixels[value] = self.pixels.get(value, 0) + pixels
            self.masks[value] = self.masks.get(value, 0) + 1
            self.first.setdefault(value, name)

    @property
    def total(self) -> int:
        return sum(self.pixels.values()) + self.others

    def joined(self, other: "Counts", meaning: Callable[[int], int] = lambda value: value) -> "Counts":
        """Both together. `meaning`: what a value of `other` is in these."""
        sum_of = Counts(dict(self.pixels), dict(self.masks), dict(self.first), self.total_masks + other.total_masks)
        sum_of.others, sum_of.distinct = self.others + other.others, self.distinct + other.distinct
        for raw, pixels in other.pixels.items():
            value = meaning(raw)
            sum_of.pixels[value] = sum_of.pixels.get(value, 0) + pixels
            sum_of.masks[value] = sum_of.masks.get(value, 0) + other.masks[raw]
            sum_of.first.setdefault(value, other.first[raw])
        return sum_of


@dataclass(frozen=True)
class Known:
    """What the table of classes and the settings know before masks are looked at.

    Attributes:
        values, colours: with a meaning; colours are packed.
        has_class_colours: whether a palette (value: packed colour) has the colours of classes at other values.
    """

    values: frozenset[int] = frozenset()
    colours: frozenset[int] = frozenset()
    has_class_colours: HasClassColours = lambda palette: False


@dataclass
class MaskSurvey:
    """The counts of all masks.

    Attributes:
        counts: by kind.
        masks: that could be read.
        unreadable: the number of others; `reason`: of the first of them.
        palette_colours: the colours that each index has in the palettes, packed.
        by_palette: masks with a palette whose colours are those of the table, and which are counted as COLOURS.
        lengths: how many masks have exactly the values 1..N besides 0 and 255, by N.
        with_1_and_255: masks that have both values.
        unknown_values, unknown_colours: masks with values, or colours, that are not known.
        alpha_varies: some masks have an alpha channel of several values.
    """

    known: Known = field(default_factory=Known)
    counts: dict[str, Counts] = field(default_factory=dict)
    masks: int = 0
    unreadable: int = 0
    reason: str = ""
    palette_colours: dict[int, set[int]] = field(default_factory=dict)
    by_palette: int = 0
    lengths: dict[int, int] = field(default_factory=dict)
    with_1_and_255: int = 0
    unknown_values: int = 0
    unknown_colours: int = 0
    alpha_varies: bool = False

    def of(self, *kinds: str) -> Counts:
        found = Counts()
        for kind in kinds:
            if kind in self.counts:
                found = found.joined(self.counts[kind])
        return found

    def add(self, look: "MaskLook", name: str) -> None:
        self.masks += 1
        self.by_palette += look.by_palette
        self.alpha_varies |= look.alpha_varies
        for index, colour in look.palette.items():
            colours = self.palette_colours.setdefault(index, set())
            if len(colours) < MAX_COLOURS_OF_AN_INDEX:
                colours.add(colour)
        for kind, counts in look.parts:
            self.counts.setdefault(kind, Counts()).add(counts, name)
            self.unknown_colours += kind in (COLOURS, VISIBLE) and not counts.keys() <= self.known.colours
        kind, counts = look.parts[0]
        if kind in (VALUES, GRAY_COLOURS, PALETTE):
            self.with_1_and_255 += 1 in counts and 255 in counts
            self.unknown_values += not counts.keys() <= self.known.values
            ids = counts.keys() - {0, 255}
            if ids and min(ids) == 1 and max(ids) == len(ids):
                self.lengths[len(ids)] = self.lengths.get(len(ids), 0) + 1


def survey_masks(
    items: Iterable[Item],
    read: Callable[[Item], RawMask],
    name_of: Callable[[Item], str],
    known: Known,
    workers: int | None = None,
) -> MaskSurvey:
    """Counts all masks, in threads. Memory does not grow with their number.

    Arguments:
        read: opens a mask; UnreadableImage counts as unreadable.
        name_of: the name of a mask for messages.
    """

    def look(item: Item) -> tuple[str, MaskLook | str]:
        try:
            return name_of(item), look_at(read(item), known.has_class_colours)
        except UnreadableImage as error:
            return name_of(item), str(error)

    return collect(in_parallel(look, items, workers), known)


def collect(looks: Iterable[tuple[str, MaskLook | str]], known: Known) -> MaskSurvey:
    """The sum of looks, each with the name of its mask. A text is the reason why a mask is unreadable."""
    survey = MaskSurvey(known)
    for name, look in looks:
        if isinstance(look, str):
            survey.unreadable += 1
            survey.reason = survey.reason or look
        else:
            survey.add(look, name)
    return survey
