"""The data folder -> what a classifier is trained and validated on."""

import tensorflow as tf

from pipeline.augment import augmentation, erase
from pipeline.batches import Change, training_batches, validation_batches
from pipeline.cache import Loader, make_loader
from pipeline.geometry import split_seed
from pipeline.mixing import mix
from pipeline.weights import class_weights
from training.fit import Batches
from training.session import Session


def make_loaders(session: Session) -> tuple[Loader, Loader]:
    """The pictures for training and for validation, by index."""
    data, cache = session.data, session.settings.cache
    load, load_val = (
        make_loader(data.images(split), session.size, cache, session.run.cache) for split in ("train", "val")
    )
    return load, load_val


def make_batches(session: Session, load: Loader, load_val: Loader) -> Batches:
    """Images (batch, height, width, 3) of 0..255, targets (batch, classes) and, with class weights, (batch,)."""
    settings, data = session.settings, session.data
    classes, size = len(data.classes), session.batch_size
    labels, labels_val = (tf.constant(data.labels(split), tf.int32) for split in ("train", "val"))
    change = make_change(settings, class_weights(settings.class_weights, data.labels("train"), data.classes))
    return Batches(
        lambda first_step: training_batches(
            lambda i: (load(i), tf.one_hot(labels[i], classes)), len(labels), size, settings.seed, first_step, change
        ),
        lambda devices: validation_batches(
            lambda i: (load_val(i), tf.one_hot(labels_val[i], classes)), len(labels_val), size, devices
        ),
    )


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
