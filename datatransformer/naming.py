"""Names for classes and pictures that every file system takes, no two of them alike."""

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from datatransformer.sources import Picture
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


def file_stems(pictures: Sequence[Picture]) -> Iterator[str]:
    """A file name without suffix for each picture that no other of its class has, whatever their suffixes.

    It depends on the names alone: where two are alike, both get a few digits of the hash of their paths.
    """
    alike = _alike(pictures)
    for picture in pictures:
        stem = _stem(picture.name)
        if stem.casefold() in alike[picture.class_name] or len(stem.encode()) > LONGEST_NAME:
            digest = hashlib.sha256(picture.name.encode(errors="surrogateescape")).hexdigest()[:8]
            stem = f"{_shortened(stem)}-{digest}"
        yield stem


def _alike(pictures: Sequence[Picture]) -> dict[str, set[str]]:
    """Stems that several pictures of a class have, by class, in small letters."""
    seen: dict[str, set[str]] = defaultdict(set)
    alike: dict[str, set[str]] = defaultdict(set)
    for picture in pictures:
        stem = _stem(picture.name).casefold()
        (alike if stem in seen[picture.class_name] else seen)[picture.class_name].add(stem)
    return alike


def _stem(name: str) -> str:
    """As pathlib's, which takes a while for millions."""
    last = name[name.rfind("/") + 1 :]
    dot = last.rfind(".")
    return printable(last[:dot] if 0 < dot < len(last) - 1 else last)


def _shortened(name: str) -> str:
    return name.encode()[:LONGEST_NAME].decode(errors="ignore")
