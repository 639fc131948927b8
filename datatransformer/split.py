"""Which images are kept apart for validation."""

import hashlib
import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

from datatransformer.listing import Picture
from datatransformer.naming import without_suffix

LAST_NUMBER = re.compile(r"\d+(?=\D*$)")


class SplitKey(NamedTuple):
    """How a picture's split comes about: it is given, or those of its `kin` that have the first lots are validated."""

    kin: str = ""
    lot: bytes = b""
    split: str | None = None


def split_key(settings) -> Callable[[Picture], SplitKey]:
    """As the raw data say, or by lot within a class, or the last frames of each video."""
    if settings.split == "sequences":
        return of_video
    return partial(of_class, seed=settings.seed, obeys=settings.split == "auto" and not settings.val_list)


def of_class(picture: Picture, seed: int, obeys: bool = False) -> SplitKey:
    """A seeded hash of the name: neither the order nor the machine matters, and an added image moves at most one other.

    `obeys`: a split that the raw data have for the picture holds.
    """
    digest = hashlib.sha256(f"{seed}:{picture.name}".encode(errors="surrogateescape")).digest()
    return SplitKey(picture.class_name, digest[:16], picture.split if obeys else None)


def of_video(picture: Picture) -> SplitKey:
    """A video is what is named alike up to the last number; its last frames have the first lots."""
    name = without_suffix(picture.name)
    number = LAST_NUMBER.search(name)
    if not number:
        return SplitKey(name)
    digits = str(int(number[0])).encode()
    late_first = bytes(255 - byte for byte in (len(digits), *digits))
    return SplitKey(name[: number.start()] + name[number.end() :], late_first)


def share(size: int, fraction: float) -> int:
    """How many of `size` pictures are validated: rounded, but of two or more at least one, and not all."""
    return min(max(int(size * fraction + 0.5), 1), size - 1)


def read_list(path: Path) -> Iterator[str]:
    """The lines of a file that names pictures for validation."""
    for line in path.read_text(encoding="utf-8-sig", errors="replace").splitlines():
        if line.strip():
            yield line.strip()


def called(line: str) -> list[str]:
    """What a line of a list may mean: its path without suffix, and each end of it, the longest first."""
    parts = without_suffix(line.replace("\\", "/")).split("/")
    return ["/".join(parts[start:]) for start in range(len(parts))]
