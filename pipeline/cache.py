"""Loading of decoded images by index, with or without a cache between epochs."""

import hashlib
import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import tensorflow as tf
from tqdm import tqdm

from log import logger
from pipeline.decode import DECODER_VERSION, decode_and_resize, decode_crop_and_resize, decode_mask
from storage.tables import replacing_binary

Loader = Callable[[tf.Tensor], tf.Tensor]
"""Takes the index of an image. Returns RGB uint8 (height, width, 3), or class indices (height, width, 1) of a mask."""

SHARE_OF_MEMORY = 0.5


def make_loader(images: Sequence[str], size: tuple[int, int], cache: str, folder: Path, masks: bool = False) -> Loader:
    """The loader of these images.

    Arguments:
        images: their files.
        size: height and width in pixels.
        cache: `none` decodes an image each time; `memory` decodes all images now and keeps them; `disk` keeps a raw
            file per image in `folder`. Its name is a digest of the image's path, time and length, the size and the
            decoder's version, so that a changed image is decoded again, and decoding can be interrupted and resumed.
        masks: whether the files are masks.
    """
    files, cache = _Files(images, size, masks), cache_that_fits(cache, len(images), size)
    if cache == "memory":
        return _load_from_memory(files)
    if cache == "disk":
        return _load_from_disk(files, folder)
    return _load_from_files(files)


def make_crop_loader(images: Sequence[str], size: tuple[int, int]) -> Callable[[tf.Tensor, tf.Tensor], tf.Tensor]:
    """A loader that takes the index of an image and a box from `random_boxes`, and decodes only this part."""
    paths = _paths(images)
    return lambda index, box: decode_crop_and_resize(tf.io.read_file(paths[index]), box, size)


def cache_that_fits(cache: str, count: int, size: tuple[int, int]) -> str:
    """`cache`; but `none`, with a message, if it is `memory` and this number of images does not fit into memory."""
    if cache != "memory" or _fits_in_memory(count, size):
        return cache
    logger.warning(
        f"{count} decoded images would fill more than half of the free memory, so they are decoded in each epoch. "
        "Use --cache disk to keep them."
    )
    return "none"


class _Files(NamedTuple):
    """Files of images or masks, and the size to which they are resized."""

    images: Sequence[str]
    size: tuple[int, int]
    masks: bool

    @property
    def shape(self) -> tuple[int, int, int]:
        return (*self.size, 1 if self.masks else 3)


def _load_from_files(files: _Files) -> Loader:
    paths = _paths(files.images)
    decode = decode_mask if files.masks else decode_and_resize
    return lambda index: decode(tf.io.read_file(paths[index]), files.size)


def _load_from_memory(files: _Files) -> Loader:
    images = np.empty((len(files.images), *files.shape), np.uint8)
    for index, image in enumerate(_decode_all(files)):
        images[index] = image
    with tf.device("CPU"):
        tensor = tf.constant(images)
    return lambda index: tensor[index]


def _load_from_disk(files: _Files, folder: Path) -> Loader:
    folder.mkdir(parents=True, exist_ok=True)
    cached = [folder / f"{fingerprint(image, files.size)}.raw" for image in files.images]
    existing = {entry.name for entry in os.scandir(folder)}
    missing = [index for index, file in enumerate(cached) if file.name not in existing]
    undecoded = files._replace(images=[files.images[index] for index in missing])
    for index, image in zip(missing, _decode_all(undecoded), strict=True):
        with replacing_binary(cached[index]) as file:  # several machines may be filling the folder
            file.write(image.tobytes())
    paths = _paths(cached)
    return lambda index: tf.reshape(tf.io.decode_raw(tf.io.read_file(paths[index]), tf.uint8), files.shape)


def _paths(files: Sequence[str | Path]) -> tf.Tensor:
    return tf.constant([os.fsencode(file) for file in files], tf.string)


def _decode_all(files: _Files) -> Iterable[np.ndarray]:
    """The images in order, decoded in parallel."""
    count = len(files.images)
    images = tf.data.Dataset.range(count).map(_load_from_files(files), tf.data.AUTOTUNE).prefetch(tf.data.AUTOTUNE)
    return tqdm(images.as_numpy_iterator(), "decoding", count, unit=" images", disable=None, leave=False)


def fingerprint(image: str, size: tuple[int, int]) -> str:
    """A digest of the image file in its present version, at a height and width in pixels."""
    plain = tuple(size)  # the text of a Size differs from that of a tuple
    status = os.stat(image)  # archives give all of their files one time, so the length counts too
    text = f"{DECODER_VERSION} {os.path.abspath(image)} {status.st_mtime_ns} {status.st_size} {plain}"
    return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()[:32]


def _fits_in_memory(count: int, size: tuple[int, int]) -> bool:
    try:
        free = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError, AttributeError):  # not available on this system
        return True
    return count * size[0] * size[1] * 3 < SHARE_OF_MEMORY * free
