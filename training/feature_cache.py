"""What a frozen backbone makes of pictures, computed once and kept on disk, to train the layers behind it on."""

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import keras
import numpy as np
import tensorflow as tf
from tqdm import tqdm

if TYPE_CHECKING:
    pass


class Features:
    """Keeps features of rows of pictures in files of a folder, a row a picture, read from there as they are needed.

    A file is named after all that it depends on, so that none is used that has become wrong. One that is not finished
    has another name, and is gone on with. Layers that are random in training only, such as those that leave out whole
    blocks, do nothing: a picture has one row.
    """

    def __init__(self, extractor: keras.Model, folder: Path, after_batch: Callable[[], None]):
        """`after_batch` is called after each batch of pictures and may raise to end the work."""
        self.folder, self.after_batch = folder, after_batch
        self.shape = tuple(extractor.output.shape[1:])
        self.extract = tf.function(lambda images: extractor(images, training=False), reduce_retracing=True)
        self.digest = _digest(extractor)
        if len(extractor.variables) > len(extractor.weights):
            print("Layers of the frozen backbone that are random in training do nothing while it makes its features")

    def of(self, batches: tf.data.Dataset, batch_size: int, count: int, which: object, title: str) -> np.ndarray:
        """(count, *features) float32 of as many pictures, a file as an array.

        Arguments:
            batches: the pictures in their order, (batch, height, width, 3) of 0..255; all but the last are full.
            which: all that tells these pictures from others, as something with a repr.
            title: shown while they are computed.
        """
        shape = (count, *self.shape)
        name = hashlib.sha256(f"{self.digest} {which!r}".encode(errors="surrogateescape")).hexdigest()[:32]
        file = self.folder / f"features-{name}.f32"
        if not file.exists():
            work = file.with_suffix(".partial")
            self._append(work, batches, batch_size, count, title)
            os.replace(work, file)
        return np.memmap(file, np.float32, "r", shape=shape)

    def _append(self, work: Path, batches: tf.data.Dataset, batch_size: int, count: int, title: str) -> None:
        """Goes on where the file ends, after its last whole batch."""
        self.folder.mkdir(parents=True, exist_ok=True)
        bytes_of_batch = 4 * batch_size * int(np.prod(self.shape))
        with work.open("ab") as file:
            done = file.tell() // bytes_of_batch
            file.truncate(done * bytes_of_batch)
            bar = tqdm(desc=title, total=count, initial=done * batch_size, unit=" images", disable=None, leave=False)
            with bar:
                for images in batches.skip(done):
                    file.write(self.extract(tf.cast(images, tf.float32)).numpy().astype(np.float32).tobytes())
                    bar.update(len(images))
                    self.after_batch()


def rows_of(tables: list[np.ndarray], indices: tf.Tensor, choice: tf.Tensor) -> tf.Tensor:
    """Row `indices` (batch,) of one of the tables each, by `choice` (batch,); (batch, *features) float32."""

    def read(indices: np.ndarray, choice: np.ndarray) -> np.ndarray:
        return np.stack([tables[table][index] for index, table in zip(indices, choice, strict=True)])

    rows = tf.numpy_function(read, [indices, choice], tf.float32, stateful=False)
    return tf.ensure_shape(rows, (indices.shape[0], *tables[0].shape[1:]))


def _digest(model: keras.Model) -> str:
    """Of what it computes."""
    digest = hashlib.sha256(json.dumps([layer.get_config() for layer in model.layers], default=repr).encode())
    for weight in model.get_weights():
        digest.update(np.ascontiguousarray(weight).data)
    return digest.hexdigest()
