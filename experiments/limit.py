"""`--limit`: a data folder with some of the images of another, for a first look at an experiment."""

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from datatransformer.layout import SPLITS, DataFolder, Row, write_view
from settings import SettingError, bad_setting


def limited(data: DataFolder, limit: int, seed: int, path: Path) -> DataFolder:
    """At most `limit` images for training and as many for validation, in a folder that takes no room."""
    of_split = {split: [row for row in data.rows if row.split == split] for split in SPLITS}
    chosen = {row.image for rows in of_split.values() for row in sample(rows, limit, seed)}
    write_view(data, [row for row in data.rows if row.image in chosen], path)
    return DataFolder(path, data.task, data.classes, tuple(row for row in data.rows if row.image in chosen))


def check_limit(data: DataFolder, limit: int) -> None:
    """Raises SettingError if a class would be left without an image."""
    if data.task == "classification" and limit < len(data.classes):
        allowed = f"{data.path} has {len(data.classes)} classes, and each needs an image"
        raise SettingError(bad_setting("limit", limit, allowed))


def sample(rows: Sequence[Row], count: int, seed: int) -> list[Row]:
    """Of each class the same share, at least one while there is room; by the seeded hash of the images' names.

    With a larger count come more images, and none goes.
    """
    by_class = defaultdict(list)
    for row in sorted(rows, key=lambda row: hashlib.sha256(f"{seed}:{row.image}".encode()).digest()):
        by_class[row.class_name].append(row)
    placed = [
        (rank > 0, (rank + 0.5) / len(members), name, row)
        for name, members in by_class.items()
        for rank, row in enumerate(members)
    ]
    return [row for *_, row in sorted(placed, key=lambda place: place[:3])[:count]]
