"""What a data folder is made of annotations: the report of what they hold, the task, and the split of subsets."""

from collections import Counter
from typing import TYPE_CHECKING

from datatransformer.annotations.annotated import Annotations, Survey
from datatransformer.annotations.classes import BACKGROUND_NAMES
from datatransformer.folders.folder_split import LEFT_OUT
from datatransformer.naming import number_text
from settings import SettingError, WorkError, bad_setting, errors_if_given

if TYPE_CHECKING:
    from config import DataTransformerConfig
    from datatransformer.report import Report

MOST_NAMED = 10


def describe(annotations: Annotations, survey: Survey, report: "Report") -> None:
    """Tells the report what was found, and what looks like a mistake in it."""
    counts = {"images": survey.images, "classes": len(annotations.classes or survey.labels()), **survey.kinds}
    counts |= {"boxes": survey.boxes.total(), "tags": survey.tags.total(), "images without any": survey.empty}
    counts |= {"images with damaged annotations": survey.problems}
    held = ", ".join(f"{kind} {count:,}" for kind, count in counts.items() if count)
    report.note(f"{annotations.files} ({annotations.tool}): {held}.")
    for remark, count in annotations.remarks.items():
        if count:
            report.note(f"{remark}: {count:,}.")
    for doubt, count in annotations.doubts.items():
        report.warn(f"{doubt}: {count:,}.")
    _describe_attributes(annotations, survey, report)
    labels = [*annotations.classes, *sorted(survey.with_label.keys() - {*annotations.classes, ""})]
    counters = (survey.shapes, survey.boxes, survey.tags, survey.with_label)
    rows = [(label, *(counter[label] for counter in counters)) for label in labels]
    report.add_table("Annotations of each class", ("class", "shapes", "boxes", "tags", "images with it"), rows)
    unused = [label for label in annotations.classes if not survey.with_label[label]]
    unused = [label for label in unused if label.lower() not in BACKGROUND_NAMES]
    if unused and len(unused) < len(annotations.classes):
        report.warn(
            f"No annotation has the class {_some(unused)}: it cannot be learnt. To leave it out, name the classes that "
            "count by --class-names FILE."
            if len(unused) == 1
            else f"No annotation has the classes {_some(unused)}: they cannot be learnt. To leave them out, name the "
            "classes that count by --class-names FILE."
        )
    forms = Counter(" ".join(label.casefold().split()) for label in labels)
    if alike := [label for label in labels if forms[" ".join(label.casefold().split())] > 1]:
        report.warn(
            f"The labels {_some(alike)} differ in upper and lower case or blanks only, and are classes of their own. "
            "A table of from,to makes them one: --merge-classes FILE."
        )


def _describe_attributes(annotations: Annotations, survey: Survey, report: "Report") -> None:
    names = {name: values for name, values in annotations.attributes.items() if not values <= survey.tags.keys()}
    if annotations.attribute:
        report.note(f"The classes are the values of the attribute {annotations.attribute}, as --attribute says.")
    elif names or len(annotations.attributes) > 1:
        shown = ", ".join(f"{name} ({', '.join(sorted(values))})" for name, values in annotations.attributes.items())
        report.note(
            f"Annotations have attributes, some of their values are: {shown}. To take the values of one of them as the "
            "classes: --attribute NAME."
        )


