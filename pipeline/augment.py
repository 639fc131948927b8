"""Random changes to batches of training images, as a function of a seed: the same seed, the same change."""

from typing import NamedTuple, Protocol

import tensorflow as tf

from pipeline import randaugment
from pipeline.geometry import crop, crop_matrices, rectangles, resample, split_seed, turn_matrices


class Move(Protocol):
    """Where pixels go. A mask that is moved with the seed of its picture, and method `nearest`, stays on it."""

    def __call__(self, images: tf.Tensor, seed: tf.Tensor, method: str = "bilinear") -> tf.Tensor:
        """Images (batch, height, width, channels) and a seed of two integers -> float32 of that shape."""


class Recolour(Protocol):
    """What becomes of colours."""

    def __call__(self, images: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        """Float32 (batch, height, width, 3) of 0..255 and the seed of the move -> the same."""


class Augmentation(NamedTuple):
    """Random changes to a batch, as a function of a seed.

    Attributes:
        smallest_crop: if the move is a box of `random_boxes` and no more, the least share of a picture that it shows;
            such a box can be cut out while the picture is decoded.
    """

    move: Move
    recolour: Recolour
    smallest_crop: float | None = None

    def __call__(self, images: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        """Images (batch, height, width, 3) of values 0..255 -> float32 of that shape."""
        return self.recolour(self.move(images, seed), seed)


LIGHT_CROP = 0.6
ERASED_AREA = (0.02, 0.33)
ERASED_PROPORTION = 3.3
"""Of the sides of an erased rectangle, at most."""


def augmentation(name: str) -> Augmentation:
    """`light`: crop, mirror, light. `strong`: also turn and colour. `randaugment`: as its module says."""
    return {
        "none": Augmentation(lambda images, seed, method="": tf.cast(images, tf.float32), lambda images, seed: images),
        "light": Augmentation(_light_move, _light_colours, LIGHT_CROP),
        "strong": Augmentation(_strong_move, _strong_colours),
        "randaugment": Augmentation(randaugment.move, randaugment.recolour),
    }[name]


def erase(images: tf.Tensor, seed: tf.Tensor, probability: float) -> tf.Tensor:
    """Random erasing (Zhong et al. 2020, https://arxiv.org/abs/1708.04896): noise in place of a rectangle."""
    shape = tf.shape(images)
    coin, area_seed, proportion_seed, place, noise = split_seed(seed, 5)
    area = tf.random.stateless_uniform((shape[0],), area_seed, *ERASED_AREA)
    widest = tf.math.log(ERASED_PROPORTION)
    proportion = tf.exp(tf.random.stateless_uniform((shape[0],), proportion_seed, -widest, widest))
    erased = tf.random.stateless_uniform((shape[0], 1, 1, 1), coin) < probability
    inside = rectangles(shape, place, tf.sqrt(area * proportion), tf.sqrt(area / proportion))
    return tf.where(erased & inside, tf.random.stateless_uniform(shape, noise, 0.0, 255.0), images)


def _light_move(images: tf.Tensor, seed: tf.Tensor, method: str = "bilinear") -> tf.Tensor:
    return crop(images, split_seed(seed, 2)[0], smallest=LIGHT_CROP, method=method)


def _light_colours(images: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    return _clip(_relight(images, split_seed(seed, 2)[1], contrast=0.2, brightness=25.0))


def _strong_move(images: tf.Tensor, seed: tf.Tensor, method: str = "bilinear") -> tf.Tensor:
    box, turn, _, _ = split_seed(seed, 4)
    shape = tf.shape(images)
    moved = tf.matmul(crop_matrices(shape, box, smallest=0.35), turn_matrices(shape, turn, largest=0.35))
    return resample(images, moved, method)


def _strong_colours(images: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    _, _, light, colour = split_seed(seed, 4)
    return _clip(_recolour(_relight(images, light, contrast=0.4, brightness=50.0), colour, 0.5))


def _relight(images: tf.Tensor, seed: tf.Tensor, contrast: float, brightness: float) -> tf.Tensor:
    random = tf.random.stateless_uniform((2, tf.shape(images)[0], 1, 1, 1), seed, -1.0, 1.0)
    scale = 1 + contrast * random[0]  # around the mean, which stays
    mean = tf.reduce_mean(images, axis=(1, 2, 3), keepdims=True)
    return images * scale + (mean * (1 - scale) + brightness * random[1])


def _recolour(images: tf.Tensor, seed: tf.Tensor, amount: float) -> tf.Tensor:
    """Between gray and more than its own colour, with a cast of colour."""
    saturation_seed, cast_seed = split_seed(seed, 2)
    count = tf.shape(images)[0]
    saturation = 1 + tf.random.stateless_uniform((count, 1, 1, 1), saturation_seed, -amount, amount)
    cast = 1 + tf.random.stateless_uniform((count, 1, 1, 3), cast_seed, -0.1, 0.1)
    gray = tf.reduce_mean(images, axis=-1, keepdims=True)
    return (gray + (images - gray) * saturation) * cast


def _clip(images: tf.Tensor) -> tf.Tensor:
    return tf.raw_ops.ClipByValue(t=images, clip_value_min=0.0, clip_value_max=255.0)  # goes over them once, not twice
