"""The data folder -> what a classifier is trained and validated on: images, or what a frozen backbone makes of them."""

import math
from collections.abc import Callable
from functools import cache, partial

import numpy as np
import tensorflow as tf

from pipeline.augment import augmentation, erase
from pipeline.batches import Change, Load, validation_batches
from pipeline.cache import affordable, fingerprint, make_crop_loader, make_loader
from pipeline.class_weights import class_weights
from pipeline.geometry import drawn_boxes, split_seed
from pipeline.mixing import mix
from training.batches import Batches, batches_of
from training.feature_cache import Features, rows_of
from training.session import Session
from training.stages import Stage

AT_ONCE = 32
"""Images that go through the backbone in a batch."""


def make_batches(session: Session, kept: str) -> Batches:
    """Images (batch, height, width, 3) of 0..255, targets (batch, classes) and, with class weights, (batch,).

    `kept` is where decoded images are, as the setting `cache` says. Those that are decoded each time are cropped as
    they are decoded, which is faster, and sharper than to enlarge a part of what has been made small.
    """
    settings, data, classes = session.settings, session.data, len(session.data.classes)
    largest = max((stage.size for stage in session.stages), key=math.prod)
    kept = affordable(kept, len(data.images("train")), largest)
    smallest = augmentation(settings.augment).smallest_crop if kept == "none" else None
    draw = smallest and partial(drawn_boxes, smallest=smallest)
    change = make_change(settings, _weights_of(session), is_moved=bool(draw))
    labels = {split: tf.constant(data.labels(split), tf.int32) for split in ("train", "val")}

    def loader(split: str, size: tuple[int, int]) -> Load:
        images = make_loader(data.images(split), size, kept, session.run.cache)
        parts = make_crop_loader(data.images(split), size)

        def load(index: tf.Tensor, box: tf.Tensor | None = None) -> tuple[tf.Tensor, tf.Tensor]:
            image = images(index) if box is None else parts(index, box)
            return image, tf.one_hot(labels[split][index], classes)

        return load

    return batches_of(session, loader, change, draw)


def make_change(settings, weights, is_moved: bool = False) -> Change:
    """Everything random that is done to a batch; `weights` of the classes, or None. It may have been moved before."""
    change_images = _image_change(settings, is_moved)

    def change(batch: tuple, seed: tf.Tensor) -> tuple:
        images, labels = batch
        *where, which = split_seed(seed, 3)
        images = change_images(images, *where)
        if settings.mixup or settings.cutmix:
            images, labels = mix(images, labels, which, settings.mixup, settings.cutmix)
        return images, *_weighed(labels, weights)

    return change


def make_feature_batches(session: Session, pictures: Batches, features: Features) -> Batches:
    """Features (batch, ...) of images, targets (batch, classes) and, with class weights, (batch,).

    With several versions of each training image a batch has of each the features of one, drawn anew.
    """
    settings, data, weights = session.settings, session.data, _weights_of(session)
    labels = {split: tf.constant(data.labels(split), tf.int32) for split in ("train", "val")}

    def loader(split: str, size: tuple[int, int]) -> Load:
        return lambda index: ((index, tf.zeros_like(index)), tf.one_hot(labels[split][index], len(data.classes)))

    def draw(batch: tuple, seed: tf.Tensor) -> tuple:
        (index, version), targets = batch
        version = tf.random.stateless_uniform(tf.shape(index), seed, 0, settings.feature_views, version.dtype)
        return (index, version), *_weighed(targets, weights)

    numbers = batches_of(session, loader, draw)

    @cache
    def tables(split: str, size: tuple[int, int]) -> list[np.ndarray]:
        versions = settings.feature_views if split == "train" else 1
        return [
            _table(session, features, split, size, version if versions > 1 else None) for version in range(versions)
        ]

    def read(batches: tf.data.Dataset, split: str, stage: Stage) -> tf.data.Dataset:
        of_split = tables(split, stage.size)
        rows = batches.map(lambda which, *targets: (rows_of(of_split, *which), *targets), tf.data.AUTOTUNE)
        return rows.prefetch(tf.data.AUTOTUNE)

    return Batches(
        lambda stage, epochs_done: read(numbers.training(stage, epochs_done), "train", stage),
        lambda stage, devices: read(numbers.validation(stage, devices), "val", stage),
        pictures.pictures,
    )


def _image_change(settings, is_moved: bool = False) -> Callable[[tf.Tensor, tf.Tensor, tf.Tensor], tf.Tensor]:
    """What is done to each image by itself, with two seeds."""
    augment = augmentation(settings.augment)

    def change(images: tf.Tensor, how: tf.Tensor, where: tf.Tensor) -> tf.Tensor:
        images = augment.recolour(tf.cast(images, tf.float32), how) if is_moved else augment(images, how)
        return erase(images, where, settings.random_erasing) if settings.random_erasing else images

    return change


def _weights_of(session: Session) -> np.ndarray | None:
    """(classes,), or None."""
    data = session.data
    return class_weights(session.settings.class_weights, data.labels("train"), data.classes)


def _weighed(targets: tf.Tensor, weights: np.ndarray | None) -> tuple[tf.Tensor, ...]:
    """Targets (batch, classes) and, if classes have weights, what each counts, (batch,)."""
    return (targets,) if weights is None else (targets, tf.reduce_sum(targets * weights, axis=1))


def _table(session: Session, features: Features, split: str, size: tuple[int, int], version: int | None) -> np.ndarray:
    """Features of all images of a split, (images, ...); of images as they are if `version` is None."""
    settings, images = session.settings, session.data.images(split)
    load = make_loader(images, size, "none", session.run.cache)
    batches = validation_batches(load, len(images), AT_ONCE)
    which = [split, [fingerprint(image, size) for image in images]]
    title = f"features of {'training' if split == 'train' else 'validation'} images"
    if version is not None:
        change = _image_change(settings)
        which += [settings.augment, settings.random_erasing, settings.seed, version]
        title += f", version {version + 1} of {settings.feature_views}"

        def changed(number: tf.Tensor, batch: tf.Tensor) -> tf.Tensor:
            seed = tf.stack([tf.constant(settings.seed, tf.int64), number + (version << 32)])
            return change(batch, *split_seed(seed, 2))

        batches = batches.enumerate().map(changed, tf.data.AUTOTUNE)
    return features.of(batches, AT_ONCE, len(images), which, title)
