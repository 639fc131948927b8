"""Label Studio's exports JSON and JSON-MIN, https://labelstud.io/guide/export: a list of tasks."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote, urlsplit

from datatransformer.annotations.files import BadAnnotation, annotation_files, json_items
from datatransformer.listing import Listing, Rejected
from datatransformer.naming import IMAGE_SUFFIX
from datatransformer.sources import Evidence
from settings import SettingError, bad_setting

if TYPE_CHECKING:
    from config import DataTransformerConfig
    from datatransformer.annotations.annotated import AnnotatedImage, Annotations
    from datatransformer.report import Report

TASKS = ("segmentation", "classification", "multilabel")
SETTINGS = (
    "raw_images", "raw_labels", "class_names", "merge_classes", "void", "attribute", "boxes", "range", "max_pixels",
    "link",
)  # fmt: skip
NAMED_BY = ()

UPLOAD = re.compile(r"^[0-9a-f]{8}-(?=.)")
"""What Label Studio puts in front of the name of an uploaded file."""

OF_THE_TASK = {
    "id", "annotator", "annotation_id", "created_at", "updated_at", "lead_time", "file_upload", "agreement", "comment",
    "project", "predictions", "meta", "inner_id", "total_annotations", "task_id",
}  # fmt: skip
"""Keys of JSON-MIN that are no results."""

CHOICE_KEYS = ("choice", "choices", "class", "label", "labels", "category", "tag", "tags")
"""Keys of JSON-MIN whose texts are taken for choices. Others may be data of the task."""


def recognises(settings: "DataTransformerConfig") -> list[Evidence]:
    """A JSON list of tasks in the raw folder, a folder in it, or beside it."""
    root = settings.raw_images
    files = annotation_files(root, "label-studio", (".json",)) if root else []
    reason = f"{files[0]} is an export of Label Studio" if files else ""
    return [Evidence(reason, overrides=("folders", "labels"))] if files else []


def read(settings: "DataTransformerConfig", report: "Report") -> Listing:
    """Raises SettingError without `raw_images` and export, WorkError for a damaged one."""
    from datatransformer.annotations.annotated import Annotations
    from datatransformer.annotations.listing import list_annotated

    root = settings.raw_images
    if root is None:
        raise SettingError(bad_setting("raw_images", None, "source label-studio needs the folder of images"))
    files = [settings.raw_labels] if settings.raw_labels else annotation_files(root, "label-studio", (".json",))
    if len(files) != 1:
        some = f"{len(files)} exports: {', '.join(map(str, files))}" if files else f"no export in or beside {root}"
        raise SettingError(bad_setting("raw_labels", None, f"source label-studio found {some}; name the file"))
    annotations = Annotations(
        "Label Studio", files[0].name, f"is not in {files[0].name}", attribute=settings.attribute or ""
    )
    annotations.images = _images(files[0], annotations)
    return list_annotated(annotations, settings, report, root)


def _images(path: Path, annotations: "Annotations") -> "Iterator[AnnotatedImage | Rejected]":
    from datatransformer.annotations.label_studio_results import as_image

    for number, task in enumerate(json_items(path, "item"), 1):
        key = task.get("id", number) if isinstance(task, dict) else number
        source = f"{path.name}: task {key}"
        try:
            if not isinstance(task, dict):
                raise BadAnnotation("is no task")
            names, results = _names(task), _results(task, annotations)
        except BadAnnotation as error:
            yield Rejected(source, str(error))
            continue
        yield as_image(names, source, results, annotations)


def _results(task: dict[str, Any], found: "Annotations") -> list[dict[str, Any]]:
    """The results of one annotation, each a value with its size, type and id. Raises BadAnnotation if there is none."""
    if "data" not in task:
        return _results_of_minimum(task, found)
    annotations = task.get("annotations", task.get("completions"))
    if not isinstance(annotations, list):
        raise BadAnnotation("has no list of annotations")
    annotations = [entry for entry in annotations if isinstance(entry, dict) and not entry.get("was_cancelled")]
    if not annotations:
        predicted = "; its predictions are not used" if task.get("predictions") else ""
        raise BadAnnotation(f"has not been annotated{predicted}")
    if len(annotations) > 1:
        found.remarks["Tasks with several annotations, of which the ground truth or the first one counts"] += 1
    chosen = next((entry for entry in annotations if entry.get("ground_truth")), annotations[0])
    results = chosen.get("result")
    if not isinstance(results, list) or not all(isinstance(result, dict) for result in results):
        raise BadAnnotation("has an annotation without a list of results")
    flat = []
    for result in results:
        value = result.get("value")
        flat.append({**result, **(value if isinstance(value, dict) else {})})
    return flat


def _results_of_minimum(task: dict[str, Any], found: "Annotations") -> list[dict[str, Any]]:
    """The results of a task in JSON-MIN, where they stand beside the data of the task under the names of the labels."""
    image = _image_key(task)
    results: list[dict[str, Any]] = []
    for key, value in task.items():
        if key in OF_THE_TASK or key == image:
            continue
        if isinstance(value, list) and all(isinstance(entry, dict) for entry in value):
            results += value
        elif isinstance(value, dict) and isinstance(value.get("choices"), list):
            results.append({"from_name": key, **value})
        elif isinstance(value, str) and (key.lower() in CHOICE_KEYS or key == found.attribute):
            results.append({"from_name": key, "choices": [value]})
        elif isinstance(value, str):
            found.note_attribute(key, value)
    return results


def _image_key(data: dict[str, Any]) -> str | None:
    """The key of the image in the data of a task."""
    for key in ("image", "img", "url", *data):
        value = data.get(key)
        if isinstance(value, str) and (
            key == "image" or IMAGE_SUFFIX.search(value.partition("?")[0]) or "?d=" in value
        ):
            return key
    return None


def _names(task: dict[str, Any]) -> tuple[str, ...]:
    """The spellings of the name of the image. Raises BadAnnotation if the task has none."""
    data = task["data"] if isinstance(task.get("data"), dict) else task
    key = _image_key(data)
    if key is None:
        raise BadAnnotation("has no image")
    texts = [data[key]] + ([task["file_upload"]] if isinstance(task.get("file_upload"), str) else [])
    names: list[str] = []
    for text in texts:
        if text.startswith("data:"):
            raise BadAnnotation("has its image inside the file; only files in the raw folder are read")
        parts = urlsplit(text)
        local = parse_qs(parts.query).get("d")
        name = unquote(local[0] if local else parts.path if parts.scheme or parts.query else text).lstrip("/")
        folder, slash, last = name.replace("\\", "/").rpartition("/")
        names += [name, folder + slash + UPLOAD.sub("", last), UPLOAD.sub("", last)]
    return tuple(dict.fromkeys(names))
