"""Decides how the masks of a data set are read: what a survey found, and what the settings say, become classes."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from datatransformer.masks.channels import FoundMasks, MaskSettings, take_channels
from datatransformer.masks.classes import VOID, MaskClasses, colour_of_text, mask_classes
from datatransformer.masks.colours import check_colours, lossy_colours_refused, without_colours
from datatransformer.masks.counts import Counts
from datatransformer.masks.look import LOSSY_COLOURS
from datatransformer.masks.named_values import with_table
from datatransformer.masks.survey import MaskSurvey
from datatransformer.masks.value_classes import BACKGROUND, ClassTable, ValueClasses, counted, listed
from datatransformer.masks.values import with_threshold, without_table
from datatransformer.tables.class_tables import WHITES, RawClass
from settings import SettingError, bad_setting


@dataclass(frozen=True)
class MaskReading:
    """How masks are read.

    Attributes:
        classes: their meaning.
        values: counts of the values of gray masks.
        colours: counts of the colours of the others.
        notes, warnings: sentences for the report.
    """

    classes: MaskClasses
    values: Counts
    colours: Counts
    notes: list[str]
    warnings: list[str]


def read_meaning(survey: MaskSurvey, table: ClassTable | None, settings: MaskSettings) -> MaskReading:
    """The meaning of the values and colours in all masks. `table`: None if no classes are named.

    Raises SettingError, with the remedy, if they can be read in several ways or not at all.
    """
    if not survey.masks and survey.unreadable:
        text = f"none of the {counted(survey.unreadable, 'mask', 'masks')} can be read: {survey.reason}"
        raise SettingError(f"raw_masks: {text}")
    table = _with_background(table)
    found = take_channels(survey, table, settings)
    _check_void_colour(settings, table)
    chosen = _choose(survey, found, table, settings)
    _check_void(settings, table, found)
    form = replace(found.form, lossy=chosen.lossy, clip=chosen.threshold is not None)
    classes = mask_classes(chosen.rows, settings.void, dict(settings.merge), chosen.threshold, form)
    warnings = [*chosen.warnings, *_warnings_of_colours(survey, found, classes, table)]
    values = found.values.joined(found.lossy) if chosen.lossy else found.values
    if found.lossy.total_masks and not chosen.lossy:
        masks = counted(found.lossy.total_masks, "mask is", "masks are")
        warnings.append(f"{masks} JPEG or WebP, which change values, and left out")
    return MaskReading(classes, values, found.colours, [*found.notes, *chosen.notes], warnings)


def _choose(survey: MaskSurvey, found: FoundMasks, table: ClassTable | None, settings: MaskSettings) -> ValueClasses:
    are_coloured = survey.are_many(found.colours, survey.of(LOSSY_COLOURS))
    if settings.threshold is not None:
        if are_coloured:
            allowed = "has no effect on masks in colour; name a table with lines of R G B name"
            raise SettingError(bad_setting("threshold", settings.threshold, allowed))
        return with_threshold(found.values.joined(found.lossy), table, settings.threshold, settings.void_value)
    if survey.are_many(survey.of(LOSSY_COLOURS)):
        raise lossy_colours_refused(survey.of(LOSSY_COLOURS), table)
    has_colours = table is not None and any(row.colour for row in table.rows)
    is_without = found.colours.total_masks > 0 and not has_colours
    if is_without and (coloured := without_colours(found.colours, survey, table)):
        found.form = replace(found.form, gray_is_colour=True)
        return coloured
    if table and has_colours and not found.values.total_masks and not found.lossy.total_masks:
        return ValueClasses(table.rows)
    if table:
        return with_table(survey, found.values, found.lossy, table, settings.void_value)
    return without_table(survey, found.values, found.lossy, settings.void_value)


def _with_background(table: ClassTable | None) -> ClassTable | None:
    """A table with one colour gets black as the background."""
    if table is None or len(table.rows) != 1 or table.rows[0].colour in (None, (0, 0, 0)):
        return table
    (row,) = table.rows
    if row.index == VOID:  # a shade: it is a value
        return table
    return table._replace(rows=[RawClass(0, BACKGROUND, (0, 0, 0)), replace(row, index=1)])


def _check_void_colour(settings: MaskSettings, table: ClassTable | None) -> None:
    """Raises SettingError if `void` is a colour, and the table has none."""
    has_colours = table is not None and any(row.colour for row in table.rows)
    if settings.void and colour_of_text(settings.void) is not None and not has_colours:
        allowed = "a colour needs class_names with lines of R G B name; --void makes one value void"
        raise SettingError(bad_setting("void", settings.void, allowed))


def _check_void(settings: MaskSettings, table: ClassTable | None, found: FoundMasks) -> None:
    """Raises SettingError if `void` is a value that neither the masks nor the table have."""
    value = settings.void_value
    if value is None or value in WHITES or found.colours.total_masks:
        return
    present = {*found.values.pixels, *found.lossy.pixels}
    if value not in present and not (table and value in {row.index for row in table.rows}):
        raise SettingError(
            bad_setting("void", settings.void, f"no mask has this value; the values are {listed(list(present))}")
        )


def _warnings_of_colours(
    survey: MaskSurvey, found: FoundMasks, classes: MaskClasses, table: ClassTable | None
) -> Iterable[str]:
    if not found.colours.total_masks:
        return ()
    if not classes.by_colour:
        first = next(iter(found.colours.first.values()))
        masks = counted(found.colours.total_masks, "mask is", "masks are")
        return (f"{masks} in colour, such as {first}, and left out",)
    return check_colours(found.colours, classes.by_colour, table or ClassTable([]), survey)
