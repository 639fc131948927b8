"""Datasets of a classifier: images of a data folder, or features that a frozen backbone extracts from them."""

import math
from collections.abc import Callable
from functools import cache as keep_results
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import tensorflow as tf

from classifiers.multilabel import label_targets
from datatransformer.layout import SPLITS, DataFolder
from pipeline.augment import augmentation, random_erasing
from pipeline.batches import ChangeBatch, LoadSample, validation_batches
from pipeline.cache import cache_that_fits, fingerprint, make_crop_loader, make_loader
from pipeline.class_weights import class_weights
from pipeline.geometry import draw_boxes, split_seed
from pipeline.mixing import mix
from training.batches import Datasets, make_datasets
from training.feature_cache import FeatureCache, read_features
from training.kinds import MULTILABEL
from training.session import Session
from training.stages import Stage

if TYPE_CHECKING:
    from config import ClassifierConfig

AUGMENTED_TOGETHER = 32
"""Images that `--feature-views` augments with one seed, which depends on the number of this group. Thus the
features do not depend on the batch size."""


def make_image_datasets(session: Session, settings: "ClassifierConfig", cache: str) -> Datasets:
    """Images (batch, height, width, 3) of 0..255, targets (batch, classes) and, with class weights, (batch,).

    `cache` says where decoded images are kept, as the setting does. With `none` and a random crop, an image is cropped
    while it is decoded: that is faster, and sharper than enlarging a part of the resized image.
    """
    data = session.data
    largest = max((stage.size for stage in session.stages), key=math.prod)
    cache = cache_that_fits(cache, len(data.images("train")), largest)
    smallest_crop = augmentation(settings.augment).smallest_crop if cache == "none" else None
    boxes = partial(draw_boxes, smallest=smallest_crop) if smallest_crop else None
    weights = _image_weights(settings, data)
    change = batch_augmentation(settings, weights, is_cropped=boxes is not None)
    targets = {split: _targets(data, split) for split in SPLITS}

    def loader(split: str, size: tuple[int, int]) -> LoadSample:
        load_image = make_loader(data.images(split), size, cache, session.run.cache)
        load_crop = make_crop_loader(data.images(split), size)

        def load(index: tf.Tensor, box: tf.Tensor | None = None) -> tuple[tf.Tensor, tf.Tensor]:
            image = load_image(index) if box is None else load_crop(index, box)
            return image, targets[split](index)

        return load

    return make_datasets(session, loader, change, boxes)


def _targets(data: DataFolder, split: str) -> Callable[[tf.Tensor], tf.Tensor]:
    """A function from the index of an image to its targets, (classes,) float32."""
    if data.task == MULTILABEL.task:
        return label_targets(data, split)
    labels, classes = tf.constant(data.labels(split), tf.int32), len(data.classes)
    return lambda index: tf.one_hot(labels[index], classes)


def _image_weights(settings: "ClassifierConfig", data: DataFolder) -> np.ndarray | None:
    """The weight of the images of each class, (classes,). If images have several labels, the loss weighs these."""
    if data.task == MULTILABEL.task:
        return None
    return class_weights(settings.class_weights, data.labels("train"), data.classes)


def batch_augmentation(
    settings: "ClassifierConfig", weights: np.ndarray | None, is_cropped: bool = False
) -> ChangeBatch:
    """All random changes of a training batch, and the sample weights that follow from class weights (classes,).

    If `is_cropped`, the images were cropped while they were decoded, and only their colours are still changed.
    """
    augment_images = _image_augmentation(settings, is_cropped)

    def change(batch: tuple, seed: tf.Tensor) -> tuple:
        images, labels = batch
        *image_seeds, mixing_seed = split_seed(seed, 3)
        images = augment_images(images, *image_seeds)
        if settings.mixup or settings.cutmix:
            images, labels = mix(images, labels, mixing_seed, settings.mixup, settings.cutmix)
        return images, *_with_sample_weights(labels, weights)

    return change


