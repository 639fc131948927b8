"""The values that the classes of a table have in masks, or why the table does not fit the masks."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from datatransformer.masks.counts import LOW, Counts
from datatransformer.masks.levels import MAX_RARE, Levels, black_and_white, levels_of
from datatransformer.masks.misfits import check_kept, why_unnamed
from datatransformer.masks.peaks import is_order
from datatransformer.masks.survey import MAX_LEFT_OUT, MaskSurvey
from datatransformer.masks.value_classes import (
    BACKGROUND,
    WHITE,
    ClassTable,
    ValueClasses,
    check_one_coding,
    check_positive,
    counted,
    is_minor_white,
    listed,
    lossy_refused,
    named_classes,
    refused,
    smooth_classes,
    two_classes,
    void_rows,
)
from datatransformer.tables.class_tables import VOID_NAMES, WHITES, RawClass
from storage.column_names import normal_name

BINARY = (1, *WHITES)
"""Values of the object beside 0 that mean the same."""


@dataclass(frozen=True)
class _Case:
    """What is known when a table meets the values of masks.

    Attributes:
        rows: the classes of the table, without void.
        values: of the masks but void, in their order; unnamed: those that are not in the table, 255 apart.
    """

    survey: MaskSurvey
    found: Counts
    table: ClassTable
    void: int | None
    rows: list[RawClass]
    values: list[int]
    unnamed: list[int]

    @property
    def indices(self) -> list[int]:
        return sorted(row.index for row in self.rows)

    @property
    def is_white_named(self) -> bool:
        return any(row.index in WHITES for row in self.table.rows)

    @property
    def are_lines(self) -> bool:
        """Whether the user's file names classes, and not their values."""
        return self.table.path is not None and not self.table.values_are_given


def with_table(survey: MaskSurvey, found: Counts, lossy: Counts, table: ClassTable, void: int | None) -> ValueClasses:
    """The values that the classes of the table have. Raises SettingError if there are several ways."""
    check_positive(found, table)
    named = {row.index for row in table.rows}
    values = [value for value in sorted(found.pixels) if value != void]
    unnamed = [value for value in values if value not in named and value not in WHITES]
    case = _Case(survey, found, table, void, table.classes, values, unnamed)
    both = found.joined(lossy)
    telling = both.telling()
    levels = levels_of(telling)
    if not case.is_white_named and void not in WHITES and len(case.rows) <= 2:
        check_one_coding(both, levels, table)
    is_new = bool(unnamed or set(lossy.pixels) - named)
    may_be_smooth = is_new and len(case.rows) <= 2 and void is None
    if may_be_smooth and (peaks := black_and_white(found.telling(), lossy.telling())):
        return smooth_classes(case.rows, both, peaks, bool(lossy.total_masks))
    if survey.are_many(lossy):
        raise lossy_refused(lossy, table)
    chosen = _two_values(case) or (_in_order(case, levels) if unnamed else _fitting(case))
    if chosen is None and _may_leave_out(case):
        fitting = _fitting(replace(case, values=[value for value in values if value not in unnamed], unnamed=[]))
        chosen = _without(case, unnamed, fitting)
    if chosen is None:
        raise refused(why_unnamed(found, telling, levels, table, values, unnamed, void), table)
    return _with_doubts(case, levels, chosen)


def _two_values(case: _Case) -> ValueClasses | None:
    """Masks of two values, 0 and the object, if the table names one class, or two by other values."""
    values, rows, indices = case.values, case.rows, case.indices
    high = values[-1] if values else 0
    if len(case.table.rows) == len(rows) == 1 and set(values) <= {0, high} and values:
        return named_classes(two_classes(rows, 0, high or indices[0] or 1), values)
    is_binary = len(indices) == 2 and indices[0] == 0 and indices[1] in BINARY
    is_other_white = high in BINARY and high not in {row.index for row in case.table.rows}
    if is_binary and is_other_white and set(values) <= {0, high} and case.table.path:
        return named_classes([replace(row, index=high if row.index else 0) for row in rows], values)
    if case.are_lines and len(rows) == len(values) == 2 and WHITE in values and values[0] > 0:
        return named_classes(_in_turn(rows, values), values)
    return None


def _in_turn(rows: Sequence[RawClass], values: Sequence[int]) -> list[RawClass]:
    return [replace(row, index=value) for row, value in zip(rows, values, strict=True)]


def _in_order(case: _Case, levels: Levels) -> ValueClasses | None:
    """The values as the classes of a list of names in their order, if there are as many of both."""
    if not case.are_lines or levels.edges:
        return None
    found, rows = case.found, case.rows
    common = [value for value in case.values if value not in levels.strays and not _is_rare(value, found)]
    for those in (case.values, common):
        others = those[:-1] if those and those[-1] in WHITES else []
        strays = [value for value in case.values if value not in those]
        if not rows or found.unknown_share(strays) > MAX_LEFT_OUT:
            continue
        if len(those) == len(rows) and (is_order(those) or (those == common and those[-1] <= WHITE)):
            return _without(case, strays, named_classes(_in_turn(rows, those), those))
        is_void = others and is_minor_white(found, others) and (others[0] or others[-1] <= LOW)
        if is_void and len(others) == len(rows) and is_order(others):
            return _without(case, strays, named_classes(_in_turn(rows, others), those, those[-1:]))
    return None


