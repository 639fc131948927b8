"""Where the pixels of changed pictures come from: crops, mirrors and turns as boxes or matrices, and one resampling.

Shapes: `shape` is that of a batch (batch, height, width, ...); a seed is two integers.
"""

import tensorflow as tf


def split_seed(seed: tf.Tensor, count: int) -> list[tf.Tensor]:
    """`count` seeds from one."""
    return tf.unstack(tf.random.split(seed, count))


def random_boxes(shape: tf.Tensor, seed: tf.Tensor, smallest: float) -> tuple[tf.Tensor, ...]:
    """Crops of at least the share `smallest` of a picture; the sides' proportion changes by up to a fifth.

    Top, left, height, width in shares of the picture, and whether to mirror; each of shape (batch,).
    """
    count = shape[0]
    area_seed, shape_seed, place_seed, mirror_seed = split_seed(seed, 4)
    area = tf.random.stateless_uniform((count,), area_seed, smallest, 1.0)
    proportion = tf.exp(tf.random.stateless_uniform((count,), shape_seed, -0.2, 0.2))
    tall, wide = tf.minimum(tf.sqrt(area * proportion), 1.0), tf.minimum(tf.sqrt(area / proportion), 1.0)
    place = tf.random.stateless_uniform((2, count), place_seed)
    mirrored = tf.random.stateless_uniform((count,), mirror_seed) < 0.5
    return place[0] * (1 - tall), place[1] * (1 - wide), tall, wide, mirrored


def drawn_boxes(count: tf.Tensor, seed: tf.Tensor, smallest: float) -> tf.Tensor:
    """`random_boxes` of so many pictures as rows of five numbers, (count, 5); the last is 1 if mirrored."""
    return tf.stack([tf.cast(part, tf.float32) for part in random_boxes([count], seed, smallest)], axis=1)


def crop(images: tf.Tensor, seed: tf.Tensor, smallest: float, method: str = "bilinear") -> tf.Tensor:
    """`random_boxes` of pictures at their own size, float32. Three times as fast as `resample`, and cannot turn."""
    shape = tf.shape(images)
    top, left, tall, wide, mirrored = random_boxes(shape, seed, smallest)
    first, last = tf.where(mirrored, left + wide, left), tf.where(mirrored, left, left + wide)
    boxes = tf.stack([top, first, top + tall, last], axis=1)
    return tf.image.crop_and_resize(tf.cast(images, tf.float32), boxes, tf.range(shape[0]), shape[1:3], method)


def random_crops(images: tf.Tensor, seed: tf.Tensor, size: tuple[int, int]) -> tf.Tensor:
    """A part of `size` (height, width) in pixels of each picture, pixel by pixel as it is."""
    (tall, wide), shape = size, tf.shape(images)
    place = tf.random.stateless_uniform((2, shape[0], 1), seed)
    free = tf.cast(tf.reshape([shape[1] - tall, shape[2] - wide], (2, 1, 1)) + 1, tf.float32)
    top, left = tf.unstack(tf.cast(tf.floor(place * free), tf.int32))
    rows = tf.gather(images, top + tf.range(tall), axis=1, batch_dims=1)
    return tf.gather(rows, left + tf.range(wide), axis=2, batch_dims=1)


def crop_matrices(shape: tf.Tensor, seed: tf.Tensor, smallest: float) -> tf.Tensor:
    """`random_boxes` as matrices (batch, 3, 3).

    A matrix takes (x, y, 1) of a pixel in the result to (x, y, 1) of where it comes from, both counted in pixels from
    the middle of the picture, so that matrices can be multiplied.
    """
    top, left, tall, wide, mirrored = random_boxes(shape, seed, smallest)
    height, width = tf.cast(shape[1], tf.float32), tf.cast(shape[2], tf.float32)
    zero = tf.zeros_like(top)
    return matrices(
        (tf.where(mirrored, -wide, wide), zero, (left + wide / 2 - 0.5) * width),
        (zero, tall, (top + tall / 2 - 0.5) * height),
    )


def turn_matrices(shape: tf.Tensor, seed: tf.Tensor, largest: float) -> tf.Tensor:
    """Turned by up to `largest` radians, either way."""
    angle = tf.random.stateless_uniform((shape[0],), seed, -largest, largest)
    zero = tf.zeros_like(angle)
    return matrices((tf.cos(angle), -tf.sin(angle), zero), (tf.sin(angle), tf.cos(angle), zero))


def matrices(first: tuple[tf.Tensor, ...], second: tuple[tf.Tensor, ...]) -> tf.Tensor:
    """(batch, 3, 3) from the entries of the first two rows, each (batch,)."""
    zero, one = tf.zeros_like(first[0]), tf.ones_like(first[0])
    return tf.stack([tf.stack(row, axis=-1) for row in (first, second, (zero, zero, one))], axis=1)


def resample(images: tf.Tensor, moved: tf.Tensor, method: str = "bilinear") -> tf.Tensor:
    """Pictures moved by matrices, float32; beyond its edges a picture is mirrored."""
    shape = tf.shape(images)
    middle_x, middle_y = (tf.cast(shape[2], tf.float32) - 1) / 2, (tf.cast(shape[1], tf.float32) - 1) / 2
    (a, b, c), (d, e, f) = (tf.unstack(row, axis=-1) for row in tf.unstack(moved, axis=1)[:2])
    from_corner = (
        a, b, c + middle_x - a * middle_x - b * middle_y,
        d, e, f + middle_y - d * middle_x - e * middle_y,
        tf.zeros_like(a), tf.zeros_like(a),
    )  # fmt: skip
    return tf.raw_ops.ImageProjectiveTransformV3(
        images=tf.cast(images, tf.float32),
        transforms=tf.stack(from_corner, axis=1),
        output_shape=shape[1:3],
        fill_value=0.0,
        interpolation=method.upper(),
        fill_mode="REFLECT",
    )


def rectangles(shape: tf.Tensor, seed: tf.Tensor, tall: tf.Tensor, wide: tf.Tensor) -> tf.Tensor:
    """(batch, height, width, 1), true within a rectangle with its middle anywhere, cut off at the picture's edges.

    `tall` and `wide` are (batch,), in shares of the picture's sides.
    """
    middle = tf.random.stateless_uniform((2, shape[0], 1), seed)
    rows = (tf.range(shape[1], dtype=tf.float32) + 0.5) / tf.cast(shape[1], tf.float32)
    columns = (tf.range(shape[2], dtype=tf.float32) + 0.5) / tf.cast(shape[2], tf.float32)
    in_rows = tf.abs(rows[None] - middle[0]) < tall[:, None] / 2
    in_columns = tf.abs(columns[None] - middle[1]) < wide[:, None] / 2
    return (in_rows[:, :, None] & in_columns[:, None, :])[..., None]
