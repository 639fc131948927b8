"""The classes that the labels of annotations mean, in masks and for whole images."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from datatransformer.annotations.annotated import IGNORE, Annotations, Survey
from datatransformer.listing import Colour
from datatransformer.masks.classes import VOID, mask_classes
from datatransformer.naming import natural_order
from datatransformer.tables.class_tables import RawClass, read_class_table, read_merge
from settings import SettingError, bad_setting

if TYPE_CHECKING:
    from config import DataTransformerConfig
    from datatransformer.report import Report

BACKGROUND = "background"
BACKGROUND_NAMES = (BACKGROUND, "_background_", "__background__")
"""Names, in small letters, of a class that stands for pixels without a shape."""

MOST_NAMED = 10


@dataclass(frozen=True)
class ClassIndices:
    """The classes of masks.

    Attributes:
        names, colours: in their order.
        by_label: the index for each label; labels that are void have none.
        background: the index of pixels without a shape; 255 if they are void.
    """

    names: tuple[str, ...]
    colours: tuple[Colour | None, ...]
    by_label: Mapping[str, int]
    background: int


def class_indices(
    settings: "DataTransformerConfig", annotations: Annotations, survey: Survey, report: "Report"
) -> ClassIndices:
    """The classes of the masks: background, and the labels of shapes. Raises SettingError for unfitting settings."""
    labels = [label for label in ordered_labels(annotations, survey) if survey.shapes[label] or not survey.tags[label]]
    if settings.class_names:
        rows = read_class_table(settings.class_names, report)
        _check_known(settings, labels, {row.name for row in rows}, survey)
    else:
        rows = [RawClass(number, label, annotations.colours.get(label)) for number, label in enumerate(labels, 1)]
    rows, background = _with_background(rows, report)
    merge = read_merge(settings.merge_classes, report) if settings.merge_classes else {}
    merge = {background: background, **merge} if merge else {}  # so that it stays the first class
    classes = mask_classes([row for row in rows if not row.is_void], settings.void, merge)
    order = {name: number for number, name in enumerate(classes.names)}
    used = ((row.name, merge.get(row.name, row.name)) for row in rows if not row.is_void)
    by_label = {label: order[name] for label, name in used if name in order}
    if void := survey.shapes[""] + survey.shapes[IGNORE]:
        report.note(f"Shapes that are drawn as void: {void:,}.")
    return ClassIndices(classes.names, classes.colours, by_label, by_label.get(background, VOID))


def label_classes(
    settings: "DataTransformerConfig", annotations: Annotations, survey: Survey, report: "Report"
) -> dict[str, str]:
    """The class of each label of an image, in the order of the classes. Raises SettingError for unfitting settings."""
    labels = ordered_labels(annotations, survey)
    if settings.class_names:
        labels = [row.name for row in read_class_table(settings.class_names, report) if not row.is_void]
    merge = read_merge(settings.merge_classes, report) if settings.merge_classes else {}
    if unknown := next((label for label in merge if label not in labels), None):
        problem = f"is no label of the images; these are {_some(labels)}"
        raise SettingError(bad_setting("merge_classes", unknown, problem))
    return {label: merge.get(label, label) for label in labels}


def ordered_labels(annotations: Annotations, survey: Survey) -> list[str]:
    """The labels as the files declare them, and then others in natural order. Without void."""
    others = survey.labels() - set(annotations.classes)
    declared = (label for label in annotations.classes if label != IGNORE)
    return [*dict.fromkeys(declared), *sorted(others, key=natural_order)]


def _with_background(rows: list[RawClass], report: "Report") -> tuple[list[RawClass], str]:
    """The classes with one for pixels without a shape, and its name. It is first unless it is there already."""
    named = next((row for row in rows if row.name.lower() in BACKGROUND_NAMES), None)
    if named:
        report.note(f"Pixels without a shape become the class {named.name}, as its name says.")
        return rows, named.name
    taken = {row.index for row in rows}
    index = next(index for index in range(len(rows) + 1) if index not in taken)
    report.note(f"Pixels without a shape become the class {BACKGROUND}, the first one.")
    return [RawClass(index, BACKGROUND), *rows], BACKGROUND


def _check_known(settings: "DataTransformerConfig", labels: list[str], names: set[str], survey: Survey) -> None:
    """Raises SettingError if shapes have labels that the file of class names does not have."""
    unknown = [label for label in labels if label not in names and survey.with_label[label]]
    if unknown:
        problem = (
            f"has not all labels of the annotations: {_some(unknown)}. Add them; a line __ignore__ or --void NAME "
            "makes one void, and --merge-classes a part of another. The file has " + _some(sorted(names))
        )
        raise SettingError(bad_setting("class_names", settings.class_names, problem))


def _some(names: list[str]) -> str:
    more = len(names) - MOST_NAMED
    return ", ".join(names[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
