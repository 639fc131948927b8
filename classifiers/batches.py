"""The data folder -> what a classifier is trained and validated on."""

import tensorflow as tf

from pipeline.augment import augmentation, erase
from pipeline.batches import Change, Load
from pipeline.cache import make_loader
from pipeline.geometry import split_seed
from pipeline.mixing import mix
from pipeline.weights import class_weights
from training.batches import Batches, batches_of
from training.session import Session


def make_batches(session: Session) -> Batches:
    """Images (batch, height, width, 3) of 0..255, targets (batch, classes) and, with class weights, (batch,)."""
    settings, data, classes = session.settings, session.data, len(session.data.classes)
    change = make_change(settings, class_weights(settings.class_weights, data.labels("train"), data.classes))
    labels = {split: tf.constant(data.labels(split), tf.int32) for split in ("train", "val")}

    def loader(split: str, size: tuple[int, int]) -> Load:
        images = make_loader(data.images(split), size, settings.cache, session.run.cache)
        return lambda index: (images(index), tf.one_hot(labels[split][index], classes))

    return batches_of(session, loader, change)


def make_change(settings, weights) -> Change:
    """Everything random that is done to a batch; `weights` of the classes, or None."""
    augment = augmentation(settings.augment)

    def change(batch: tuple, seed: tf.Tensor) -> tuple:
        images, labels = batch
        how, where, which = split_seed(seed, 3)
        images = augment(images, how)
        if settings.random_erasing:
            images = erase(images, where, settings.random_erasing)
        if settings.mixup or settings.cutmix:
            images, labels = mix(images, labels, which, settings.mixup, settings.cutmix)
        if weights is None:
            return images, labels
        return images, labels, tf.reduce_sum(labels * weights, axis=1)

    return change
