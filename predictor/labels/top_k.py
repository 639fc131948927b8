"""The most probable classes of a picture as columns of a table."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from storage.tables import csv_safe

TOP = (3, 5)
"""Right if the class is among so many; 3 is the score of the AI Challenger's scenes (S0)."""


@dataclass(frozen=True)
class TopK:
    """`label` is the index of the class; the columns of the next ones have their rank behind them."""

    classes: tuple[str, ...]
    top_k: int

    @property
    def columns(self) -> list[str]:
        names = ("label", "name", "probability")
        return [_column(name, rank) for rank in range(1, self.top_k + 1) for name in names]

    def rows(self, probabilities: np.ndarray) -> Iterator[list[object]]:
        """For each of (pictures, classes)."""
        ranked = np.argsort(-probabilities, axis=1, kind="stable")[:, : self.top_k]
        for of_picture, best in zip(probabilities, ranked, strict=True):
            cells: list[object] = []
            for index in best:
                cells += [index, csv_safe(self.classes[index]), f"{of_picture[index]:.6f}"]
            yield cells

    def read(self, row: dict[str, str]) -> tuple[int, ...]:
        """The class indices in a row of the table, the most probable first."""
        return tuple(int(row[_column("label", rank)]) for rank in range(1, self.top_k + 1))


def _column(name: str, rank: int) -> str:
    return name if rank == 1 else f"{name}_{rank}"
