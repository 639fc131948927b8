"""What is in all masks before any is converted: the values or colours, their pixels, the masks that have them."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TypeVar

from datatransformer.masks.counts import Counts
from datatransformer.masks.look import (
    BEHIND,
    COLOURS,
    HIDDEN,
    LOSSY,
    VISIBLE,
    HasClassColours,
    MaskLook,
    look_at,
)
from datatransformer.masks.raw_masks import RawMask
from datatransformer.pictures.images import UnreadableImage
from storage.parallel import in_parallel

MAX_COLOURS_OF_AN_INDEX = 8

MAX_LEFT_OUT = 0.2
"""Largest share of the masks that is left out, one by one, for values without a class. Beyond it nothing is done."""

Item = TypeVar("Item")


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
        masks: that could be read; telling_masks: those of several values.
        unreadable: the number of others; `reason`: of the first of them.
        palette_colours: the colours that each index has in the palettes, packed.
        by_palette: masks with a palette whose colours are those of the table, and which are counted as COLOURS.
        alpha_varies: some masks have an alpha channel of several values.
    """

    known: Known = field(default_factory=Known)
    counts: dict[str, Counts] = field(default_factory=dict)
    masks: int = 0
    telling_masks: int = 0
    unreadable: int = 0
    reason: str = ""
    palette_colours: dict[int, set[int]] = field(default_factory=dict)
    by_palette: int = 0
    alpha_varies: bool = False

    def of(self, *kinds: str) -> Counts:
        found = Counts()
        for kind in kinds:
            if kind in self.counts:
                found = found.joined(self.counts[kind])
        return found

    def are_many(self, *parts: Counts) -> bool:
        """Whether these masks are more than may be left out. Masks of one value do not count."""
        if not self.telling_masks:
            return sum(counts.total_masks for counts in parts) > MAX_LEFT_OUT * self.masks
        return sum(counts.telling_masks for counts in parts) > MAX_LEFT_OUT * self.telling_masks

    def add(self, look: MaskLook, name: str) -> None:
        self.masks += 1
        self.telling_masks += not look.is_constant
        self.by_palette += look.by_palette
        self.alpha_varies |= look.alpha_varies
        for index, colour in look.palette.items():
            colours = self.palette_colours.setdefault(index, set())
            if len(colours) < MAX_COLOURS_OF_AN_INDEX:
                colours.add(colour)
        for part in look.parts:
            known = self.known.colours if part.kind in (COLOURS, VISIBLE, HIDDEN, BEHIND) else self.known.values
            self.counts.setdefault(part.kind, Counts()).add(part, name, known, is_exact=part.kind != LOSSY)


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
