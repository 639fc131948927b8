"""Datasets of a segmentation network: images of a data folder and their masks."""

from typing import TYPE_CHECKING

import tensorflow as tf

from pipeline.augment import augmentation
from pipeline.batches import ChangeBatch, LoadSample
from pipeline.cache import make_loader
from pipeline.geometry import random_crops, split_seed
from setting_types import Size
from training.batches import Datasets, make_datasets
from training.session import Session

if TYPE_CHECKING:
    from config import SegmentationConfig


def make_image_datasets(session: Session, settings: "SegmentationConfig") -> Datasets:
    """Images (batch, height, width, 3) of 0..255 and masks (batch, height, width) of class indices, 255 for void."""
    data, folder = session.data, session.run.cache

    def loader(split: str, size: tuple[int, int]) -> LoadSample:
        load_image = make_loader(data.images(split), size, settings.cache, folder)
        load_mask = make_loader(data.masks(split), size, settings.cache, folder, masks=True)
        return lambda index: (load_image(index), tf.cast(load_mask(index)[..., 0], tf.int32))

    return make_datasets(session, loader, batch_augmentation(settings.augment, settings.crop))


def batch_augmentation(augment_name: str, crop: Size | None) -> ChangeBatch:
    """All random changes of a training batch. A mask moves with its image."""
    augment = augmentation(augment_name)

    def change(batch: tuple, seed: tf.Tensor) -> tuple:
        images, masks = batch[0], batch[1][..., None]
        if crop:
            crop_seed, seed = split_seed(seed, 2)
            images, masks = random_crops(images, crop_seed, crop), random_crops(masks, crop_seed, crop)
        moved = augment.move(masks, seed, "nearest")[..., 0]
        return augment(images, seed), tf.cast(moved, tf.int32)

    return change
