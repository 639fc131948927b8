"""The data folder -> the pictures that a generator is trained and validated on, and nothing else of it."""

from functools import lru_cache

import tensorflow as tf

from pipeline.batches import training_batches, validation_batches
from pipeline.cache import Loader, make_loader
from training.fit import Batches
from training.session import Session

GRAY_WITHIN = 3
"""What red, green and blue may differ by in a gray picture, of 0..255: what rounding makes of it."""


def make_batches(session: Session) -> Batches:
    """Images (batch, height, width, 3) of 0..255."""
    settings, data = session.settings, session.data
    counts = {split: len(data.images(split)) for split in ("train", "val")}

    @lru_cache(maxsize=2)
    def load(split: str, size: tuple[int, int]) -> Loader:
        return make_loader(data.images(split), size, settings.cache, session.run.cache)

    return Batches(
        lambda stage, epoch: training_batches(
            load("train", stage.size), counts["train"], stage.batch_size, settings.seed, epoch * stage.steps
        ),
        lambda stage, devices: validation_batches(load("val", stage.size), counts["val"], stage.batch_size, devices),
        lambda stage: validation_batches(load("train", stage.size), counts["train"], stage.batch_size),
    )


def are_gray(pictures: tf.data.Dataset) -> bool:
    """Whether no pixel of the batches (batch, height, width, 3) of 0..255 has a colour."""
    for images in pictures:
        if int(tf.reduce_max(tf.reduce_max(images, axis=-1) - tf.reduce_min(images, axis=-1))) > GRAY_WITHIN:
            return False
    return True