def make_feature_datasets(
    session: Session, settings: "ClassifierConfig", image_datasets: Datasets, features: FeatureCache
) -> Datasets:
    """Features (batch, ...) of images, targets (batch, classes) and, with class weights, (batch,).

    If the features of several versions of each training image are kept, each batch draws one version of each image.
    """
    data = session.data
    weights, targets_of = _image_weights(settings, data), {split: _targets(data, split) for split in SPLITS}

    def index_loader(split: str, size: tuple[int, int]) -> LoadSample:
        return lambda index: ((index, tf.zeros_like(index)), targets_of[split](index))

    def draw_versions(batch: tuple, seed: tf.Tensor) -> tuple:
        (index, version), targets = batch
        version = tf.random.stateless_uniform(tf.shape(index), seed, 0, settings.feature_views, version.dtype)
        return (index, version), *_with_sample_weights(targets, weights)

    indices = make_datasets(session, index_loader, draw_versions)

    @keep_results
    def tables(split: str, stage: Stage) -> list[np.ndarray]:
        """The features of each version, (images, ...)."""
        if split == "val" or settings.feature_views == 1:
            return [_extract_features(session, settings, features, split, stage)]
        versions = range(settings.feature_views)
        return [_extract_features(session, settings, features, split, stage, version) for version in versions]

    def read(batches: tf.data.Dataset, split: str, stage: Stage) -> tf.data.Dataset:
        versions = tables(split, stage)
        rows = batches.map(lambda index, *targets: (read_features(versions, *index), *targets), tf.data.AUTOTUNE)
        return rows.prefetch(tf.data.AUTOTUNE)

    return Datasets(
        lambda stage, epochs_done: read(indices.training(stage, epochs_done), "train", stage),
        lambda stage, devices: read(indices.validation(stage, devices), "val", stage),
        image_datasets.training_images,
    )


def _image_augmentation(
    settings: "ClassifierConfig", is_cropped: bool = False
) -> Callable[[tf.Tensor, tf.Tensor, tf.Tensor], tf.Tensor]:
    """The random changes of each image by itself. They take images, a seed for augmentation and one for erasing."""
    augment = augmentation(settings.augment)

    def change(images: tf.Tensor, seed: tf.Tensor, erasing_seed: tf.Tensor) -> tf.Tensor:
        images = augment.recolour(tf.cast(images, tf.float32), seed) if is_cropped else augment(images, seed)
        return random_erasing(images, erasing_seed, settings.random_erasing) if settings.random_erasing else images

    return change


def _with_sample_weights(targets: tf.Tensor, weights: np.ndarray | None) -> tuple[tf.Tensor, ...]:
    """Targets (batch, classes) and, if there are class weights (classes,), the weight of each image (batch,)."""
    return (targets,) if weights is None else (targets, tf.reduce_sum(targets * weights, axis=1))


def _extract_features(
    session: Session,
    settings: "ClassifierConfig",
    features: FeatureCache,
    split: str,
    stage: Stage,
    version: int | None = None,
) -> np.ndarray:
    """Features of all images of a split, (images, ...). Images are augmented only if a `version` is given."""
    images = session.data.images(split)
    load = make_loader(images, stage.size, "none", session.run.cache)
    batches = validation_batches(load, len(images), AUGMENTED_TOGETHER)
    identity: list[object] = [split, [fingerprint(image, stage.size) for image in images]]
    title = f"features of {'training' if split == 'train' else 'validation'} images"
    if version is not None:
        augment = _image_augmentation(settings)
        identity += [settings.augment, settings.random_erasing, settings.seed, version]
        title += f", version {version + 1} of {settings.feature_views}"

        def change(number: tf.Tensor, batch: tf.Tensor) -> tf.Tensor:
            seed = tf.stack([tf.constant(settings.seed, tf.int64), number + (version << 32)])
            return augment(batch, *split_seed(seed, 2))

        batches = batches.enumerate().map(change, tf.data.AUTOTUNE)
    batches = batches.rebatch(stage.batch_size)
    return features.load_or_compute(batches, stage.batch_size, len(images), identity, title)
