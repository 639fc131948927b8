"""Which images are kept apart for validation."""

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datatransformer.sources import Picture

PICTURE_SUFFIX = re.compile(r"\.(jpe?g|png|tiff?|bmp|webp|gif|p[bgp]m|tga|avif|jp2)$", re.IGNORECASE)


def names_for_validation(pictures: "Sequence[Picture]", settings) -> set[str]:
    """As a list says, or the raw data, or a share of each video or class."""
    if settings.val_list:
        return read_list(settings.val_list, [picture.name for picture in pictures])[0]
    if settings.split == "sequences":
        return sequence_tails((picture.name for picture in pictures), settings.val_fraction)
    chosen, by_class = set(), defaultdict(list)
    for picture in pictures:
        given = picture.split if settings.split == "auto" else None
        if given == "val":
            chosen.add(picture.name)
        elif not given:
            by_class[picture.class_name].append(picture.name)
    return chosen | stratified(by_class, settings.val_fraction, settings.seed)


def stratified(names_by_class: dict[str, Iterable[str]], val_fraction: float, seed: int) -> set[str]:
    """The names that go to validation: of each class the share whose seeded hash is lowest, rounded.

    Neither the order of the names nor the machine matters, and an added image moves at most one other.
    Of two or more images at least one goes to either side.
    """
    chosen: set[str] = set()
    for names in names_by_class.values():
        ranked = sorted(
            names, key=lambda name: hashlib.sha256(f"{seed}:{name}".encode(errors="surrogateescape")).digest()
        )
        count = int(len(ranked) * val_fraction + 0.5)
        chosen.update(ranked[: min(max(count, 1), len(ranked) - 1)])
    return chosen


def sequence_tails(names: Iterable[str], val_fraction: float) -> set[str]:
    """Of each video the last share of its frames, rounded. A video is what is named alike up to the last number."""
    videos = defaultdict(list)
    for name in names:
        videos[re.sub(r"\d+(?=\D*$)", "", without_suffix(name))].append(name)
    chosen: set[str] = set()
    for frames in videos.values():
        count = min(max(int(len(frames) * val_fraction + 0.5), 1), len(frames) - 1)
        chosen.update(sorted(frames, key=natural_order)[len(frames) - count :])
    return chosen


def read_list(path: Path, names: Iterable[str]) -> tuple[set[str], list[str]]:
    """Which of `names` a list file names, and what of the list is none of them.

    With or without suffix, by the last part of its path alone, by its path, or by one that ends in it.
    """
    by_path, by_last_part = defaultdict(set), defaultdict(set)
    for name in names:
        by_path[without_suffix(name)].add(name)
        by_last_part[without_suffix(name).rsplit("/", 1)[-1]].add(name)
    found, missing = set(), []
    for line in path.read_text(encoding="utf-8-sig", errors="replace").splitlines():
        parts = without_suffix(line.strip().replace("\\", "/")).split("/")
        endings = ["/".join(parts[start:]) for start in range(len(parts))]
        named = next((by_path[ending] for ending in endings if ending in by_path), set())
        if len(parts) == 1:
            named = named | by_last_part.get(parts[0], set())
        found |= named
        if line.strip() and not named:
            missing.append(line.strip())
    return found, missing


def without_suffix(name: str) -> str:
    """A picture's name or path without .jpg and the like; `video.0001` has no suffix."""
    return PICTURE_SUFFIX.sub("", name)


def natural_order(name: str) -> list[tuple[int, int, str]]:
    """Sorting key that keeps numbers in numeric order: 2 before 10, image2 before image10."""
    parts = re.split(r"(\d+)", name)
    return [(0, int(part), part) if part.isdecimal() else (1, 0, part) for part in parts if part]
