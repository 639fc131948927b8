"""The data folder -> the pictures that a generator is trained and validated on, and nothing else of it."""

import tensorflow as tf

from pipeline.batches import Load
from pipeline.cache import make_loader
from training.batches import Batches, batches_of
from training.session import Session

GRAY_WITHIN = 3
"""What red, green and blue may differ by in a gray picture, of 0..255: what rounding makes of it."""


def make_batches(session: Session) -> Batches:
    """Images (batch, height, width, 3) of 0..255."""
    settings, data = session.settings, session.data

    def loader(split: str, size: tuple[int, int]) -> Load:
        images = make_loader(data.images(split), size, settings.cache, session.run.cache)
        return lambda index: (images(index),)

    return batches_of(session, loader)


def are_gray(pictures: tf.data.Dataset) -> bool:
    """Whether no pixel of the batches (batch, height, width, 3) of 0..255 has a colour."""
    for images in pictures:
        if int(tf.reduce_max(tf.reduce_max(images, axis=-1) - tf.reduce_min(images, axis=-1))) > GRAY_WITHIN:
            return False
    return True
