"""Which images are kept apart for validation."""

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path


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
        videos[re.sub(r"\d+(?=\D*$)", "", name)].append(name)
    chosen: set[str] = set()
    for frames in videos.values():
        count = min(max(int(len(frames) * val_fraction + 0.5), 1), len(frames) - 1)
        chosen.update(sorted(frames, key=natural_order)[len(frames) - count :])
    return chosen


def read_list(path: Path, names: Iterable[str]) -> tuple[set[str], list[str]]:
    """Which of `names` a list file names, by their path or their last part, with or without suffix; and what of the
    list is none of them.
    """
    entries = [line.strip() for line in path.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
    by_key = defaultdict(set)
    for name in names:
        for key in (_plain(name), _plain(name).rsplit("/", 1)[-1]):
            by_key[key].add(name)
    found = [by_key.get(_plain(entry)) for entry in entries]
    missing = [entry for entry, those in zip(entries, found, strict=True) if not those]
    return set().union(*filter(None, found)), missing


def _plain(name: str) -> str:
    return re.sub(r"\.[A-Za-z0-9]{2,4}$", "", name.strip().replace("\\", "/").removeprefix("./"))


def natural_order(name: str) -> list[tuple[int, int, str]]:
    """Sorting key that keeps numbers in numeric order: 2 before 10, image2 before image10."""
    parts = re.split(r"(\d+)", name)
    return [(0, int(part), part) if part.isdecimal() else (1, 0, part) for part in parts if part]