def _is_rare(value: int, found: Counts) -> bool:
    """Whether few masks have the value, and few pixels in them."""
    few_masks = found.masks[value] <= MAX_LEFT_OUT * found.total_masks
    return few_masks and found.pixels[value] <= MAX_RARE * found.total


def _may_leave_out(case: _Case) -> bool:
    """Whether masks with values without a class may be left out: they are few, and no sign of one name too few."""
    values = [value for value in case.values if value not in WHITES]
    is_one_more = values == list(range(len(case.rows) + 1)) and case.indices == values[:-1]
    fills = any(case.found.solid.get(value, 0) for value in case.unnamed)
    return case.found.unknown_share(case.unnamed) <= MAX_LEFT_OUT and not (is_one_more and fills)


def _without(case: _Case, unnamed: list[int], chosen: ValueClasses) -> ValueClasses:
    """The classes, and a warning that masks with other values are left out.

    Raises SettingError if they are all masks of a class.
    """
    if not unnamed:
        return chosen
    found = case.found
    check_kept(found, {row.index: row.name for row in chosen.rows if not row.is_void}, unnamed, case.table)
    some = ", ".join(f"{value} ({counted(found.pixels[value], 'pixel', 'pixels')})" for value in unnamed[:10])
    voids = f"--void {unnamed[0]}" if len(unnamed) == 1 else "--void"
    warning = (
        f"Values without a class: {some}{' ...' if len(unnamed) > 10 else ''}. Masks with them are left out, such as "
        f"{found.first[unnamed[0]]}. Name them in a CSV of index,name, or make one of them void by {voids}"
    )
    return replace(chosen, warnings=(*chosen.warnings, warning))


def _fitting(case: _Case) -> ValueClasses:
    """All values have a class, but white perhaps."""
    table, values, rows, indices = case.table, case.values, case.rows, case.indices
    white = next((value for value in values if value in WHITES), None)
    if white is None or case.is_white_named or case.void == white:
        return ValueClasses(table.rows)
    if table.path is None:
        return ValueClasses([*table.rows, *void_rows([white])])
    if set(values) <= {0, white}:
        named = counted(len(rows), "class is", "classes are")
        raise refused(
            f"the masks have only the values {listed(values)}, but {named} named. Write a CSV of index,name with the "
            f"values of the masks, such as {white},NAME",
            table,
        )
    if values == [*range(len(values) - 1), white] and indices == list(range(len(values))):
        last = max(rows, key=lambda row: row.index)
        if normal_name(last.name) in VOID_NAMES:
            kept = [row for row in table.rows if row is not last]
            note = f"{white} is void, which is what {last.name} in {table.path} means"
            return ValueClasses([*kept, *void_rows([white])], notes=(note,))
        if len(rows) <= 3:
            raise refused(
                f"the masks have the values {listed(values)}: {white} may be void, or {last.name}, for which "
                f"{last.index} would be expected. Use --void {white}, or a CSV of index,name with {white},{last.name}",
                table,
            )
    note = f"{white} is void, as in VOC's masks. If it is a class, name it in a CSV of index,name: {white},NAME"
    return ValueClasses([*table.rows, *void_rows([white])], notes=(note,))


def _with_doubts(case: _Case, levels: Levels, chosen: ValueClasses) -> ValueClasses:
    """Warnings if values look like smooth edges, and if the names make 0 an object and another value the background."""
    warnings = [warning for warning in (_doubt_of_edges(levels), _doubt_of_names(case, chosen)) if warning]
    return replace(chosen, warnings=(*chosen.warnings, *warnings))


def _doubt_of_edges(levels: Levels) -> str:
    if not levels.edges:
        return ""
    return (
        f"The values {listed(levels.edges)} never fill an area and lie between {listed(levels.solid)}, as smooth edges "
        "do. If the masks were resized, do it by nearest neighbour: these pixels have the wrong classes"
    )


def _doubt_of_names(case: _Case, chosen: ValueClasses) -> str:
    rows = {row.index: row.name for row in chosen.rows}
    back = next((row for row in chosen.rows if normal_name(row.name) in (BACKGROUND, "bg", "_background_")), None)
    is_dark = case.found.pixels.get(0, 0) >= case.found.total / 2
    if not case.are_lines or not is_dark or 0 not in rows or back is None or back.index == 0:
        return ""
    return (
        f"0 is {rows[0]} and {back.index} is {back.name}, in the order of {case.table.path}, but most pixels are 0. "
        f"If 0 is {back.name}, put its line first"
    )
