"""Pictures to measure with: photographs of yours, brought to one size, or textures drawn to be as hard to decode."""

import os
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path

import cv2
import numpy as np

JPEG_QUALITY = 90
DRAWN = 24
"""Different textures; more pictures are the same ones again, mirrored by turns."""


def write_pictures(folder: Path, count: int, size: tuple[int, int], photographs: Path | None = None) -> Path:
    """`count` JPEG files of `size` (height, width) in `folder`, named in their order. Returns the folder.

    What is there more than once is so by hard links: a hundred thousand files take the disk of a few.
    """
    folder.mkdir(parents=True, exist_ok=True)
    contents = _jpegs(size, photographs)
    files = [folder / f"{number:06d}.jpg" for number in range(count)]
    for file, content in zip(files, contents, strict=False):
        file.write_bytes(content)
    for file, first in zip(files[len(contents) :], cycle(files[: len(contents)]), strict=False):
        os.link(first, file)
    return folder


def _jpegs(size: tuple[int, int], photographs: Path | None) -> list[bytes]:
    pictures = _photographs(photographs, size) if photographs else _textures(size)
    return [cv2.imencode(".jpg", one, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1].tobytes() for one in pictures]


def _photographs(folder: Path, size: tuple[int, int]) -> Iterator[np.ndarray]:
    read = 0
    for path in sorted(folder.rglob("*")):
        picture = cv2.imread(str(path)) if path.suffix.lower() in (".jpg", ".jpeg", ".png") else None
        if picture is not None:
            yield cv2.resize(picture, size[::-1], interpolation=cv2.INTER_AREA)
            read += 1
            if read == 10 * DRAWN:
                return


def _textures(size: tuple[int, int]) -> Iterator[np.ndarray]:
    """Noise of every scale, the finer the fainter, as photographs have it."""
    random = np.random.default_rng(0)
    for _ in range(DRAWN):
        picture = np.full((*size, 3), 128.0, np.float32)
        cells = 4
        while cells <= min(size) // 2:
            noise = random.normal(0, 160 / cells**0.5, (cells, cells, 3)).astype(np.float32)
            picture += cv2.resize(noise, size[::-1], interpolation=cv2.INTER_CUBIC)
            cells *= 2
        yield np.clip(picture, 0, 255).astype(np.uint8)
        yield np.clip(picture[:, ::-1], 0, 255).astype(np.uint8)
