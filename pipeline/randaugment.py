"""RandAugment (Cubuk et al. 2020, https://arxiv.org/abs/1909.13719) on complete batches.

Each image gets two of fourteen changes. The geometric ones become one matrix, together with crop and mirror, so that
the image is resampled once. For each change of colour, the images that drew it are taken out of the batch, changed
together and put back, so that no change is computed for images that did not draw it.
"""

import tensorflow as tf

from pipeline.geometry import crop_matrices, matrices, resample, split_seed

CHANGES = 2
"""Changes of each image (the paper's N)."""

STRENGTH = 0.9
"""Share of the largest change: 9 of 10 (the paper's M)."""

MOVES = ("rotate", "shear_x", "shear_y", "translate_x", "translate_y")
MAX_ROTATION, MAX_SHEAR, MAX_TRANSLATION, MAX_BLEND = 0.5236, 0.3, 0.45, 0.9
"""Radians, slope, share of the side, and share by which an image is blended with another."""


def move(images: tf.Tensor, seed: tf.Tensor, method: str = "bilinear") -> tf.Tensor:
    """Applies the geometric changes to images or masks, after a crop and mirror, float32."""
    draw_seed, crop_seed = split_seed(seed, 2)
    shape = tf.shape(images)
    transforms = crop_matrices(shape, crop_seed, smallest=0.6)
    for choice, amount in _draw_changes(shape, draw_seed):
        transforms = tf.matmul(transforms, _move(shape, choice, amount))
    return resample(images, transforms, method)


def recolour(images: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Applies the changes of colour that were drawn with the geometric changes of the same seed."""
    draw_seed, _ = split_seed(seed, 2)
    for choice, amount in _draw_changes(tf.shape(images), draw_seed):
        images = tf.clip_by_value(_recolour(images, choice - len(MOVES), amount), 0.0, 255.0)
    return images


def _draw_changes(shape: tf.Tensor, seed: tf.Tensor) -> list[tuple[tf.Tensor, tf.Tensor]]:
    """For each of CHANGES the change and the signed strength that each image draws: (batch,) and (batch,)."""
    choice_seed, sign_seed = split_seed(seed, 2)
    choices = tf.random.stateless_uniform((CHANGES, shape[0]), choice_seed, 0, len(MOVES) + len(COLOURS), tf.int32)
    signs = tf.where(tf.random.stateless_uniform((CHANGES, shape[0]), sign_seed) < 0.5, -1.0, 1.0)
    return list(zip(tf.unstack(choices), tf.unstack(signs * STRENGTH), strict=True))


def _move(shape: tf.Tensor, choice: tf.Tensor, amount: tf.Tensor) -> tf.Tensor:
    """The matrix of each image's change if it is geometric, otherwise the identity."""
    height, width = tf.cast(shape[1], tf.float32), tf.cast(shape[2], tf.float32)

    def if_drawn(move: str, value: tf.Tensor) -> tf.Tensor:
        return tf.where(choice == MOVES.index(move), value, 0.0)

    angle = if_drawn("rotate", amount * MAX_ROTATION)
    shear_x, shear_y = (if_drawn(move, amount * MAX_SHEAR) for move in ("shear_x", "shear_y"))
    return matrices(
        (tf.cos(angle), shear_x - tf.sin(angle), if_drawn("translate_x", amount * MAX_TRANSLATION * width)),
        (shear_y + tf.sin(angle), tf.cos(angle), if_drawn("translate_y", amount * MAX_TRANSLATION * height)),
    )


def _recolour(images: tf.Tensor, choice: tf.Tensor, amount: tf.Tensor) -> tf.Tensor:
    """Applies to each image the one of COLOURS that it drew; a negative choice is no change of colour."""
    part = tf.maximum(choice, -1) + 1
    parts = tf.dynamic_partition(images, part, len(COLOURS) + 1)
    amounts = tf.dynamic_partition(amount[:, None, None, None], part, len(COLOURS) + 1)
    positions = tf.dynamic_partition(tf.range(tf.shape(images)[0]), part, len(COLOURS) + 1)
    changed = [change(images, amount) for change, images, amount in zip(COLOURS, parts[1:], amounts[1:], strict=True)]
    return tf.ensure_shape(tf.dynamic_stitch(positions, [parts[0], *changed]), images.shape)


def _same(images: tf.Tensor, amount: tf.Tensor) -> tf.Tensor:
    return images


def _autocontrast(images: tf.Tensor, amount: tf.Tensor) -> tf.Tensor:
    low = tf.reduce_min(images, axis=(1, 2), keepdims=True)
    value_range = tf.reduce_max(images, axis=(1, 2), keepdims=True) - low
    return tf.where(value_range > 0, (images - low) * 255 / tf.maximum(value_range, 1e-6), images)


def _equalize(images: tf.Tensor, amount: tf.Tensor) -> tf.Tensor:
    """Equalises the histogram of each channel, with the integer arithmetic of Pillow."""
    shape = tf.shape(images)
    values = tf.reshape(tf.transpose(tf.cast(images, tf.int32), (0, 3, 1, 2)), (shape[0] * 3, -1))
    rows = tf.range(shape[0] * 3)[:, None]
    # not tf.math.bincount, which needs at least one row
    counts = tf.math.unsorted_segment_sum(tf.ones_like(values), values + 256 * rows, 256 * tf.size(rows))
    counts = tf.reshape(counts, (-1, 256))
    count_of_largest = tf.gather(counts, tf.reduce_max(values, axis=1), batch_dims=1)[:, None]
    step = (shape[1] * shape[2] - count_of_largest) // 255
    below = tf.cumsum(counts, axis=1, exclusive=True)
    table = tf.where(step > 0, (below + step // 2) // tf.maximum(step, 1), tf.range(256))
    equalised = tf.gather(tf.minimum(table, 255), values, batch_dims=1)
    return tf.transpose(tf.reshape(tf.cast(equalised, tf.float32), (shape[0], 3, shape[1], shape[2])), (0, 2, 3, 1))


def _solarize(images: tf.Tensor, amount: tf.Tensor) -> tf.Tensor:
    return tf.where(images > 255 * (1 - tf.abs(amount)), 255 - images, images)


def _posterize(images: tf.Tensor, amount: tf.Tensor) -> tf.Tensor:
    step = 2.0 ** tf.round(4 * tf.abs(amount))
    return tf.floor(images / step) * step


def _saturation(images: tf.Tensor, amount: tf.Tensor) -> tf.Tensor:
    return _away_from(tf.image.rgb_to_grayscale(images), images, amount)


def _contrast(images: tf.Tensor, amount: tf.Tensor) -> tf.Tensor:
    return _away_from(tf.reduce_mean(tf.image.rgb_to_grayscale(images), axis=(1, 2), keepdims=True), images, amount)


def _brightness(images: tf.Tensor, amount: tf.Tensor) -> tf.Tensor:
    return _away_from(tf.zeros_like(images), images, amount)


def _sharpness(images: tf.Tensor, amount: tf.Tensor) -> tf.Tensor:
    neighbours = tf.nn.avg_pool2d(images, 3, 1, "SAME")  # at edges: the mean of fewer pixels
    return _away_from((9 * neighbours + 4 * images) / 13, images, amount)


def _away_from(other: tf.Tensor, images: tf.Tensor, amount: tf.Tensor) -> tf.Tensor:
    """Blends images with others: a positive amount moves away from the others, a negative one towards them."""
    return other + (images - other) * (1 + MAX_BLEND * amount)


COLOURS = (
    _same, _autocontrast, _equalize, _solarize, _posterize, _saturation, _contrast, _brightness, _sharpness,
)  # fmt: skip
