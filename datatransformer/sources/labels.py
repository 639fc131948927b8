"""A folder of pictures and a file that says which label each has: S0's data, and most competitions'."""

import os
from collections import defaultdict
from collections.abc import Collection, Iterator
from pathlib import Path

from datatransformer.sources import Listing, Picture, Rejected, names_below, why_outside
from datatransformer.sources.label_file import Labelled, read_class_names, read_labels
from datatransformer.split import natural_order
from settings import SettingError, WorkError, fault

TASKS = ("classification",)
SETTINGS = ("raw_images", "raw_labels", "class_names", "link", "verify")


def read(settings) -> Listing:
    """Raises SettingError without `raw_images` and `raw_labels`, WorkError if not one label belongs to a file."""
    needed = {"raw_images": "the folder of pictures", "raw_labels": "the file of their labels"}
    missing = [
        fault(key, None, f"source labels needs {what}") for key, what in needed.items() if not getattr(settings, key)
    ]
    if missing:
        raise SettingError(*missing)
    root = settings.raw_images
    labelled, rejected = read_labels(settings.raw_labels)
    names = read_class_names(settings.class_names) if settings.class_names else None
    files = _files(root, leave_out={settings.raw_labels, settings.class_names})
    labels_by_file, without_file = _labels_by_file(labelled, files, settings)
    rejected += without_file

    pictures, raw = [], os.path.join(root, "")
    for name, labels in labels_by_file.items():
        picture = _picture(name, raw, labels, names, settings)
        (pictures if isinstance(picture, Picture) else rejected).append(picture)
    rejected += [
        Rejected(raw + name, why_outside(raw + name, root) or "has no label")
        for name in files
        if name not in labels_by_file
    ]
    if not pictures:
        reason = rejected[0] if rejected else Rejected(str(root), "is empty")
        raise WorkError(
            f"no image in {root} has a usable label in {settings.raw_labels}. {reason.source}: {reason.reason}"
        )
    return Listing(pictures, _classes(pictures, labels_by_file, names), rejected)


def _files(root: Path, leave_out: set[Path | None]) -> dict[str, None]:
    """The files by their path in the raw folder, in order."""
    files = dict.fromkeys(names_below(root))
    for path in filter(None, leave_out):
        if path.resolve().is_relative_to(root.resolve()):
            files.pop(path.resolve().relative_to(root.resolve()).as_posix(), None)
    return files


def _labels_by_file(
    labelled: list[Labelled], files: Collection[str], settings
) -> tuple[dict[str, list[Labelled]], list[Rejected]]:
    names = [_name(entry.image, files) for entry in labelled]
    unknown = set(names).difference(files)
    by_stem = defaultdict(list)  # some label files leave the suffix out
    for name in files if unknown else ():
        stem = Path(name).with_suffix("").as_posix()
        if stem in unknown:
            by_stem[stem].append(name)
    found, rejected = defaultdict(list), []
    for entry, name in zip(labelled, names, strict=True):
        candidates = by_stem.get(name, []) if name in unknown else [name]
        if len(candidates) == 1:
            found[candidates[0]].append(entry)
        else:
            reason = _why_no_file(entry.image, candidates, settings.raw_images)
            rejected.append(Rejected(f"{settings.raw_labels}:{entry.line} {entry.image}", reason))
    return found, rejected


def _name(image: str, files: Collection[str]) -> str:
    """Its path in the raw folder, however the label file writes it."""
    if image in files:
        return image
    name = Path(image).as_posix()
    return name if name in files else name.replace("\\", "/")  # as Windows writes it


def _why_no_file(image: str, candidates: list[str], root: Path) -> str:
    if candidates:
        return f"could be any of {', '.join(candidates)}"
    if Path(image).is_absolute() or ".." in Path(image).parts:
        return "leads out of the raw folder; only files in it are read"
    return f"there is no such file in {root}"


def _picture(name: str, raw: str, labels: list[Labelled], names: dict[str, str] | None, settings) -> Picture | Rejected:
    path = raw + name
    different = sorted({entry.label for entry in labels}, key=natural_order)
    if reason := why_outside(path, settings.raw_images):
        return Rejected(path, reason)
    if len(different) > 1:
        lines = ", ".join(f"{settings.raw_labels}:{entry.line}" for entry in labels)
        return Rejected(path, f"has {len(different)} labels: {', '.join(different)} ({lines})")
    if names is not None and different[0] not in names:
        return Rejected(path, f"its label {different[0]} is not in the file of class names")
    return Picture(name, names[different[0]] if names else different[0], raw)


def _classes(pictures: list[Picture], labels: dict[str, list[Labelled]], names: dict[str, str] | None) -> list[str]:
    """In the order of the labels, numbers as numbers."""

    def in_order(used: Iterator[str]) -> list[str]:
        return sorted(set(used), key=natural_order)

    if names is None:
        return in_order(picture.class_name for picture in pictures)
    return [names[label] for label in in_order(labels[picture.name][0].label for picture in pictures)]
