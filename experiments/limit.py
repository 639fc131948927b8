"""`--limit`: a data folder with a part of the images of another one, for a first look at an experiment."""

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from datatransformer.layout import SPLITS, DataFolder, write_view
from datatransformer.manifest import Row
from settings import SettingError, bad_setting


def write_limited_folder(data: DataFolder, limit: int, seed: int, path: Path) -> DataFolder:
    """Writes a folder with at most `limit` training and `limit` validation images, without copying them."""
    rows_of = {split: [row for row in data.rows if row.split == split] for split in SPLITS}
    chosen = {row.image for rows in rows_of.values() for row in sample(rows, limit, seed)}
    rows = tuple(row for row in data.rows if row.image in chosen)
    write_view(data, list(rows), path)
    return DataFolder(path, data.task, data.classes, rows)


def check_limit(data: DataFolder, limit: int) -> None:
    """Raises SettingError if there would be classes without an image."""
    if data.task == "classification" and limit < len(data.classes):
        allowed = f"{data.path} has {len(data.classes)} classes, and each needs an image"
        raise SettingError(bad_setting("limit", limit, allowed))


def sample(rows: Sequence[Row], count: int, seed: int) -> list[Row]:
    """The same share of each class, at least one image per class if `count` allows, by a seeded hash of the names.

    A larger sample contains the smaller one.
    """
    rows_of_class = defaultdict(list)
    for row in sorted(rows, key=lambda row: hashlib.sha256(f"{seed}:{row.image}".encode()).digest()):
        rows_of_class[row.class_name].append(row)
    ranked = [
        (rank > 0, (rank + 0.5) / len(class_rows), name, row)
        for name, class_rows in rows_of_class.items()
        for rank, row in enumerate(class_rows)
    ]
    return [row for *_, row in sorted(ranked, key=lambda entry: entry[:3])[:count]]
