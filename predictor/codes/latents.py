"""Codes of pictures in an HDF5 file, which appears when it is whole."""

import os
from collections.abc import Iterable
from contextlib import AbstractContextManager
from itertools import islice
from pathlib import Path
from types import TracebackType

import h5py
import numpy as np

from settings import WorkError

NUMBER = np.dtype("<f4")
PARTS = ("mean", "log_variance")
ROWS_AT_A_TIME = 4096


def latents_path(output: Path) -> Path:
    return output.with_name(f"{output.stem}.latents.h5")


class Latents(AbstractContextManager):
    """`NAME.latents.h5` beside NAME.csv: `image` (rows,) UTF-8, `mean` and `log_variance` (rows, latent) float32.

    Rows are those of the CSV, in its order. A kill while HDF5 is writing may cost all that is in a file, so they gather
    in a hidden file of plain numbers and become HDF5 at the end.

    Arguments:
        done: rows that the CSV has. They are kept; what a kill has left behind them, torn or whole, is dropped.

    Raises WorkError if there are fewer.
    """

    def __init__(self, output: Path, latent_size: int, done: int):
        self.path = latents_path(output)
        self.gathering = output.with_name(f".{output.stem}.latents.rows")
        self.latent_size = latent_size
        there = self.gathering.stat().st_size if self.gathering.exists() else 0
        if there < done * self._bytes:
            raise WorkError(f"{self.gathering} lacks rows that {output} has; remove {output.name} to begin anew")
        if not done:
            self.path.unlink(missing_ok=True)
        self.rows = self.gathering.open("ab")
        self.rows.truncate(done * self._bytes)

    @property
    def _bytes(self) -> int:
        """Of a row."""
        return len(PARTS) * self.latent_size * NUMBER.itemsize

    def append(self, mean: np.ndarray, log_variance: np.ndarray) -> None:
        """Each (rows, latent)."""
        self.rows.write(np.stack([mean, log_variance], axis=1).astype(NUMBER).tobytes())
        self.rows.flush()

    def gather(self, names: Iterable[str]) -> None:
        """Writes the HDF5 file, by rename, if there are rows; `names` are those of all rows."""
        count = self.gathering.stat().st_size // self._bytes
        if not count:
            return
        rows = np.memmap(self.gathering, NUMBER, "r", shape=(count, len(PARTS), self.latent_size))
        names = iter(names)
        work = self.path.with_name(f".{self.path.name}.tmp")
        try:
            with h5py.File(work, "w") as file:
                image = file.create_dataset("image", (count,), h5py.string_dtype())
                parts = [file.create_dataset(part, (count, self.latent_size), NUMBER) for part in PARTS]
                for begin in range(0, count, ROWS_AT_A_TIME):
                    block = slice(begin, min(begin + ROWS_AT_A_TIME, count))
                    image[block] = list(islice(names, block.stop - begin))
                    for number, part in enumerate(parts):
                        part[block] = rows[block, number]
            os.replace(work, self.path)
        finally:
            work.unlink(missing_ok=True)

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """All went well if nothing was raised: then the HDF5 file has it all."""
        self.rows.close()
        if kind is None:
            self.gathering.unlink()
