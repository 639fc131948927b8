"""Decoded pictures, kept between epochs or not: index -> picture, whichever way."""

import hashlib
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf
from tqdm import tqdm

from pipeline.decode import decode_and_resize

Loader = Callable[[tf.Tensor], tf.Tensor]
"""Takes the index of an image, gives RGB uint8 (height, width, 3)."""

SHARE_OF_MEMORY = 0.5


def make_loader(images: Sequence[str], size: tuple[int, int], cache: str, folder: Path) -> Loader:
    """How the picture of an index is had.

    Arguments:
        images: their files.
        size: height and width in pixels.
        cache: `none` decodes each time; `memory` decodes all now and keeps them; `disk` keeps one raw file
            an image in `folder`, named after the picture's path, time and size, so that a picture that has changed
            is decoded again and an interrupted run goes on.
    """
    if cache == "memory" and not _fits_in_memory(len(images), size):
        print(f"{len(images)} decoded pictures would fill more than half of the free memory: --cache disk keeps them.")
        cache = "none"
    if cache == "memory":
        return _from_memory(images, size)
    if cache == "disk":
        return _from_disk(images, size, folder)
    return _from_files(images, size)


def _from_files(images: Sequence[str], size: tuple[int, int]) -> Loader:
    paths = tf.constant([os.fsencode(image) for image in images], tf.string)
    return lambda index: decode_and_resize(tf.io.read_file(paths[index]), size)


def _from_memory(images: Sequence[str], size: tuple[int, int]) -> Loader:
    pictures = np.empty((len(images), *size, 3), np.uint8)
    for index, picture in enumerate(_decoded(images, size)):
        pictures[index] = picture
    with tf.device("CPU"):
        kept = tf.constant(pictures)
    return lambda index: kept[index]


def _from_disk(images: Sequence[str], size: tuple[int, int], folder: Path) -> Loader:
    folder.mkdir(parents=True, exist_ok=True)
    files = [folder / f"{_fingerprint(image, size)}.raw" for image in images]
    there = {entry.name for entry in os.scandir(folder)}
    missing = [index for index, file in enumerate(files) if file.name not in there]
    for index, picture in zip(missing, _decoded([images[index] for index in missing], size), strict=True):
        work = files[index].with_suffix(".tmp")
        work.write_bytes(picture.tobytes())
        os.replace(work, files[index])
    paths = tf.constant([os.fsencode(file) for file in files], tf.string)
    return lambda index: tf.reshape(tf.io.decode_raw(tf.io.read_file(paths[index]), tf.uint8), (*size, 3))


def _decoded(images: Sequence[str], size: tuple[int, int]):
    """The pictures one after the other, decoded in parallel."""
    load = _from_files(images, size)
    pictures = tf.data.Dataset.range(len(images)).map(load, tf.data.AUTOTUNE).prefetch(tf.data.AUTOTUNE)
    return tqdm(pictures.as_numpy_iterator(), "decoding", len(images), unit=" images", disable=None, leave=False)


def _fingerprint(image: str, size: tuple[int, int]) -> str:
    text = f"{os.path.abspath(image)} {os.stat(image).st_mtime_ns} {size}"
    return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()[:32]


def _fits_in_memory(count: int, size: tuple[int, int]) -> bool:
    try:
        free = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError, AttributeError):  # not to be had on this system
        return True
    return count * size[0] * size[1] * 3 < SHARE_OF_MEMORY * free
