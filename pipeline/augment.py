"""Random changes of batches of training images. The same seed gives the same changes."""

from typing import NamedTuple, Protocol

import tensorflow as tf

from pipeline import randaugment
from pipeline.geometry import crop, crop_matrices, rectangles, resample, rotation_matrices, split_seed


class Move(Protocol):
    """A geometric change. A mask is changed like its image if both have the same seed; its method is `nearest`."""

    def __call__(self, images: tf.Tensor, seed: tf.Tensor, method: str = "bilinear") -> tf.Tensor:
        """Images (batch, height, width, channels) and a seed of two integers -> float32 of the same shape."""


class Recolour(Protocol):
    """A change of colours."""

    def __call__(self, images: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        """Float32 (batch, height, width, 3) of 0..255 and the seed of the move -> the same type and shape."""


class Augmentation(NamedTuple):
    """Random changes of a batch, as a function of a seed.

    Attributes:
        smallest_crop: if the move is only a crop by `random_boxes`, the smallest share of an image that it shows. Such
            a crop can be taken while the image is decoded.
    """

    move: Move
    recolour: Recolour
    smallest_crop: float | None = None

    def __call__(self, images: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        """Images (batch, height, width, 3) of 0..255 -> float32 of the same shape."""
        return self.recolour(self.move(images, seed), seed)


LIGHT_CROP = 0.6
ERASED_AREA = (0.02, 0.33)
MAX_ASPECT_RATIO = 3.3
"""Largest ratio of the sides of an erased rectangle."""


def augmentation(name: str) -> Augmentation:
    """`light`: crop, mirror, brightness. `strong`: also rotation and colour. `randaugment`: see its module."""
    return {
        "none": Augmentation(lambda images, seed, method="": tf.cast(images, tf.float32), lambda images, seed: images),
        "light": Augmentation(_light_move, _light_colours, LIGHT_CROP),
        "strong": Augmentation(_strong_move, _strong_colours),
        "randaugment": Augmentation(randaugment.move, randaugment.recolour),
    }[name]


def random_erasing(images: tf.Tensor, seed: tf.Tensor, probability: float) -> tf.Tensor:
    """Random erasing (Zhong et al. 2020, https://arxiv.org/abs/1708.04896): noise replaces a rectangle."""
    shape = tf.shape(images)
    choice_seed, area_seed, ratio_seed, position_seed, noise_seed = split_seed(seed, 5)
    area = tf.random.stateless_uniform((shape[0],), area_seed, *ERASED_AREA)
    largest = tf.math.log(MAX_ASPECT_RATIO)
    ratio = tf.exp(tf.random.stateless_uniform((shape[0],), ratio_seed, -largest, largest))
    is_erased = tf.random.stateless_uniform((shape[0], 1, 1, 1), choice_seed) < probability
    inside = rectangles(shape, position_seed, tf.sqrt(area * ratio), tf.sqrt(area / ratio))
    return tf.where(is_erased & inside, tf.random.stateless_uniform(shape, noise_seed, 0.0, 255.0), images)


def _light_move(images: tf.Tensor, seed: tf.Tensor, method: str = "bilinear") -> tf.Tensor:
    return crop(images, split_seed(seed, 2)[0], smallest=LIGHT_CROP, method=method)


def _light_colours(images: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    return _clip(_change_brightness(images, split_seed(seed, 2)[1], contrast=0.2, brightness=25.0))


def _strong_move(images: tf.Tensor, seed: tf.Tensor, method: str = "bilinear") -> tf.Tensor:
    crop_seed, rotation_seed, _, _ = split_seed(seed, 4)
    shape = tf.shape(images)
    crops = crop_matrices(shape, crop_seed, smallest=0.35)
    return resample(images, tf.matmul(crops, rotation_matrices(shape, rotation_seed, largest=0.35)), method)


def _strong_colours(images: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    _, _, brightness_seed, saturation_seed = split_seed(seed, 4)
    images = _change_brightness(images, brightness_seed, contrast=0.4, brightness=50.0)
    return _clip(_change_saturation(images, saturation_seed, 0.5))


def _change_brightness(images: tf.Tensor, seed: tf.Tensor, contrast: float, brightness: float) -> tf.Tensor:
    random = tf.random.stateless_uniform((2, tf.shape(images)[0], 1, 1, 1), seed, -1.0, 1.0)
    scale = 1 + contrast * random[0]  # around the mean, which stays the same
    mean = tf.reduce_mean(images, axis=(1, 2, 3), keepdims=True)
    return images * scale + (mean * (1 - scale) + brightness * random[1])


def _change_saturation(images: tf.Tensor, seed: tf.Tensor, amount: float) -> tf.Tensor:
    """Changes the saturation by up to `amount`, and the strength of each channel by up to 0.1."""
    saturation_seed, channel_seed = split_seed(seed, 2)
    count = tf.shape(images)[0]
    saturation = 1 + tf.random.stateless_uniform((count, 1, 1, 1), saturation_seed, -amount, amount)
    channels = 1 + tf.random.stateless_uniform((count, 1, 1, 3), channel_seed, -0.1, 0.1)
    gray = tf.reduce_mean(images, axis=-1, keepdims=True)
    return (gray + (images - gray) * saturation) * channels


def _clip(images: tf.Tensor) -> tf.Tensor:
    # one pass over the pixels; tf.clip_by_value takes two
    return tf.raw_ops.ClipByValue(t=images, clip_value_min=0.0, clip_value_max=255.0)
