"""A folder of pictures and a file that says which label each has: S0's data, and most competitions'."""

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from datatransformer.sources import Listing, Picture, Rejected, files_below, why_outside
from datatransformer.sources.label_file import Labelled, read_class_names, read_labels
from datatransformer.split import natural_order
from settings import SettingError, WorkError, fault

TASKS = ("classification",)
SETTINGS = ("raw_images", "raw_labels", "class_names", "link")


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
    labels_by_file, without_file = _labels_by_file(labelled, files, root)
    rejected += without_file

    pictures = []
    for name, labels in labels_by_file.items():
        picture = _picture(name, files[name], labels, names, root)
        (pictures if isinstance(picture, Picture) else rejected).append(picture)
    rejected += [
        Rejected(str(path), why_outside(path, root) or "has no label")
        for name, path in files.items()
        if name not in labels_by_file
    ]
    if not pictures:
        reason = rejected[0] if rejected else Rejected(str(root), "is empty")
        raise WorkError(
            f"no image in {root} has a usable label in {settings.raw_labels}. {reason.source}: {reason.reason}"
        )
    return Listing(pictures, _classes(pictures, labels_by_file, names), rejected)


def _files(root: Path, leave_out: set[Path | None]) -> dict[str, Path]:
    """The files by their path in the raw folder."""
    files = {path.relative_to(root).as_posix(): path for path in files_below(root)}
    for path in filter(None, leave_out):
        if path.resolve().is_relative_to(root.resolve()):
            files.pop(path.resolve().relative_to(root.resolve()).as_posix(), None)
    return files


def _labels_by_file(
    labelled: list[Labelled], files: dict[str, Path], root: Path
) -> tuple[dict[str, list[Labelled]], list[Rejected]]:
    by_stem = defaultdict(list)
    for name in files:
        by_stem[Path(name).with_suffix("").as_posix()].append(name)
    found, rejected = defaultdict(list), []
    for entry in labelled:
        name = Path(entry.image).as_posix()
        name = name if name in files else name.replace("\\", "/")  # as Windows writes it
        candidates = [name] if name in files else by_stem.get(name, [])  # some label files leave the suffix out
        if len(candidates) == 1:
            found[candidates[0]].append(entry)
        elif reason := _why_no_file(entry.image, candidates, root):
            rejected.append(Rejected(f"{entry.where} {entry.image}", reason))
    return found, rejected


def _why_no_file(image: str, candidates: list[str], root: Path) -> str:
    if candidates:
        return f"could be any of {', '.join(candidates)}"
    if Path(image).is_absolute() or ".." in Path(image).parts:
        return "leads out of the raw folder; only files in it are read"
    return f"there is no such file in {root}"


def _picture(
    name: str, path: Path, labels: list[Labelled], names: dict[str, str] | None, root: Path
) -> Picture | Rejected:
    different = sorted({entry.label for entry in labels}, key=natural_order)
    if reason := why_outside(path, root):
        return Rejected(str(path), reason)
    if len(different) > 1:
        return Rejected(str(path), f"has {len(different)} labels: {', '.join(different)} ({_lines(labels)})")
    if names is not None and different[0] not in names:
        return Rejected(str(path), f"its label {different[0]} is not in the file of class names")
    return Picture(name, names[different[0]] if names else different[0], path)


def _lines(labels: list[Labelled]) -> str:
    return ", ".join(entry.where for entry in labels)


def _classes(pictures: list[Picture], labels: dict[str, list[Labelled]], names: dict[str, str] | None) -> list[str]:
    """In the order of the labels, numbers as numbers."""

    def in_order(used: Iterator[str]) -> list[str]:
        return sorted(set(used), key=natural_order)

    if names is None:
        return in_order(picture.class_name for picture in pictures)
    return [names[label] for label in in_order(labels[picture.name][0].label for picture in pictures)]
