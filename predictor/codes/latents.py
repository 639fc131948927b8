"""Codes of images in an HDF5 file, which appears when it is complete."""

import os
from collections.abc import Iterable
from contextlib import AbstractContextManager
from itertools import islice
from pathlib import Path
from types import TracebackType

import h5py
import numpy as np

from settings import WorkError
from storage.temporary import temporary_file

NUMBER = np.dtype("<f4")
DATASETS = ("mean", "log_variance")
BLOCK_ROWS = 4096
"""Rows that are copied at a time."""


def latents_path(output: Path) -> Path:
    return output.with_name(f"{output.stem}.latents.h5")


def rows_path(output: Path) -> Path:
    """The hidden file to which rows are appended."""
    return output.with_name(f".{output.stem}.latents.rows")


class LatentsFile(AbstractContextManager["LatentsFile"]):
    """`NAME.latents.h5` beside NAME.csv: `image` (rows,) UTF-8, `mean` and `log_variance` (rows, latent) float32.

    Its rows are those of the CSV, in the same order. A kill while HDF5 writes may destroy the complete file. So rows
    are first appended to a hidden binary file, which becomes HDF5 at the end.

    Arguments:
        done: the number of rows of the CSV. These rows are kept; further rows, which a kill may leave, are removed.

    Raises WorkError if there are fewer rows.
    """

    def __init__(self, output: Path, latent_size: int, done: int):
        self.path = latents_path(output)
        self.rows_path = rows_path(output)
        self.latent_size = latent_size
        size = self.rows_path.stat().st_size if self.rows_path.exists() else 0
        if size < done * self._row_bytes:
            raise WorkError(f"{self.rows_path} lacks rows that {output} has. Remove {output.name} to start again.")
        if not done:
            self.path.unlink(missing_ok=True)
        self.rows = self.rows_path.open("ab")
        self.rows.truncate(done * self._row_bytes)

    @property
    def _row_bytes(self) -> int:
        return len(DATASETS) * self.latent_size * NUMBER.itemsize

    def append(self, mean: np.ndarray, log_variance: np.ndarray) -> None:
        """Appends codes; both arrays are (rows, latent)."""
        self.rows.write(np.stack([mean, log_variance], axis=1).astype(NUMBER).tobytes())
        self.rows.flush()

    def write_hdf5(self, names: Iterable[str]) -> None:
        """Writes the HDF5 file if there are rows. `names` are the names of the images of all rows."""
        count = self.rows_path.stat().st_size // self._row_bytes
        if not count:
            return
        rows = np.memmap(self.rows_path, NUMBER, "r", shape=(count, len(DATASETS), self.latent_size))
        names = iter(names)
        with temporary_file(self.path) as work:
            with h5py.File(work, "w", locking=False) as file:  # it is held already
                image = file.create_dataset("image", (count,), h5py.string_dtype())
                datasets = [file.create_dataset(name, (count, self.latent_size), NUMBER) for name in DATASETS]
                for begin in range(0, count, BLOCK_ROWS):
                    block = slice(begin, min(begin + BLOCK_ROWS, count))
                    image[block] = list(islice(names, block.stop - begin))
                    for number, dataset in enumerate(datasets):
                        dataset[block] = rows[block, number]
            os.replace(work, self.path)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Removes the hidden file, unless an error was raised: then the HDF5 file may be missing."""
        self.rows.close()
        if kind is None:
            self.rows_path.unlink()
