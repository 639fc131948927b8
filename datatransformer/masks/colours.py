"""The classes that the colours of masks mean, and what to say if a table does not have them."""

from collections.abc import Mapping

from datatransformer.masks.classes import packed, unpacked
from datatransformer.masks.counts import Counts
from datatransformer.masks.misfits import check_kept
from datatransformer.masks.peaks import percent
from datatransformer.masks.survey import MAX_LEFT_OUT, MaskSurvey
from datatransformer.masks.value_classes import BACKGROUND, OBJECT, ClassTable, ValueClasses, counted, refused
from datatransformer.tables.class_tables import RawClass
from settings import SettingError
from storage.tables import csv_line

MAX_COLOURS = 255
SHOWN = 40
"""Colours that a message lists."""

MAX_UNKNOWN_SWAPPED = 0.001
"""Largest share of pixels of unknown colour after red and blue are exchanged, to say that they are."""


class ColoursWithoutNames(SettingError):
    """Colours of masks that no table names.

    Attributes:
        lines: a CSV of all colours of the masks, for the user to fill in.
    """

    def __init__(self, error: SettingError, lines: list[str]):
        super().__init__(*error.errors)
        self.lines = lines


def without_colours(found: Counts, survey: MaskSurvey, table: ClassTable | None) -> ValueClasses | None:
    """The classes of masks in colour if the table has none. None: few masks are in colour, and are left out.

    Black and one other colour are background and object. Raises SettingError for other colours, with a table that the
    user can fill in.
    """
    if not survey.are_many(found):
        return None
    codes = sorted(found.pixels, key=lambda code: -found.pixels[code])
    rows = table.classes if table else []
    if len(codes) == 2 and 0 in codes and len(rows) <= 2:
        other = next(code for code in codes if code)
        names = [row.name for row in rows] if len(rows) == 2 else [BACKGROUND, *(row.name for row in rows)]
        names = names if len(names) == 2 else [BACKGROUND, OBJECT]
        both = [RawClass(0, names[0], (0, 0, 0)), RawClass(1, names[1], unpacked(other))]
        note = f"The masks are in two colours: black is {names[0]}, {text_of(other)} is {names[1]}"
        return ValueClasses(both, notes=(note,))
    first = next(iter(found.first.values()))
    if len(codes) > MAX_COLOURS or found.others:
        text = (
            f"the mask {first} is in colour, and the masks have more than {MAX_COLOURS} colours: they have smooth "
            "edges or are photographs. Save them without smooth edges, not as JPEG, and resize them by nearest "
            "neighbour. Name a table with lines of R G B name"
        )
    else:
        text = (
            f"the mask {first} is in colour, and no table says what the {len(codes)} colours mean. Name a table with "
            f"lines of R G B name, such as this one with names of yours:\n{_shown_table(found, codes)}"
        )
        raise ColoursWithoutNames(refused(text, table), _lines(found, codes))
    raise refused(text, table)


def check_colours(
    found: Counts, by_colour: Mapping[int, int], table: ClassTable, survey: MaskSurvey
) -> tuple[str, ...]:
    """Warnings about colours that the table lacks. Raises SettingError if they are in many masks.

    `by_colour`: the colours that are classes or void.
    """
    unknown = {code: pixels for code, pixels in found.pixels.items() if code not in by_colour}
    if not unknown:
        return ()
    swapped = sum(pixels for code, pixels in found.pixels.items() if _exchanged(code) not in by_colour)
    missing = sum(unknown.values()) + found.others
    if swapped + found.others <= MAX_UNKNOWN_SWAPPED * found.total and swapped < missing / 10:
        raise refused(
            f"{percent(missing, found.total)} of the pixels have colours that are not in the table, but are if red and "
            "blue are exchanged. Exchange the columns of red and blue in the table, or save the masks as RGB (OpenCV "
            "writes BGR)",
            table,
        )
    order = sorted(unknown, key=lambda code: -unknown[code])
    parts = []
    for code in order[:5]:
        pixels = counted(unknown[code], "pixel", "pixels")
        parts.append(f"{text_of(code)} ({pixels}; nearest is {_nearest(code, table.rows)})")
    more = f" and {len(order) - 5} more" if len(order) > 5 else ""
    some = f"Colours that are in no table: {', '.join(parts)}{more}"
    if found.masks_with_unknown(unknown) <= MAX_LEFT_OUT * (survey.telling_masks or survey.masks):
        if found.total_masks == survey.masks:
            check_kept(found, {packed(row.colour): row.name for row in table.classes if row.colour}, unknown, table)
        return (f"{some}. Masks with them are left out, such as {found.first[order[0]]}",)
    if len(order) > MAX_COLOURS or found.others:
        remedy = "So many colours come from smooth edges or JPEG: save the masks as PNG, resized by nearest neighbour"
    else:
        codes = sorted(found.pixels, key=lambda code: -found.pixels[code])
        remedy = "Add them to the table, or make one of them void by --void R,G,B. All colours of the masks are:\n"
        remedy += _shown_table(found, codes, table.rows)
        raise ColoursWithoutNames(refused(f"{some}. {remedy}", table), _lines(found, codes, table.rows))
    raise refused(f"{some}. {remedy}", table)


def lossy_colours_refused(found: Counts, table: ClassTable | None) -> SettingError:
    first = next(iter(found.first.values()), "")
    return refused(
        f"{counted(found.total_masks, 'mask', 'masks')} in colour, such as {first}, are JPEG or WebP, which change "
        "colours, so that a class cannot be told from its neighbours. Save them as PNG from their source",
        table,
    )


def text_of(code: int) -> str:
    """A packed colour as R,G,B."""
    return ",".join(map(str, unpacked(code)))


def _exchanged(code: int) -> int:
    red, green, blue = unpacked(code)
    return packed((blue, green, red))


def _nearest(code: int, rows: list[RawClass]) -> str:
    def distance(row: RawClass) -> int:
        return sum((a - b) ** 2 for a, b in zip(unpacked(code), row.colour or (0, 0, 0), strict=True))

    row = min((row for row in rows if row.colour), key=distance)
    return f"{row.name}, {','.join(map(str, row.colour or ()))}"


def _lines(found: Counts, codes: list[int], rows: list[RawClass] | None = None) -> list[str]:
    """The lines of a CSV of these colours, with a name for each and its share of the pixels."""
    names = {packed(row.colour): row.name for row in rows or [] if row.colour}
    lines = ["red,green,blue,name,share"]
    for number, code in enumerate(codes, 1):
        share = percent(found.pixels[code], found.total)
        lines.append(csv_line((*unpacked(code), names.get(code, f"class{number}"), share)).rstrip("\r\n"))
    return lines


def _shown_table(found: Counts, codes: list[int], rows: list[RawClass] | None = None) -> str:
    """The first of these lines, for the screen."""
    lines = _lines(found, codes, rows)
    more = [f"... and {len(codes) - SHOWN} more"] if len(codes) > SHOWN else []
    return "\n".join(f"  {line}" for line in [*lines[: 1 + SHOWN], *more])
