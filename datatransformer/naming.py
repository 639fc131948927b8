"""Names for classes and pictures that every file system takes, no two of them alike."""

import hashlib
import re
from collections.abc import Iterable

from datatransformer.tables import printable

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
