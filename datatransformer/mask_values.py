"""The classes that the values of gray masks mean. Only what can be read in one way is read; the rest is refused."""

from datatransformer.class_tables import RawClass
from datatransformer.mask_peaks import black_and_white, crowd, instances, is_even, percent
from datatransformer.mask_survey import Counts, MaskSurvey
from datatransformer.value_classes import (
    BACKGROUND,
    MAX_LEFT_OUT,
    OBJECT,
    WHITE,
    ClassTable,
    ValueClasses,
    check_positive,
    listed,
    lossy_refused,
    mixed_white,
    numbered_classes,
    refused,
    smooth_classes,
    source_of,
    two_classes,
)
from settings import SettingError, bad_setting


def with_threshold(found: Counts, table: ClassTable | None, threshold: int) -> ValueClasses:
    """Two classes: values up to the threshold, and above. Raises SettingError if it cannot be so."""
    above = sum(pixels for value, pixels in found.pixels.items() if value > threshold)
    if not 0 < above < found.total:
        side = "above" if not above else "up to"
        raise SettingError(
            bad_setting(
                "threshold",
                threshold,
                f"no pixel of the masks has a value {side} it; the values are {listed(found.pixels)}",
            )
        )
    rows = [row for row in table.rows if not row.is_void] if table else []
    if len(rows) > 2:
        allowed = f"makes two classes, but {source_of(table)} names {len(rows)}; name two, or leave the threshold out"
        raise SettingError(bad_setting("threshold", threshold, allowed))
    rows = two_classes(rows, 0, max(max(found.pixels), WHITE))
    dark, bright = sorted(rows, key=lambda row: row.index)
    note = f"Values up to {threshold} are {dark.name}, values above it are {bright.name}, as --threshold says"
    return ValueClasses(rows, threshold, (note,), lossy=True)


def without_table(survey: MaskSurvey, found: Counts, lossy: Counts, void: int | None) -> ValueClasses:
    """The values that occur as classes. Raises SettingError if they can be no classes, or in several ways."""
    values = [value for value in sorted(found.pixels) if value != void]
    both = found.joined(lossy)
    if (peaks := black_and_white(both.pixels)) and void is None:
        return smooth_classes([RawClass(0, BACKGROUND), RawClass(1, OBJECT)], both, peaks, bool(lossy.total_masks))
    if lossy.total_masks > MAX_LEFT_OUT * (found.total_masks + lossy.total_masks):
        raise lossy_refused(lossy)
    check_positive(found)
    if len(values) < 2:
        reason = f" ({survey.reason})" if survey.reason else ""
        raise refused(
            f"is needed: the masks alone have {len(values)} classes{reason}. "
            "Name a table with lines of R G B name, or a CSV of index,name"
        )
    if len(values) == 2 and (values[0] == 0 and values[1] in (WHITE, 65535)):
        rows = two_classes([], 0, values[1])
        note = f"The masks are black and white: 0 is {BACKGROUND}, {values[1]} is {OBJECT}. --class-names gives names"
        return ValueClasses(rows, notes=(note,))
    if why := instances(survey) or crowd(found):
        raise refused(f"{why}. If they are classes all the same, name them in a CSV of index,name")
    if values[-1] > WHITE:
        allowed = f"is needed: the masks have values beyond 255 ({listed(found.pixels)}), such as ids of objects"
        raise refused(f"{allowed}. Save them with the indices of classes, or name one class for each value, in order")
    if WHITE in values:
        return _with_white(survey, found, values)
    return ValueClasses(numbered_classes(values))


def _with_white(survey: MaskSurvey, found: Counts, values: list[int]) -> ValueClasses:
    """Masks with 255 and other values, and nothing that says whether 255 is void."""
    if len(values) == 2:
        return ValueClasses(numbered_classes(values), notes=(f"The values {values[0]} and 255 are a class each",))
    if len(values) == 3 and values[0] == 0 and 120 <= values[1] <= 136:
        share = percent(found.pixels[values[1]], found.total)
        raise refused(
            f"is needed: the masks have the values 0, {values[1]} ({share}) and 255, so {values[1]} may be a class of "
            f"its own, or void as in a trimap. Name three classes, or use --void {values[1]}, or --threshold 127 if it "
            "is the edge of white"
        )
    if values == [0, 1, WHITE] and not survey.with_1_and_255:
        raise mixed_white()
    if len(values) > 3 and is_even(values):
        return ValueClasses(
            numbered_classes(values), notes=(f"The values {listed(values)} have equal steps: each is a class, 255 too",)
        )
    note = "255 is void, as in VOC's masks. If it is a class, name the values in a CSV of index,name"
    return ValueClasses(numbered_classes(values[:-1]), notes=(note,))
