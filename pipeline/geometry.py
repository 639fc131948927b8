"""Geometric changes of images: crops, mirror images and rotations as boxes or matrices, and resampling.

Shapes: `shape` is that of a batch (batch, height, width, ...); a seed is two integers.
"""

import tensorflow as tf


def split_seed(seed: tf.Tensor, count: int) -> list[tf.Tensor]:
    """`count` independent seeds from one."""
    return tf.unstack(tf.random.split(seed, count))


def random_boxes(shape: tf.Tensor, seed: tf.Tensor, smallest: float) -> tuple[tf.Tensor, ...]:
    """Crops of at least the share `smallest` of an image; their aspect ratio changes by up to a fifth.

    Returns top, left, height and width as shares of the image, and whether to mirror; each has the shape (batch,).
    """
    count = shape[0]
    area_seed, ratio_seed, position_seed, mirror_seed = split_seed(seed, 4)
    area = tf.random.stateless_uniform((count,), area_seed, smallest, 1.0)
    ratio = tf.exp(tf.random.stateless_uniform((count,), ratio_seed, -0.2, 0.2))
    height, width = tf.minimum(tf.sqrt(area * ratio), 1.0), tf.minimum(tf.sqrt(area / ratio), 1.0)
    position = tf.random.stateless_uniform((2, count), position_seed)
    mirrored = tf.random.stateless_uniform((count,), mirror_seed) < 0.5
    return position[0] * (1 - height), position[1] * (1 - width), height, width, mirrored


def draw_boxes(count: tf.Tensor, seed: tf.Tensor, smallest: float) -> tf.Tensor:
    """`random_boxes` for this number of images as rows of five numbers, (count, 5); the last is 1 if mirrored."""
    return tf.stack([tf.cast(part, tf.float32) for part in random_boxes([count], seed, smallest)], axis=1)


def crop(images: tf.Tensor, seed: tf.Tensor, smallest: float, method: str = "bilinear") -> tf.Tensor:
    """Crops by `random_boxes`, resized to the images' size, float32. Three times as fast as `resample`."""
    shape = tf.shape(images)
    top, left, height, width, mirrored = random_boxes(shape, seed, smallest)
    first, last = tf.where(mirrored, left + width, left), tf.where(mirrored, left, left + width)
    boxes = tf.stack([top, first, top + height, last], axis=1)
    return tf.image.crop_and_resize(tf.cast(images, tf.float32), boxes, tf.range(shape[0]), shape[1:3], method)


def random_crops(images: tf.Tensor, seed: tf.Tensor, size: tuple[int, int]) -> tf.Tensor:
    """A part of `size` (height, width) in pixels of each image, without resampling."""
    (height, width), shape = size, tf.shape(images)
    position = tf.random.stateless_uniform((2, shape[0], 1), seed)
    positions = tf.cast(tf.reshape([shape[1] - height, shape[2] - width], (2, 1, 1)) + 1, tf.float32)
    top, left = tf.unstack(tf.cast(tf.floor(position * positions), tf.int32))
    rows = tf.gather(images, top + tf.range(height), axis=1, batch_dims=1)
    return tf.gather(rows, left + tf.range(width), axis=2, batch_dims=1)


def crop_matrices(shape: tf.Tensor, seed: tf.Tensor, smallest: float) -> tf.Tensor:
    """`random_boxes` as matrices (batch, 3, 3).

    A matrix maps (x, y, 1) of a pixel of the result to (x, y, 1) of its source. Both are in pixels from the centre of
    the image, so that matrices can be multiplied.
    """
    top, left, box_height, box_width, mirrored = random_boxes(shape, seed, smallest)
    height, width = tf.cast(shape[1], tf.float32), tf.cast(shape[2], tf.float32)
    zero = tf.zeros_like(top)
    return matrices(
        (tf.where(mirrored, -box_width, box_width), zero, (left + box_width / 2 - 0.5) * width),
        (zero, box_height, (top + box_height / 2 - 0.5) * height),
    )


def rotation_matrices(shape: tf.Tensor, seed: tf.Tensor, largest: float) -> tf.Tensor:
    """Rotations by up to `largest` radians in either direction, (batch, 3, 3)."""
    angle = tf.random.stateless_uniform((shape[0],), seed, -largest, largest)
    zero = tf.zeros_like(angle)
    return matrices((tf.cos(angle), -tf.sin(angle), zero), (tf.sin(angle), tf.cos(angle), zero))


def matrices(first: tuple[tf.Tensor, ...], second: tuple[tf.Tensor, ...]) -> tf.Tensor:
    """(batch, 3, 3) from the entries of the first two rows, each (batch,)."""
    zero, one = tf.zeros_like(first[0]), tf.ones_like(first[0])
    return tf.stack([tf.stack(row, axis=-1) for row in (first, second, (zero, zero, one))], axis=1)


def resample(images: tf.Tensor, transforms: tf.Tensor, method: str = "bilinear") -> tf.Tensor:
    """Images transformed by matrices, float32. Beyond its edges an image is reflected."""
    shape = tf.shape(images)
    centre_x, centre_y = (tf.cast(shape[2], tf.float32) - 1) / 2, (tf.cast(shape[1], tf.float32) - 1) / 2
    (a, b, c), (d, e, f) = (tf.unstack(row, axis=-1) for row in tf.unstack(transforms, axis=1)[:2])
    from_corner = (
        a, b, c + centre_x - a * centre_x - b * centre_y,
        d, e, f + centre_y - d * centre_x - e * centre_y,
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


def rectangles(shape: tf.Tensor, seed: tf.Tensor, height: tf.Tensor, width: tf.Tensor) -> tf.Tensor:
    """(batch, height, width, 1), true within a rectangle whose centre is anywhere, clipped at the image's edges.

    `height` and `width` are (batch,), as shares of the image.
    """
    centre = tf.random.stateless_uniform((2, shape[0], 1), seed)
    rows = (tf.range(shape[1], dtype=tf.float32) + 0.5) / tf.cast(shape[1], tf.float32)
    columns = (tf.range(shape[2], dtype=tf.float32) + 0.5) / tf.cast(shape[2], tf.float32)
    in_rows = tf.abs(rows[None] - centre[0]) < height[:, None] / 2
    in_columns = tf.abs(columns[None] - centre[1]) < width[:, None] / 2
    return (in_rows[:, :, None] & in_columns[:, None, :])[..., None]
