"""The features of a frozen backbone, computed once and kept on disk; the layers behind it are trained on them."""

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from tqdm import tqdm

from log import logger


class FeatureCache:
    """Computes the features of images and keeps them in files, which are memory-mapped.

    The name of a file is a digest of everything that its content depends on, so an outdated file is never read. An
    incomplete file has the suffix `.partial` and is continued. Layers that are random in training, such as stochastic
    depth, are inactive: an image always has the same features.
    """

    def __init__(self, extractor: keras.Model, folder: Path, after_batch: Callable[[], None]) -> None:
        """`after_batch` is called after each batch of images; it may raise to stop the computation."""
        self.folder, self.after_batch = folder, after_batch
        self.shape = tuple(extractor.output.shape[1:])
        self.extract = tf.function(lambda images: extractor(images, training=False), reduce_retracing=True)
        self.digest = _digest(extractor)
        if len(extractor.variables) > len(extractor.weights):
            logger.info("Layers of the frozen backbone that are random in training are inactive in its features")

    def load_or_compute(
        self, batches: tf.data.Dataset, batch_size: int, count: int, content: object, title: str
    ) -> np.ndarray:
        """The features of `count` images, (count, *features) float32.

        Arguments:
            batches: the images in order, (batch, height, width, 3) of 0..255; all batches but the last are full.
            content: identifies the images and how they were changed; its repr becomes part of the digest.
            title: the title of the progress bar.
        """
        name = hashlib.sha256(f"{self.digest} {content!r}".encode(errors="surrogateescape")).hexdigest()[:32]
        file = self.folder / f"features-{name}.f32"
        if not file.exists():
            work = file.with_suffix(".partial")
            self._append(work, batches, batch_size, count, title)
            os.replace(work, file)
        return np.memmap(file, np.float32, "r", shape=(count, *self.shape))

    def _append(self, work: Path, batches: tf.data.Dataset, batch_size: int, count: int, title: str) -> None:
        """Continues an incomplete file after its last complete batch."""
        self.folder.mkdir(parents=True, exist_ok=True)
        bytes_per_batch = 4 * batch_size * int(np.prod(self.shape))
        with work.open("ab") as file:
            done = file.tell() // bytes_per_batch
            file.truncate(done * bytes_per_batch)
            bar = tqdm(desc=title, total=count, initial=done * batch_size, unit=" images", disable=None, leave=False)
            with bar:
                for images in batches.skip(done):
                    file.write(self.extract(tf.cast(images, tf.float32)).numpy().astype(np.float32).tobytes())
                    bar.update(len(images))
                    self.after_batch()


def read_features(tables: list[np.ndarray], indices: tf.Tensor, versions: tf.Tensor) -> tf.Tensor:
    """For each image the row `indices` (batch,) of the table `versions` (batch,); (batch, *features) float32."""

    def read(indices: np.ndarray, versions: np.ndarray) -> np.ndarray:
        return np.stack([tables[version][index] for index, version in zip(indices, versions, strict=True)])

    rows = tf.numpy_function(read, [indices, versions], tf.float32, stateful=False)
    return tf.ensure_shape(rows, (indices.shape[0], *tables[0].shape[1:]))


def _digest(model: keras.Model) -> str:
    """A digest of layers and weights."""
    digest = hashlib.sha256(json.dumps([layer.get_config() for layer in model.layers], default=repr).encode())
    for weight in model.get_weights():
        digest.update(np.ascontiguousarray(weight).data)
    return digest.hexdigest()
