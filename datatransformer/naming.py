"""Names of images, classes and folders: how raw data write them, and how the data folder does."""

import hashlib
import re
from collections.abc import Iterable

from storage.tables import printable

MAX_NAME = 200
"""Bytes of a name in the data folder. File systems allow 255, together with suffixes."""

IMAGE_SUFFIX = re.compile(r"\.(jpe?g|png|tiff?|bmp|webp|gif|p[bgp]m|tga|avif|jp2)$", re.IGNORECASE)

SPLIT_FOLDERS = {"train": "train", "training": "train", "val": "val", "valid": "val", "validation": "val"}
"""Names of raw folders, in small letters, that say which split their images are for."""

TEST_FOLDERS = ("test", "testing")


def folder_names(classes: Iterable[str]) -> dict[str, str]:
    """A folder name for each class that every file system accepts: the class name itself where possible.

    No two names are equal, also where a file system ignores case.
    """
    names: dict[str, str] = {}
    taken: set[str] = set()
    for name in classes:
        allowed = _shorten(re.sub(r'[\x00-\x1f\x7f/\\:*?"<>|]', "_", name).strip(" .") or "_")
        folder, number = allowed, 2
        while folder.casefold() in taken:
            folder, number = f"{allowed}_{number}", number + 1
        names[name] = folder
        taken.add(folder.casefold())
    return names


def file_stem(name: str, is_shared: bool) -> str:
    """A file name without suffix for the image `name`, unique within its class.

    It depends on the names alone. If several images share the stem (`is_shared`), each of them gets a few digits of
    the hash of its name.
    """
    stem = stem_of(name)
    if is_shared or len(stem.encode()) > MAX_NAME:
        digest = hashlib.sha256(name.encode(errors="surrogateescape")).hexdigest()[:8]
        return f"{_shorten(stem)}-{digest}"
    return stem


def stem_of(name: str) -> str:
    """The same as pathlib's stem, which is slow for millions of names."""
    last = name[name.rfind("/") + 1 :]
    dot = last.rfind(".")
    return printable(last[:dot] if 0 < dot < len(last) - 1 else last)


def _shorten(name: str) -> str:
    return name.encode()[:MAX_NAME].decode(errors="ignore")


def without_suffix(name: str) -> str:
    """An image's name or path without .jpg and the like. `video.0001` has no such suffix."""
    return IMAGE_SUFFIX.sub("", name)


def natural_order(name: str) -> list[tuple[int, int, str]]:
    """Sorting key that keeps numbers in numeric order: 2 before 10, image2 before image10."""
    parts = re.split(r"(\d+)", name)
    return [(0, int(part), part) if part.isdecimal() else (1, 0, part) for part in parts if part]
