"""Images for measurements: your own photographs at one size, or synthetic textures that are as hard to decode."""

import os
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path

import cv2
import numpy as np

JPEG_QUALITY = 90
TEXTURES = 24
"""Different textures, each also mirrored. More images repeat them."""


def write_images(folder: Path, count: int, size: tuple[int, int], photographs: Path | None = None) -> Path:
    """Writes `count` JPEG files of `size` (height, width), with names in their order. Returns the folder.

    Repeated images are hard links: 100,000 files need the disk space of a few.
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
    images = _photographs(photographs, size) if photographs else _textures(size)
    return [cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1].tobytes() for image in images]


def _photographs(folder: Path, size: tuple[int, int]) -> Iterator[np.ndarray]:
    read = 0
    for path in sorted(folder.rglob("*")):
        image = cv2.imread(str(path)) if path.suffix.lower() in (".jpg", ".jpeg", ".png") else None
        if image is not None:
            yield cv2.resize(image, size[::-1], interpolation=cv2.INTER_AREA)
            read += 1
            if read == 10 * TEXTURES:
                return


def _textures(size: tuple[int, int]) -> Iterator[np.ndarray]:
    """Sums of noise of all scales. As in photographs, finer noise is weaker."""
    random = np.random.default_rng(0)
    for _ in range(TEXTURES):
        image = np.full((*size, 3), 128.0, np.float32)
        cells = 4
        while cells <= min(size) // 2:
            noise = random.normal(0, 160 / cells**0.5, (cells, cells, 3)).astype(np.float32)
            image += cv2.resize(noise, size[::-1], interpolation=cv2.INTER_CUBIC)
            cells *= 2
        yield np.clip(image, 0, 255).astype(np.uint8)
        yield np.clip(image[:, ::-1], 0, 255).astype(np.uint8)
