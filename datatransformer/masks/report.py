"""The table of values of masks, and the warnings about classes without a pixel and about much void."""

import shlex

from datatransformer.masks.classes import VOID, MaskClasses
from datatransformer.masks.colours import text_of
from datatransformer.masks.counts import Counts
from datatransformer.masks.peaks import percent
from datatransformer.masks.reading import MaskReading
from datatransformer.report import Report
from datatransformer.tables.class_tables import UNKNOWN, VOID_NAMES, WHITES
from storage.column_names import normal_name

TITLE = "Values of the masks"
MAX_ROWS = 300
"""Values or colours in the table. The most frequent ones come first if there are more."""

MAX_VOID = 0.1
"""Share of void pixels beyond which a warning is given."""

NAMED = 10
"""Classes that a warning names."""

Row = tuple[str, int, str, int, str]


def report_masks(reading: MaskReading, report: Report, void: str | None) -> None:
    """Adds the table of values, the sentences of the reading, and warnings to the report.

    Arguments:
        void: the setting.
    """
    for sentence in reading.notes:
        report.note(sentence)
    for sentence in reading.warnings:
        report.warn(sentence)
    total = reading.values.total + reading.colours.total
    pixels = class_pixels(reading)
    rows = [*_value_rows(reading, total), *_colour_rows(reading, total)]
    rows += [("", 0, percent(0, total), 0, name) for name in reading.classes.names if not pixels.get(name)]
    header = ("value" if not reading.colours.total_masks else "value or colour", "pixels", "share", "masks", "becomes")
    report.add_table(TITLE, header, rows)
    _warn_of_empty_classes(reading, pixels, report)
    _warn_of_classes_like_void(reading, report)
    _warn_of_void(reading, pixels, total, report, void)


def class_pixels(reading: MaskReading) -> dict[str, int]:
    """The pixels of each class, of void and of no class."""
    pixels: dict[str, int] = {}
    for value, count in reading.values.pixels.items():
        name = _becomes(reading.classes.of_value(value), reading.classes)
        pixels[name] = pixels.get(name, 0) + count
    for code, count in reading.colours.pixels.items():
        name = _becomes(reading.classes.by_colour.get(code, UNKNOWN), reading.classes)
        pixels[name] = pixels.get(name, 0) + count
    return pixels


def _becomes(target: int, classes: MaskClasses) -> str:
    if target == UNKNOWN:
        return "no class: its masks are left out"
    return _void(classes) if target == VOID else classes.names[target]


def _void(classes: MaskClasses) -> str:
    """What the table calls void, also if there is a class of this name."""
    return "void" if "void" not in classes.names else "void (not learnt)"


def _value_rows(reading: MaskReading, total: int) -> list[Row]:
    """A row for each value, or for each run of neighbours with the same meaning if they are many."""
    counts, classes = reading.values, reading.classes
    values = sorted(counts.pixels)
    groups: list[list[int]] = []
    for value in values:
        target = classes.of_value(value)
        if groups and len(values) > len(classes.names) + 20 and classes.of_value(groups[-1][-1]) == target:
            groups[-1].append(value)
        else:
            groups.append([value])
    rows = [_row(_span(group), group, counts, total, _becomes(classes.of_value(group[0]), classes)) for group in groups]
    return _bounded(rows, counts.others, total)


def _span(group: list[int]) -> str:
    return str(group[0]) if len(group) == 1 else f"{group[0]} to {group[-1]}"


def _colour_rows(reading: MaskReading, total: int) -> list[Row]:
    counts, classes = reading.colours, reading.classes
    codes = sorted(counts.pixels, key=lambda code: -counts.pixels[code])
    rows = [
        _row(text_of(code), [code], counts, total, _becomes(classes.by_colour.get(code, UNKNOWN), classes))
        for code in codes
    ]
    return _bounded(rows, counts.others, total)


def _row(text: str, values: list[int], counts: Counts, total: int, becomes: str) -> Row:
    pixels = sum(counts.pixels[value] for value in values)
    return text, pixels, percent(pixels, total), counts.masks_with(values), becomes


def _bounded(rows: list[Row], others: int, total: int) -> list[Row]:
    """At most MAX_ROWS rows, and one for the rest."""
    rest = sum(row[1] for row in rows[MAX_ROWS:]) + others
    more = [("others", rest, percent(rest, total), 0, "no class: its masks are left out")] if rest else []
    return rows[:MAX_ROWS] + more


def _warn_of_empty_classes(reading: MaskReading, pixels: dict[str, int], report: Report) -> None:
    empty = [name for name in reading.classes.names if not pixels.get(name)]
    if not empty:
        return
    names = ", ".join(empty[:NAMED]) + (f" and {len(empty) - NAMED} more" if len(empty) > NAMED else "")
    it = "it" if len(empty) == 1 else "they"
    report.warn(
        f"No mask has a pixel of {names}, so {it} cannot be learnt. If the masks have other values for "
        f"{'it' if len(empty) == 1 else 'them'}, name each value in a CSV of index,name; otherwise leave the "
        f"{'name' if len(empty) == 1 else 'names'} out"
    )


def _warn_of_classes_like_void(reading: MaskReading, report: Report) -> None:
    for name in reading.classes.names:
        if normal_name(name) in VOID_NAMES:
            report.warn(
                f"{name} is learnt as a class like any other. If its pixels should not count, make them void: --void "
                f"{shlex.quote(name)}"
            )


def _warn_of_void(reading: MaskReading, pixels: dict[str, int], total: int, report: Report, void: str | None) -> None:
    of_void = pixels.get(_void(reading.classes), 0)
    if of_void <= MAX_VOID * total:
        return
    text = percent(of_void, total)
    white = max(WHITES, key=lambda value: reading.values.pixels.get(value, 0))
    pixels_of_white = reading.values.pixels.get(white, 0)
    if void != str(white) and reading.classes.of_value(white) == VOID and pixels_of_white > MAX_VOID / 2 * total:
        report.warn(
            f"{white} is void and covers {percent(pixels_of_white, total)} of all pixels: void is neither learnt nor "
            f"counted. If white is the object, give names for 0 and {white}: a CSV of index,name with 0,background and "
            f"{white},NAME; if every value above 0 is the object, use --threshold 0"
        )
        return
    cause = f"--void {void}" if void else "the table of classes"
    report.warn(
        f"Void covers {text} of all pixels, as {cause} says: they are neither learnt nor counted. If they are the "
        "background or an object, give them a class"
    )
