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

    raw = os.path.join(root, "")

    def entries() -> Iterator[Picture | Rejected]:
        yield from rejected
        for name, labels in labels_by_file.items():
            outside = files[name] and why_outside(raw + name, root)
            yield Rejected(raw + name, outside) if outside else _picture(name, raw + name, labels, names, settings)
        for name in files:
            if name not in labels_by_file:
                yield Rejected(raw + name, why_outside(raw + name, root) or "has no label")

    return Listing(_usable(entries(), settings), names and [names[label] for label in sorted(names, key=natural_order)])


def _usable(entries: Iterator[Picture | Rejected], settings) -> Iterator[Picture | Rejected]:
    """All of them. Raises WorkError at the end if no picture was among them."""
    first, is_empty = Rejected(str(settings.raw_images), "is empty"), True
    for number, entry in enumerate(entries):
        if isinstance(entry, Picture):
            is_empty = False
        elif number == 0:
            first = entry
        yield entry
    if is_empty:
        where = f"no image in {settings.raw_images} has a usable label in {settings.raw_labels}"
        raise WorkError(f"{where}. {first.source}: {first.reason}")


def _files(root: Path, leave_out: set[Path | None]) -> dict[str, bool]:
    """The files by their path in the raw folder, in order, and whether they are links."""
    files = dict(names_below(root))
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


def _picture(
    name: str, path: str, labels: list[Labelled], names: dict[str, str] | None, settings
) -> Picture | Rejected:
    different = sorted({entry.label for entry in labels}, key=natural_order)
    if len(different) > 1:
        lines = ", ".join(f"{settings.raw_labels}:{entry.line}" for entry in labels)
        return Rejected(path, f"has {len(different)} labels: {', '.join(different)} ({lines})")
    if names is not None and different[0] not in names:
        return Rejected(path, f"its label {different[0]} is not in the file of class names")
    return Picture(name, path, names[different[0]] if names else different[0])
