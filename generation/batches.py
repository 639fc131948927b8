"""Datasets of a generative model: the images of a data folder, without their labels or masks."""

import tensorflow as tf

from pipeline.batches import LoadSample
from pipeline.cache import make_loader
from training.batches import Datasets, make_datasets
from training.session import Session

GRAY_TOLERANCE = 3
"""The largest difference, of 0..255, between red, green and blue in a gray image. Rounding causes it."""


def make_image_datasets(session: Session) -> Datasets:
    """Images (batch, height, width, 3) of 0..255."""
    data, cache = session.data, session.settings.cache

    def loader(split: str, size: tuple[int, int]) -> LoadSample:
        load_image = make_loader(data.images(split), size, cache, session.run.cache)
        return lambda index: (load_image(index),)

    return make_datasets(session, loader)


def is_grayscale(batches: tf.data.Dataset) -> bool:
    """Whether all images are gray. `batches` are (batch, height, width, 3) of 0..255."""
    for images in batches:
        difference = tf.reduce_max(images, axis=-1) - tf.reduce_min(images, axis=-1)
        if int(tf.reduce_max(difference)) > GRAY_TOLERANCE:
            return False
    return True
