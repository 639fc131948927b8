"""Which images are kept apart for validation."""

import hashlib
import re
from collections.abc import Iterable


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


def natural_order(name: str) -> list[tuple[int, int, str]]:
    """Sorting key that keeps numbers in numeric order: 2 before 10, image2 before image10."""
    parts = re.split(r"(\d+)", name)
    return [(0, int(part), part) if part.isdecimal() else (1, 0, part) for part in parts if part]
