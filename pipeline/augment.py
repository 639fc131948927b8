"""Random changes to batches of training images, as a function of a seed: the same seed, the same change."""

from collections.abc import Callable

import tensorflow as tf

Augment = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]
"""Takes images (batch, height, width, 3) of values 0..255 and a seed of two integers, gives float32 of that shape."""


def augmentation(name: str) -> Augment | None:
    """`light`: crop, mirror, light. `strong`: also turn and colour. None for `none`."""
    return {"none": None, "light": _light, "strong": _strong}[name]


def _light(images: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    crop, light = _split(seed, 2)
    return _clip(_relight(_random_crop(images, crop, smallest=0.6), light, contrast=0.2, brightness=25.0))


def _strong(images: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    geometry, light, colour = _split(seed, 3)
    images = _random_turn(images, geometry, angle=0.35, smallest=0.35)
    return _clip(_recolour(_relight(images, light, contrast=0.4, brightness=50.0), colour, 0.5))


def _random_crop(images: tf.Tensor, seed: tf.Tensor, smallest: float) -> tf.Tensor:
    """A crop of at least the share `smallest` of the picture, mirrored or not, resampled once to the picture's size.

    The sides' proportion changes by up to a fifth.
    """
    count, height, width = _sizes(images)
    top, left, tall, wide, mirrored = _random_boxes(count, seed, smallest)
    first, last = tf.where(mirrored, left + wide, left), tf.where(mirrored, left, left + wide)
    boxes = tf.stack([top, first, top + tall, last], axis=1)
    return tf.image.crop_and_resize(tf.cast(images, tf.float32), boxes, tf.range(count), (height, width))


def _random_turn(images: tf.Tensor, seed: tf.Tensor, angle: float, smallest: float) -> tf.Tensor:
    """As `_random_crop`, also turned by up to `angle` radians: still one resampling. Corners are mirrored."""
    count, height, width = _sizes(images)
    box, turn = _split(seed, 2)
    top, left, tall, wide, mirrored = _random_boxes(count, box, smallest)
    angles = tf.random.stateless_uniform((count,), turn, -angle, angle)
    h, w = tf.cast(height, tf.float32), tf.cast(width, tf.float32)
    across = wide * tf.where(mirrored, -1.0, 1.0)
    # Where the pixel (x, y) of the result comes from: from the middle of the result to the middle of the crop.
    x_of_x, x_of_y = across * tf.cos(angles), -tall * tf.sin(angles)
    y_of_x, y_of_y = across * tf.sin(angles), tall * tf.cos(angles)
    x0 = (left + wide / 2) * w - 0.5 - x_of_x * (w - 1) / 2 - x_of_y * (h - 1) / 2
    y0 = (top + tall / 2) * h - 0.5 - y_of_x * (w - 1) / 2 - y_of_y * (h - 1) / 2
    zero = tf.zeros_like(x0)
    return tf.raw_ops.ImageProjectiveTransformV3(
        images=tf.cast(images, tf.float32),
        transforms=tf.stack([x_of_x, x_of_y, x0, y_of_x, y_of_y, y0, zero, zero], axis=1),
        output_shape=tf.stack([height, width]),
        fill_value=0.0,
        interpolation="BILINEAR",
        fill_mode="REFLECT",
    )


def _random_boxes(count: tf.Tensor, seed: tf.Tensor, smallest: float) -> tuple[tf.Tensor, ...]:
    """Top, left, height, width in shares of the picture, and whether to mirror; each of shape (count,)."""
    area_seed, shape_seed, place_seed, mirror_seed = _split(seed, 4)
    area = tf.random.stateless_uniform((count,), area_seed, smallest, 1.0)
    proportion = tf.exp(tf.random.stateless_uniform((count,), shape_seed, -0.2, 0.2))
    tall, wide = tf.minimum(tf.sqrt(area * proportion), 1.0), tf.minimum(tf.sqrt(area / proportion), 1.0)
    place = tf.random.stateless_uniform((2, count), place_seed)
    mirrored = tf.random.stateless_uniform((count,), mirror_seed) < 0.5
    return place[0] * (1 - tall), place[1] * (1 - wide), tall, wide, mirrored


def _relight(images: tf.Tensor, seed: tf.Tensor, contrast: float, brightness: float) -> tf.Tensor:
    random = tf.random.stateless_uniform((2, tf.shape(images)[0], 1, 1, 1), seed, -1.0, 1.0)
    mean = tf.reduce_mean(images, axis=(1, 2, 3), keepdims=True)
    return (images - mean) * (1 + contrast * random[0]) + mean + brightness * random[1]


def _recolour(images: tf.Tensor, seed: tf.Tensor, amount: float) -> tf.Tensor:
    """Between gray and more than its own colour, with a cast of colour."""
    saturation_seed, cast_seed = _split(seed, 2)
    count = tf.shape(images)[0]
    saturation = 1 + tf.random.stateless_uniform((count, 1, 1, 1), saturation_seed, -amount, amount)
    cast = 1 + tf.random.stateless_uniform((count, 1, 1, 3), cast_seed, -0.1, 0.1)
    gray = tf.reduce_mean(images, axis=-1, keepdims=True)
    return (gray + (images - gray) * saturation) * cast


def _clip(images: tf.Tensor) -> tf.Tensor:
    return tf.clip_by_value(images, 0.0, 255.0)


def _split(seed: tf.Tensor, count: int) -> list[tf.Tensor]:
    return tf.unstack(tf.random.split(seed, count))


def _sizes(images: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    shape = tf.shape(images)
    return shape[0], shape[1], shape[2]
