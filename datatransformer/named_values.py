"""The values that the classes of a table have in masks, or why the table does not fit the masks."""

from dataclasses import replace

from datatransformer.class_tables import VOID_NAMES
from datatransformer.mask_classes import VOID
from datatransformer.mask_peaks import black_and_white, crowd, instances, is_order, percent, two_peaks
from datatransformer.mask_survey import Counts, MaskSurvey
from datatransformer.value_classes import (
    MAX_LEFT_OUT,
    WHITE,
    ClassTable,
    ValueClasses,
    check_positive,
    listed,
    lossy_refused,
    mixed_white,
    named_classes,
    refused,
    smooth_classes,
    source_of,
    two_classes,
)
from storage.column_names import normal_name

MAX_RARE = 0.001
"""Largest share of pixels of a stray value."""


def with_table(survey: MaskSurvey, found: Counts, lossy: Counts, table: ClassTable, void: int | None) -> ValueClasses:
    """The values that the classes of the table have. Raises SettingError if there are several ways."""
    check_positive(found)
    rows = [row for row in table.rows if not row.is_void]
    named = {row.index for row in table.rows}
    present = sorted(found.pixels)
    values = [value for value in present if value != void]
    unnamed = [value for value in values if value not in named and value != VOID]
    both = found.joined(lossy)
    is_new = bool(unnamed or set(lossy.pixels) - named)
    if is_new and len(rows) <= 2 and void is None and (peaks := black_and_white(both.pixels)):
        return smooth_classes(rows, both, peaks, bool(lossy.total_masks))
    if lossy.total_masks > MAX_LEFT_OUT * (found.total_masks + lossy.total_masks):
        raise lossy_refused(lossy)
    if not unnamed:
        return _fitting(survey, table, values, void)
    if len(rows) == 1 and len(values) == 2 and values[0] == 0:
        return named_classes(two_classes(rows, *values), values)
    common = [value for value in present if not _is_rare(value, found)]
    if not table.values_are_given and table.path:
        for those in (present, values, common):
            if len(those) == len(rows) and is_order(those):
                chosen = named_classes(
                    [replace(row, index=value) for row, value in zip(rows, those, strict=True)], those
                )
                return _without(found, [value for value in values if value not in those], chosen)
    if survey.unknown_values <= MAX_LEFT_OUT * found.total_masks:
        fitting = _fitting(survey, table, [value for value in values if value not in unnamed], void)
        return _without(found, unnamed, fitting)
    raise refused(_why_unnamed(survey, found, table, values, unnamed), table)


def _is_rare(value: int, found: Counts) -> bool:
    """Whether few masks have the value, and few pixels in them."""
    return found.masks[value] <= MAX_LEFT_OUT * found.total_masks and found.pixels[value] <= MAX_RARE * found.total


def _without(found: Counts, unnamed: list[int], chosen: ValueClasses) -> ValueClasses:
    """The classes, and a warning that masks with other values are left out."""
    if not unnamed:
        return chosen
    some = ", ".join(f"{value} ({found.pixels[value]:,} pixels)" for value in unnamed[:10])
    warning = (
        f"Values without a class: {some}{' ...' if len(unnamed) > 10 else ''}. Masks with them are left out, such "
        f"as {found.first[unnamed[0]]}. Name them in class_names, or make one of them void by --void"
    )
    return replace(chosen, warnings=(*chosen.warnings, warning))


def _fitting(survey: MaskSurvey, table: ClassTable, values: list[int], void: int | None) -> ValueClasses:
    """All values have a class, but 255 perhaps."""
    rows = [row for row in table.rows if not row.is_void]
    indices = [row.index for row in rows]
    is_white_named = VOID in {row.index for row in table.rows}
    if len(rows) == 1 and not is_white_named and indices[0] <= 1 and set(values) <= {0, 1}:
        return named_classes(two_classes(rows, 0, 1), [0, 1])
    if len(rows) == 1 and is_white_named and set(values) <= {0, WHITE}:
        return named_classes(two_classes(rows, 0, WHITE), [0, WHITE])
    if VOID not in values or is_white_named or void == VOID or table.path is None:
        return ValueClasses(table.rows)
    if set(values) <= {0, WHITE} and sorted(indices) == [0, 1]:
        return named_classes([replace(row, index=row.index * WHITE) for row in rows], [0, WHITE])
    if set(values) <= {0, WHITE} and len(rows) == 1:
        return named_classes(two_classes(rows, 0, WHITE), [0, WHITE])
    if set(values) <= {0, WHITE}:
        text = f"the masks have only the values {listed(values)}, but {len(rows)} classes are named"
        raise refused(f"{text}. Write a CSV of index,name that has the values of the masks, such as 255,NAME", table)
    if values == [*range(len(values) - 1), WHITE] and sorted(indices) == list(range(len(values))):
        last = max(rows, key=lambda row: row.index)
        if normal_name(last.name) in VOID_NAMES:
            kept = [row for row in table.rows if row is not last]
            return ValueClasses(kept, notes=(f"255 is void, which is what {last.name} in {table.path} means",))
        if len(rows) <= 3:
            raise refused(
                f"the masks have the values {listed(values)}: 255 may be void, or {last.name}, for which {last.index} "
                f"would be expected. Use --void 255, or a CSV of index,name with 255,{last.name}",
                table,
            )
    if values == [0, 1, WHITE] and not survey.with_1_and_255:
        raise mixed_white()
    note = "255 is void, as in VOC's masks. If it is a class, name it in a CSV of index,name: 255,NAME"
    return ValueClasses(table.rows, notes=(note,))


def _why_unnamed(survey: MaskSurvey, found: Counts, table: ClassTable, values: list[int], unnamed: list[int]) -> str:
    """What is probably wrong with masks that have values without a class, and the remedy."""
    count = sum(not row.is_void for row in table.rows)
    start = f"the masks have the values {listed(values)}, and {source_of(table)} has {count} classes"
    pixels = sum(found.pixels[value] for value in unnamed)
    share = f"{percent(pixels, found.total)} of the pixels have a value without a class"
    if why := instances(survey) or crowd(found):
        return f"{start}; {why}"
    if peaks := two_peaks(found.pixels):
        return (
            f"{start}. Most pixels are {peaks[0]} or {peaks[1]}; if the others are smooth edges, use "
            f"--threshold {sum(peaks) // 2}. Otherwise name each value in a CSV of index,name, or use --void"
        )
    if len(unnamed) == 1:
        (value,) = unnamed
        return f"{start}; {value} ({share}) has no name. Use --void {value}, or name it in a CSV of index,name"
    remedy = "Name each value in a CSV of index,name"
    return f"{start}; {share}. {remedy}; --void makes one value void" + (
        f", --threshold {WHITE // 2} splits them in two" if count <= 2 and max(values) > WHITE // 2 else ""
    )
