"""Decides which part of the files of masks is the mask: values, colours, a palette or an alpha channel."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from datatransformer.masks.classes import VOID, MaskForm, colour_of_text, packed
from datatransformer.masks.counts import Counts
from datatransformer.masks.look import (
    BEHIND,
    COLOURS,
    GRAY_BEHIND,
    GRAY_COLOURS,
    HIDDEN,
    LOSSY,
    ONE_BIT,
    OPACITY,
    PALETTE,
    SHADES,
    VALUES,
    VISIBLE,
)
from datatransformer.masks.survey import MaskSurvey
from datatransformer.masks.value_classes import ClassTable, counted, refused

GRAY_CODE = 0x010101
"""A shade times this is its packed colour."""

MAX_COLOURS_BEHIND_ALPHA = 255
"""More colours than this are a photograph whose alpha channel is the mask."""


@dataclass(frozen=True)
class MaskSettings:
    """What the settings say of masks: a value, name or colour that is void, a threshold, classes that become one."""

    void: str | None = None
    threshold: int | None = None
    merge: Mapping[str, str] = field(default_factory=dict)

    @property
    def void_value(self) -> int | None:
        return int(self.void) if self.void and self.void.isdecimal() else None


@dataclass
class FoundMasks:
    """The counts as they are taken, and why."""

    values: Counts
    colours: Counts
    lossy: Counts
    form: MaskForm
    notes: list[str]


def take_channels(survey: MaskSurvey, table: ClassTable | None, settings: MaskSettings) -> FoundMasks:
    """Decides which part of the files is the mask: alpha channel, palette, shades or colours."""
    by_colour = {packed(row.colour) for row in table.rows if row.colour} if table else set()
    if (void := colour_of_text(settings.void)) is not None:
        by_colour.add(packed(void))
    notes: list[str] = []
    values, colours, gray = survey.of(VALUES), survey.of(COLOURS), survey.of(GRAY_COLOURS)
    by_alpha = _is_alpha_the_mask(survey, table, notes)
    if by_alpha:
        values = values.joined(survey.of(OPACITY))
    elif survey.of(OPACITY).total_masks:
        if not survey.of(BEHIND).total_masks:
            gray = gray.joined(survey.of(GRAY_BEHIND))
        else:
            colours = colours.joined(survey.of(BEHIND)).joined(survey.of(GRAY_BEHIND), lambda shade: shade * GRAY_CODE)
    known = {shade for shade in gray.pixels if shade * GRAY_CODE in by_colour}
    gray_is_colour = bool(by_colour) and (
        (known == gray.pixels.keys() and gray.total_masks > 0) or colours.total_masks > gray.total_masks
    )
    if gray_is_colour:
        colours = colours.joined(gray, lambda shade: shade * GRAY_CODE)
    else:
        values = values.joined(gray)
    single_is_colour = _single_is_colour(values, colours, by_colour) and gray_is_colour
    if single_is_colour:
        colours, values = colours.joined(values, lambda shade: shade * GRAY_CODE), Counts()
    by_shade = _is_by_shade(survey, table, settings)
    if by_shade:
        notes.append("The palettes of the masks are gray: their shades are the values, not their indices")
    elif survey.of(PALETTE).total_masks:
        _check_palettes(survey, table)
    if survey.by_palette:
        notes.append(
            f"{counted(survey.by_palette, 'mask is', 'masks are')} read by the colours in their palette, which are "
            "those of other classes than the indices"
        )
    values = values.joined(survey.of(SHADES if by_shade else PALETTE))
    white = _white_of_one_bit(values, table, settings)
    values = values.joined(survey.of(ONE_BIT), lambda value: value * white)
    form = MaskForm(white, by_alpha, by_shade, False, gray_is_colour, single_is_colour)
    return FoundMasks(values, colours, survey.of(LOSSY), form, notes)


def _is_alpha_the_mask(survey: MaskSurvey, table: ClassTable | None, notes: list[str]) -> bool:
    """Whether only the alpha channel tells pixels apart. Raises SettingError if both it and the colours may count."""
    if not survey.alpha_varies:
        if survey.of(OPACITY).total_masks:
            notes.append("The alpha channel of the masks is the same everywhere and is ignored")
        return False
    visible, hidden = survey.of(VISIBLE), survey.of(HIDDEN)
    if len(visible.pixels) == 1 and visible.pixels.keys() <= hidden.pixels.keys():
        notes.append("The masks have one colour only where they are opaque: their alpha channel is read")
        return True
    if len(visible.pixels) > MAX_COLOURS_BEHIND_ALPHA or visible.others:
        notes.append("The masks have the colours of photographs: their alpha channel is read")
        return True
    both = sum(pixels for code, pixels in hidden.pixels.items() if code in visible.pixels)
    if both > 0.001 * hidden.total:
        raise refused(
            "the masks have an alpha channel, and transparent pixels of the same colours as opaque ones, so either may "
            "be the mask. Save them without alpha, transparent pixels in the colour of the background",
            table,
        )
    notes.append("The masks have an alpha channel, which is ignored: their colours tell the classes apart")
    return False


def _single_is_colour(values: Counts, colours: Counts, by_colour: set[int]) -> bool:
    """Whether gray masks among masks in colour are the same kind of mask, saved with one channel."""
    known = all(value * GRAY_CODE in by_colour for value in values.pixels if 0 <= value <= VOID)
    return bool(by_colour) and 0 < values.total_masks < colours.total_masks and known


def _is_by_shade(survey: MaskSurvey, table: ClassTable | None, settings: MaskSettings) -> bool:
    indices, shades = survey.of(PALETTE), survey.of(SHADES)
    if not shades.total_masks or shades.total_masks != indices.total_masks:
        return False
    named = {row.index for row in table.rows} if table else set()
    if settings.threshold is not None or (not indices.pixels.keys() <= named and shades.pixels.keys() <= named):
        return True
    colours = [survey.palette_colours[index] for index in sorted(survey.palette_colours)]
    single = [next(iter(codes)) for codes in colours if len(codes) == 1]
    return len(single) < len(colours) or single != sorted(set(single))


def _check_palettes(survey: MaskSurvey, table: ClassTable | None) -> None:
    """Raises SettingError if indices mean nothing: one colour has several, and one index several colours."""
    if table and any(row.colour for row in table.rows):
        return
    indices: dict[int, int] = {}
    for codes in survey.palette_colours.values():
        for code in codes:
            indices[code] = indices.get(code, 0) + 1
    if max(indices.values(), default=0) > 1 and any(len(codes) > 1 for codes in survey.palette_colours.values()):
        allowed = (
            "the palettes of the masks differ: one colour has several indices, and one index several colours. Name a "
            "table with lines of R G B name, then the colours are read"
        )
        raise refused(allowed, table)


def _white_of_one_bit(values: Counts, table: ClassTable | None, settings: MaskSettings) -> int:
    if settings.threshold:
        return VOID
    named = {row.index for row in table.rows} if table else set()
    if 1 in values.pixels or (1 in named and VOID not in values.pixels):
        return 1
    return VOID if VOID in values.pixels or VOID in named else 1
