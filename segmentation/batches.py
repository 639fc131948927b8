"""The data folder -> what a segmentation network is trained and validated on."""

import tensorflow as tf

from pipeline.augment import augmentation
from pipeline.batches import training_batches, validation_batches
from pipeline.cache import Loader, make_loader
from training.fit import Batches
from training.session import Session

Pairs = tuple[Loader, Loader]
"""Pictures and their masks, by index."""


def make_loaders(session: Session) -> tuple[Pairs, Pairs]:
    """For training and for validation."""
    data, cache, folder = session.data, session.settings.cache, session.run.cache
    train, val = (
        (
            make_loader(data.images(split), session.size, cache, folder),
            make_loader(data.masks(split), session.size, cache, folder, masks=True),
        )
        for split in ("train", "val")
    )
    return train, val


def make_batches(session: Session, train: Pairs, val: Pairs) -> Batches:
    """Images (batch, height, width, 3) of 0..255 and masks (batch, height, width) of class indices, 255 for void."""
    settings, data = session.settings, session.data
    augment = augmentation(settings.augment)

    def change(batch: tuple, seed: tf.Tensor) -> tuple:
        images, masks = batch
        moved = augment.move(masks[..., None], seed, "nearest")[..., 0]
        return augment(images, seed), tf.cast(moved, tf.int32)

    return Batches(
        lambda first_step: training_batches(
            _load(train), len(data.images("train")), session.batch_size, settings.seed, first_step, change
        ),
        lambda devices: validation_batches(_load(val), len(data.images("val")), session.batch_size, devices),
    )


def _load(pairs: Pairs):
    load, load_mask = pairs
    return lambda index: (load(index), tf.cast(load_mask(index)[..., 0], tf.int32))
