"""Reads predictions of ours again, to evaluate them. A row that cannot be right is reported with its file."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from storage.records import damaged

PREDICT_AGAIN = "--overwrite predicts the images again."

Known = TypeVar("Known")


def found_row(known: Mapping[str, Known], image: str, path: Path) -> Known:
    """What is known of an image in the table `path`. Raises WorkError if there is no such image."""
    if image not in known:
        raise damaged(path, f"{image!r:.60} is none of the validation images", PREDICT_AGAIN)
    return known[image]


def read_probabilities(row: Mapping[str, str], columns: Sequence[str], path: Path) -> list[float]:
    """The probabilities in a row of the table `path`. Raises WorkError if one is no number of 0 to 1."""
    values = []
    for column in columns:
        try:
            value = float(row[column])
        except ValueError:
            value = -1.0
        if not 0 <= value <= 1:
            raise damaged(path, f"{row['image']} has the {column} {row[column]!r:.60}", PREDICT_AGAIN)
        values.append(value)
    return values
