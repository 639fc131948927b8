"""The data folder -> what a segmentation network is trained and validated on."""

import tensorflow as tf

from pipeline.augment import augmentation
from pipeline.batches import Change, Load
from pipeline.cache import make_loader
from pipeline.geometry import random_crops, split_seed
from training.batches import Batches, batches_of
from training.session import Session


def make_batches(session: Session) -> Batches:
    """Images (batch, height, width, 3) of 0..255 and masks (batch, height, width) of class indices, 255 for void."""
    settings, data = session.settings, session.data
    change = make_change(settings)

    def loader(split: str, size: tuple[int, int]) -> Load:
        images = make_loader(data.images(split), size, settings.cache, session.run.cache)
        masks = make_loader(data.masks(split), size, settings.cache, session.run.cache, masks=True)
        return lambda index: (images(index), tf.cast(masks(index)[..., 0], tf.int32))

    return batches_of(session, loader, change)


def make_change(settings) -> Change:
    """Everything random that is done to a batch: a mask goes where its picture goes."""
    augment = augmentation(settings.augment)
    size = settings.crop

    def change(batch: tuple, seed: tf.Tensor) -> tuple:
        images, masks = batch[0], batch[1][..., None]
        if size:
            place, seed = split_seed(seed, 2)
            images, masks = random_crops(images, place, size), random_crops(masks, place, size)
        moved = augment.move(masks, seed, "nearest")[..., 0]
        return augment(images, seed), tf.cast(moved, tf.int32)

    return change
