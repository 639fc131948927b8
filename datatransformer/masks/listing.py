"""The listing of images with mask files. All masks are looked at before their values become classes."""

from collections.abc import Callable, Iterable, Mapping
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from datatransformer.listing import Colour, EncodedPair, Listing, RawImage, Rejected
from datatransformer.masks.channels import MaskSettings
from datatransformer.masks.classes import VOID, MaskClasses, mask_classes
from datatransformer.masks.pairs import has_class_colours, read_pair
from datatransformer.masks.raw_masks import RawMask, read_raw_mask
from datatransformer.masks.reading import read_meaning
from datatransformer.masks.report import report_masks
from datatransformer.masks.survey import Known, MaskSurvey, survey_masks
from datatransformer.masks.value_classes import ClassTable
from datatransformer.tables.class_entries import read_class_entries
from datatransformer.tables.class_tables import WHITES, RawClass, read_class_table, read_merge

if TYPE_CHECKING:
    from config import DataTransformerConfig
    from datatransformer.names.pairing import Pair
    from datatransformer.report import Report


def list_pairs(
    pairs: "Iterable[Pair]",
    rejected: Iterable[Rejected],
    settings: "DataTransformerConfig",
    report: "Report",
    table: list[RawClass] | None = None,
    border: Colour | None = None,
) -> Listing:
    """The listing of pairs of image and mask.

    Arguments:
        pairs: they are iterated twice.
        table: the raw classes if `class_names` is empty. None: the values that occur in the masks.
        border: a colour that is void, besides the setting `void`.
    """

    def read(pair: "Pair") -> RawMask:
        return read_raw_mask(pair.mask)

    def survey(known: Known) -> MaskSurvey:
        return survey_masks(pairs, read, lambda pair: pair.mask.name, known, settings.workers)

    classes = classes_of_masks(survey, settings, report, table, border)
    images = (RawImage(name, str(image), split=split, mask=str(mask)) for name, image, mask, split in pairs)

    def make_pair(image: RawImage) -> EncodedPair:
        return read_pair(Path(image.path), Path(image.mask), classes)

    return Listing(chain(rejected, images), list(classes.names), make_pair, list(classes.colours))


def classes_of_masks(
    survey: Callable[[Known], MaskSurvey],
    settings: "DataTransformerConfig",
    report: "Report",
    table: list[RawClass] | None = None,
    border: Colour | None = None,
) -> MaskClasses:
    """The meaning of the values in the masks, which goes to the report too.

    Arguments:
        survey: looks at all masks; it is called once, with the values and colours of the table.
        table, border: as for `list_pairs`.

    Raises SettingError if the masks can be read in several ways or not at all.
    """
    merge = read_merge(settings.merge_classes, report) if settings.merge_classes else {}
    names = _class_table(settings.class_names, table, report)
    if names and border and any(row.colour for row in names.rows):
        is_taken = any(row.colour == border or row.index == VOID for row in names.rows)
        border_row = [] if is_taken else [RawClass(VOID, "border", border, is_void=True)]
        names = names._replace(rows=[*names.rows, *border_row])
    found = survey(_known(names, settings.void, merge))
    reading = read_meaning(found, names, MaskSettings(settings.void, settings.threshold, merge))
    report_masks(reading, report, settings.void)
    return reading.classes


def _known(names: ClassTable | None, void: str | None, merge: Mapping[str, str]) -> Known:
    if names is None:
        return Known()
    values = {*WHITES, *(row.index for row in names.rows)} | ({int(void)} if void and void.isdecimal() else set())
    if len(names.rows) < 2 or not any(row.colour for row in names.rows):
        return Known(frozenset(values))
    classes = mask_classes(names.rows, void, dict(merge))
    return Known(frozenset(values), frozenset(classes.by_colour), lambda palette: has_class_colours(palette, classes))


def _class_table(path: Path | None, table: list[RawClass] | None, report: "Report") -> ClassTable | None:
    """The user's classes, or those that the kind of data is known to have."""
    if path is None:
        return ClassTable(table) if table else None
    rows = read_class_table(path, report)
    are_shades = all(row.colour and len(set(row.colour)) == 1 for row in rows)
    are_given = are_shades or any(entry.key for entry in read_class_entries(path).entries)
    return ClassTable(rows, path, are_given)
