"""The classes that the values of gray masks mean. Only what can be read in one way is read; the rest is refused."""

from dataclasses import replace

from datatransformer.masks.counts import Counts
from datatransformer.masks.levels import black_and_white, levels_of
from datatransformer.masks.peaks import MIN_STEP, SPLIT, is_even, no_classes, percent
from datatransformer.masks.survey import MaskSurvey
from datatransformer.masks.value_classes import (
    BACKGROUND,
    OBJECT,
    WHITE,
    ClassTable,
    ValueClasses,
    check_one_coding,
    check_positive,
    counted,
    is_void_white,
    listed,
    lossy_refused,
    numbered_classes,
    refused,
    smooth_classes,
    source_of,
    two_classes,
    void_rows,
)
from datatransformer.tables.class_tables import MAX_INDEX, WHITES
from settings import SettingError, bad_setting

MAX_APART = 0.01
"""Largest share of pixels of a value far above the others to doubt that it is a class."""


def with_threshold(found: Counts, table: ClassTable | None, threshold: int, void: int | None) -> ValueClasses:
    """Two classes: values up to the threshold, and above, without void. Raises SettingError if it cannot be so."""
    values = [value for value in found.pixels if value != void]
    is_above = [value > threshold for value in values]
    if all(is_above) or not any(is_above):
        side = "above" if not any(is_above) else "up to"
        remedy = ""
        if len(values) > 1:
            low, high = sorted(values)[0], sorted(values)[-1]
            limits = f"of {low}" if low == high - 1 else f"from {low} to {high - 1}"
            remedy = f". A threshold {limits} splits them; without a threshold each is a class"
        text = f"no pixel of the masks has a value {side} it; the values are {listed(values)}{remedy}"
        raise SettingError(bad_setting("threshold", threshold, text))
    rows = table.classes if table else []
    if len(rows) > 2:
        allowed = f"makes two classes, but {source_of(table)} names {len(rows)}; name two, or leave the threshold out"
        raise SettingError(bad_setting("threshold", threshold, allowed))
    is_deep = max(*found.pixels, threshold + 1, void or 0) > WHITE
    rows = two_classes(rows, 0, MAX_INDEX if is_deep else WHITE)
    dark, bright = sorted(rows, key=lambda row: row.index)
    note = f"Values up to {threshold} are {dark.name}, values above it are {bright.name}, as --threshold says"
    note += "" if void is None else f"; {void} is void"
    return ValueClasses(rows, threshold, (note,), lossy=True)


def without_table(survey: MaskSurvey, found: Counts, lossy: Counts, void: int | None) -> ValueClasses:
    """The values that occur as classes. Raises SettingError if they can be no classes, or in several ways."""
    both = found.joined(lossy)
    telling = both.telling()
    levels = levels_of(telling)
    if void not in WHITES:
        check_one_coding(both, levels, None)
    if void is None and (peaks := black_and_white(found.telling(), lossy.telling())):
        return smooth_classes([], both, peaks, bool(lossy.total_masks))
    if survey.are_many(lossy):
        raise lossy_refused(lossy, None)
    check_positive(found, None)
    if why := no_classes(found, telling, levels, 0, void):
        raise refused(f"{why}. If the values are classes all the same, name them in a CSV of index,name")
    strays = [value for value in levels.strays if value in found.pixels and value != void]
    values = [value for value in sorted(found.pixels) if value != void and value not in strays]
    if len(values) < 2:
        raise _one_value(values, void)
    return _without_strays(found, strays, _classes_of(found, values))


def _classes_of(found: Counts, values: list[int]) -> ValueClasses:
    """The classes of these values, at least two, that are all in areas or thin classes."""
    *others, last = values
    if others == [0] and last in WHITES:
        note = f"The masks are black and white: 0 is {BACKGROUND}, {last} is {OBJECT}. --class-names gives names"
        return ValueClasses(two_classes([], 0, last), notes=(note,))
    if len(others) == 1 and last == WHITE:
        return ValueClasses(numbered_classes(values), notes=(f"The values {others[0]} and {last} are a class each",))
    if last in WHITES and is_void_white(found, others):
        note = f"{last} is void, as in VOC's masks. If it is a class, name the values in a CSV of index,name"
        return ValueClasses([*numbered_classes(others), *void_rows([last])], notes=(note,))
    if last > WHITE:
        raise refused(
            f"the masks have values beyond 255 ({listed(values)}), such as ids of objects. {SPLIT}; if the values are "
            "classes, name them in a CSV of index,name"
        )
    if last == WHITE and not (len(values) > 3 and is_even(values)):
        raise _unclear_white(found, values)
    notes = (f"The values {listed(values)} have equal steps: each is a class, 255 too",) if last == WHITE else ()
    return ValueClasses(numbered_classes(values), notes=notes, warnings=_warning_of_apart(found, others, last))


def _warning_of_apart(found: Counts, others: list[int], last: int) -> tuple[str, ...]:
    """A warning about a value far above indices that has few pixels."""
    is_dense = others == list(range(others[0], others[0] + len(others)))
    share = found.pixels[last] / found.total
    if not is_dense or last - others[-1] < MIN_STEP or share > MAX_APART:
        return ()
    text = (
        f"{last} ({percent(found.pixels[last], found.total)} of the pixels, as in {found.first[last]}) is a class too, "
    )
    return (
        f"{text}though it is far from {listed(others)}. If it is none, such as a text in the masks, use --void {last}",
    )


def _unclear_white(found: Counts, values: list[int]) -> SettingError:
    """Masks with 255 and other values, where 255 may be void or a class, and the others classes or edges."""
    inner = [value for value in values if value not in (0, WHITE)]
    shares = ", ".join(f"{value} ({percent(found.pixels[value], found.total)})" for value in inner[:10])
    one = inner[0] if len(inner) == 1 else None
    void = f"--void {one} if {one} is void, as in a trimap, " if one else ""
    return refused(
        f"the masks have the values {listed(values)}: each may be a class of its own, 255 may be void, and {shares} "
        f"may be the edge of white. Name {len(values)} classes if each is one, or use {void}--void 255 if 255 is void, "
        "or --threshold 127 if white is the object"
    )


def _one_value(values: list[int], void: int | None) -> SettingError:
    only = f"all pixels are {values[0]}" if values else "there is no pixel"
    but = "" if void is None else f" but those that --void {void} makes void"
    return refused(
        f"{only} in all masks{but}, so there is one class at most. Name the right folder of masks, or save them again "
        "if the objects were lost; masks of empty images alone need a CSV of index,name"
    )


def _without_strays(found: Counts, strays: list[int], chosen: ValueClasses) -> ValueClasses:
    if not strays:
        return chosen
    some = ", ".join(f"{value} ({counted(found.pixels[value], 'pixel', 'pixels')})" for value in strays)
    is_one = len(strays) == 1
    text = (
        f"{some} {'fills' if is_one else 'fill'} no area, as in {found.first[strays[0]]}: taken as "
        f"{'a stray value' if is_one else 'stray values'} and void"
    )
    say = f"--void {strays[0]} says so without this warning; if" if is_one else "If"
    warning = f"{text}. {say} {'it is a class' if is_one else 'they are classes'}, name all in a CSV of index,name"
    return replace(chosen, rows=[*chosen.rows, *void_rows(strays)], warnings=(*chosen.warnings, warning))
