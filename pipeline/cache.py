"""Decoded pictures, kept between epochs or not: index -> picture, whichever way."""

import hashlib
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import tensorflow as tf
from tqdm import tqdm

from pipeline.decode import VERSION, decode_and_resize, decode_crop_and_resize, decode_mask
from storage.tables import replacing_shared

Loader = Callable[[tf.Tensor], tf.Tensor]
"""Takes the index of an image, gives RGB uint8 (height, width, 3); of a mask, class indices (height, width, 1)."""

SHARE_OF_MEMORY = 0.5


def make_loader(images: Sequence[str], size: tuple[int, int], cache: str, folder: Path, masks: bool = False) -> Loader:
    """How the picture of an index is had.

    Arguments:
        images: their files.
        size: height and width in pixels.
        cache: `none` decodes each time; `memory` decodes all now and keeps them; `disk` keeps one raw file
            an image in `folder`, named after the picture's path, time and size and the decoder, so that a picture that
            has changed is decoded again and an interrupted run goes on.
        masks: whether the files are masks.
    """
    files, cache = _Files(images, size, masks), affordable(cache, len(images), size)
    if cache == "memory":
        return _from_memory(files)
    if cache == "disk":
        return _from_disk(files, folder)
    return _from_files(files)


def make_crop_loader(images: Sequence[str], size: tuple[int, int]) -> Callable[[tf.Tensor, tf.Tensor], tf.Tensor]:
    """Takes the index of an image and a box of it, as `random_boxes` draws them; decodes just that, each time anew."""
    paths = _paths(images)
    return lambda index, box: decode_crop_and_resize(tf.io.read_file(paths[index]), box, size)


def affordable(cache: str, count: int, size: tuple[int, int]) -> str:
    """`cache`, or `none`, with a note, where memory is too small for so many pictures of a size."""
    if cache != "memory" or _fits_in_memory(count, size):
        return cache
    print(f"{count} decoded pictures would fill more than half of the free memory: --cache disk keeps them.")
    return "none"


class _Files(NamedTuple):
    """Pictures, or masks, and the size they are brought to."""

    images: Sequence[str]
    size: tuple[int, int]
    masks: bool

    @property
    def shape(self) -> tuple[int, int, int]:
        return (*self.size, 1 if self.masks else 3)


def _from_files(files: _Files) -> Loader:
    paths = _paths(files.images)
    decode = decode_mask if files.masks else decode_and_resize
    return lambda index: decode(tf.io.read_file(paths[index]), files.size)


def _from_memory(files: _Files) -> Loader:
    pictures = np.empty((len(files.images), *files.shape), np.uint8)
    for index, picture in enumerate(_decoded(files)):
        pictures[index] = picture
    with tf.device("CPU"):
        kept = tf.constant(pictures)
    return lambda index: kept[index]


def _from_disk(files: _Files, folder: Path) -> Loader:
    folder.mkdir(parents=True, exist_ok=True)
    kept = [folder / f"{fingerprint(image, files.size)}.raw" for image in files.images]
    there = {entry.name for entry in os.scandir(folder)}
    missing = [index for index, file in enumerate(kept) if file.name not in there]
    undecoded = files._replace(images=[files.images[index] for index in missing])
    for index, picture in zip(missing, _decoded(undecoded), strict=True):
        with replacing_shared(kept[index]) as file:  # several machines may be filling the folder
            file.write(picture.tobytes())
    paths = _paths(kept)
    return lambda index: tf.reshape(tf.io.decode_raw(tf.io.read_file(paths[index]), tf.uint8), files.shape)


def _paths(files: Sequence[str | Path]) -> tf.Tensor:
    return tf.constant([os.fsencode(file) for file in files], tf.string)


def _decoded(files: _Files):
    """The pictures one after the other, decoded in parallel."""
    count = len(files.images)
    pictures = tf.data.Dataset.range(count).map(_from_files(files), tf.data.AUTOTUNE).prefetch(tf.data.AUTOTUNE)
    return tqdm(pictures.as_numpy_iterator(), "decoding", count, unit=" images", disable=None, leave=False)


def fingerprint(image: str, size: tuple[int, int]) -> str:
    """Of the picture as it is now, at a height and width in pixels."""
    text = f"{VERSION} {os.path.abspath(image)} {os.stat(image).st_mtime_ns} {size}"
    return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()[:32]


def _fits_in_memory(count: int, size: tuple[int, int]) -> bool:
    try:
        free = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError, AttributeError):  # not to be had on this system
        return True
    return count * size[0] * size[1] * 3 < SHARE_OF_MEMORY * free