def chosen_task(settings: "DataTransformerConfig", annotations: Annotations, survey: Survey, report: "Report") -> str:
    """The task, which the annotations decide if the settings do not. Raises SettingError if they do not fit it."""
    shapes, boxes, tags = survey.shapes.total(), survey.boxes.total(), survey.tags.total()
    if survey.problems == survey.images:
        raise WorkError(f"{annotations.files} holds no annotation that can be read, such as {survey.problem}")
    if settings.attribute and settings.attribute not in annotations.attributes:
        names = ", ".join(annotations.attributes) or "none"
        problem = f"is no attribute of the annotations; these have {names}"
        raise SettingError(bad_setting("attribute", settings.attribute, problem))
    if survey.tiny == survey.outlines > 1:
        raise WorkError(
            f"{annotations.files} holds outlines whose coordinates all lie in 0..1. They should be pixels, and seem to "
            "be fractions of width and height; multiply them by these."
        )
    takes_boxes = settings.boxes == "class"
    asked = settings.task == "segmentation"
    if asked or (settings.task is None and settings.labels == "one" and not takes_boxes and (shapes or not tags)):
        _check_masks(takes_boxes, annotations, survey)
        if boxes:
            report.warn(
                f"Boxes ({boxes:,}) do not outline what they show: their inside is void in the masks, where no shape "
                "covers it, so that it is not learnt as background."
            )
        if tags:
            report.note(f"Tags of whole images ({tags:,}) are not used in masks; --task classification uses them.")
        return "segmentation"
    if takes_boxes and not shapes + boxes:
        problem = f"has no effect: {annotations.files} holds no boxes or shapes"
        raise SettingError(bad_setting("boxes", "class", problem))
    if not takes_boxes and not tags:
        problem = (
            f"the images have no tags, but {boxes + shapes} boxes and shapes; to take their classes: --boxes class"
        )
        raise SettingError(bad_setting("boxes", "ignore", problem))
    if errors := errors_if_given(settings, ["void"], "has no effect for classification; leave it out"):
        raise SettingError(*errors)
    if not takes_boxes and shapes + boxes:
        report.note(f"Shapes and boxes ({shapes + boxes:,}) are not used: the tags give the classes of the images.")
    if settings.task is None and settings.labels == "one" and not takes_boxes:
        report.note("The task is classification: the images have tags, and no shapes for masks.")
    return "classification"


def _check_masks(takes_boxes: bool, annotations: Annotations, survey: Survey) -> None:
    """Raises SettingError or WorkError if the annotations give no masks."""
    if takes_boxes:
        raise SettingError(bad_setting("boxes", "class", "has no effect with task segmentation; leave it out"))
    if survey.shapes:
        return
    boxes, tags = survey.boxes.total(), survey.tags.total()
    has = number_text(boxes, "box", "boxes") if boxes else number_text(tags, "tag", "tags") if tags else "no shapes"
    remedies = {
        "Add --boxes class to take the class of its boxes as the class of an image": boxes,
        "Add --task classification": tags,
        f"Its attributes are {', '.join(annotations.attributes)}; --attribute NAME takes one": annotations.attributes,
        "Is this the file with the annotations?": True,
    }
    remedy = next(text for text, fits in remedies.items() if fits)
    problem = f"{annotations.files}: {has}, and nothing that outlines an area, as masks need. {remedy}"
    if boxes:
        raise SettingError(bad_setting("boxes", "ignore", problem))
    raise WorkError(problem)


def splits_of_subsets(settings: "DataTransformerConfig", survey: Survey, report: "Report") -> dict[str, str | None]:
    """The split of the data folder for each subset; LEFT_OUT for test images without annotations."""
    subsets = {name for name, count in survey.splits.items() if name and count}
    if not subsets or settings.split != "auto":
        return {}
    test: dict[str, str | None] = {"test": "test" if survey.annotated_splits["test"] else LEFT_OUT}
    if settings.val_list:
        return test
    counts = ", ".join(f"{survey.splits[name]:,} of {name or 'no subset'}" for name in sorted(survey.splits))
    if "train" in subsets and "val" in subsets:
        report.note(f"The subsets decide the split: {counts}.")
        for name in ("train", "val"):
            if not survey.annotated_splits[name]:
                report.warn(f"No image of the subset {name} has an annotation. Is its file the right one?")
        return {"train": "train", "val": "val", **test}
    if "train" in subsets and survey.annotated_splits["test"]:
        report.note(f"The subsets decide the test images: {counts}. A share of train is for validation.")
        return test
    report.note(f"The subsets do not decide the split: {counts}. They have no images for both training and validation.")
    return {"test": LEFT_OUT} if len(survey.splits) > 1 and test["test"] == LEFT_OUT else {}


def _some(names: list[str]) -> str:
    more = len(names) - MOST_NAMED
    return ", ".join(names[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
