"""Names for classes and pictures that every file system takes, no two of them alike."""

import hashlib
import re
from collections.abc import Iterable

from storage.tables import printable

LONGEST_NAME = 200
"""In bytes; file systems take 255 with the rest of the name."""


def folder_names(classes: Iterable[str]) -> dict[str, str]:
    """A name that every file system takes for each class: its own wherever that is one, and no two alike."""
    names: dict[str, str] = {}
    taken: set[str] = set()
    for name in classes:
        plain = re.sub(r'[\x00-\x1f\x7f/\\:*?"<>|]', "_", name).strip(" .") or "_"
        plain = _shortened(plain)
        folder, number = plain, 2
        while folder.casefold() in taken:
            folder, number = f"{plain}_{number}", number + 1
        names[name] = folder
        taken.add(folder.casefold())
    return names


def file_stem(name: str, is_shared: bool) -> str:
    """A file name without suffix for the picture `name` that no other of its class has, whatever their suffixes.

    It depends on the names alone: where the stem `is_shared`, all who have it get a few digits of the hash of their
    names.
    """
    stem = stem_of(name)
    if is_shared or len(stem.encode()) > LONGEST_NAME:
        digest = hashlib.sha256(name.encode(errors="surrogateescape")).hexdigest()[:8]
        return f"{_shortened(stem)}-{digest}"
    return stem


def stem_of(name: str) -> str:
    """As pathlib's, which takes a while for millions."""
    last = name[name.rfind("/") + 1 :]
    dot = last.rfind(".")
    return printable(last[:dot] if 0 < dot < len(last) - 1 else last)


def _shortened(name: str) -> str:
    return name.encode()[:LONGEST_NAME].decode(errors="ignore")


PICTURE_SUFFIX = re.compile(r"\.(jpe?g|png|tiff?|bmp|webp|gif|p[bgp]m|tga|avif|jp2)$", re.IGNORECASE)


def without_suffix(name: str) -> str:
    """A picture's name or path without .jpg and the like; `video.0001` has no suffix."""
    return PICTURE_SUFFIX.sub("", name)


def natural_order(name: str) -> list[tuple[int, int, str]]:
    """Sorting key that keeps numbers in numeric order: 2 before 10, image2 before image10."""
    parts = re.split(r"(\d+)", name)
    return [(0, int(part), part) if part.isdecimal() else (1, 0, part) for part in parts if part]
