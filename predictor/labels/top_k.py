"""The most probable classes of an image as columns of a table."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from predictor.labels.read_rows import PREDICT_AGAIN
from storage.records import damaged
from storage.tables import class_cell

REPORTED_TOP_K = (3, 5)
"""A top-k accuracy counts an image as correct if its class is among the k most probable ones. The AI Challenger's
scene task was ranked by k = 3 (Chen)."""

COLUMNS = ("class_index", "class", "probability")


@dataclass(frozen=True)
class TopK:
    """The `k` most probable classes. From rank 2 on, columns end in their rank: class_2."""

    classes: tuple[str, ...]
    k: int

    @property
    def columns(self) -> list[str]:
        return [_column(name, rank) for rank in range(1, self.k + 1) for name in COLUMNS]

    @property
    def label_columns(self) -> list[str]:
        return [_column("class_index", rank) for rank in range(1, self.k + 1)]

    def labels(self, probabilities: np.ndarray) -> np.ndarray:
        """(images, classes) -> class indices (images, k), the most probable first."""
        return np.argsort(-probabilities, axis=1, kind="stable")[:, : self.k]

    def rows(self, probabilities: np.ndarray) -> Iterator[list[object]]:
        """(images, classes) -> the cells of the columns for each image."""
        for image_probabilities, labels in zip(probabilities, self.labels(probabilities), strict=True):
            cells: list[object] = []
            for label in labels:
                cells += [label, class_cell(self.classes[label]), f"{image_probabilities[label]:.6f}"]
            yield cells

    def read_labels(self, row: Mapping[str, str], path: Path) -> tuple[int, ...]:
        """The class indices in a row of the table `path`, the most probable first. Raises WorkError for damage."""
        cells = [row.get(column, "") for column in self.label_columns]
        if wrong := [cell for cell in cells if not (cell.isdecimal() and int(cell[:9]) < len(self.classes))]:
            raise damaged(path, f"{row['image']} has the class_index {wrong[0]!r:.60}", PREDICT_AGAIN)
        return tuple(map(int, cells))


def _column(name: str, rank: int) -> str:
    return name if rank == 1 else f"{name}_{rank}"
