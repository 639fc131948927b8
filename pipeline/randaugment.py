"""RandAugment (Cubuk et al. 2020, https://arxiv.org/abs/1909.13719) on whole batches.

Each picture gets two of fourteen changes. All that move it become one matrix, so that it is resampled once, together
with crop and mirror; for each change of colour the pictures that drew it are taken out of the batch, changed together
and put back, so that none pays for what others drew.
"""

import tensorflow as tf

from pipeline.geometry import crop_matrices, matrices, resample, split_seed

CHANGES = 2
"""For each picture (the paper's N)."""

STRENGTH = 0.9
"""Of the largest change: 9 of 10 (the paper's M)."""

MOVES = ("turn", "shear_x", "shear_y", "shift_x", "shift_y")
LARGEST_TURN, LARGEST_SHEAR, LARGEST_SHIFT, LARGEST_BLEND = 0.5236, 0.3, 0.45, 0.9
"""In radians, as a slope, in shares of the side, and away from the picture as it is."""


def move(images: tf.Tensor, seed: tf.Tensor, method: str = "bilinear") -> tf.Tensor:
    """The changes that move a picture or mask, with a crop and mirror before them, float32."""
    draw_seed, crop_seed = split_seed(seed, 2)
    shape = tf.shape(images)
    moved = crop_matrices(shape, crop_seed, smallest=0.6)
    for choice, amount in _drawn(shape, draw_seed):
        moved = tf.matmul(moved, _move(shape, choice, amount))
    return resample(images, moved, method)


def recolour(images: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """The changes of colour that go with the moves of the same seed."""
    draw_seed, _ = split_seed(seed, 2)
    for choice, amount in _drawn(tf.shape(images), draw_seed):
        images = tf.clip_by_value(_recolour(images, choice - len(MOVES), amount), 0.0, 255.0)
    return images


def _drawn(shape: tf.Tensor, seed: tf.Tensor) -> list[tuple[tf.Tensor, tf.Tensor]]:
    """What each picture draws, and how strong, for each of the changes: (batch,) and (batch,)."""
    choice_seed, sign_seed = split_seed(seed, 2)
    choices = tf.random.stateless_uniform((CHANGES, shape[0]), choice_seed, 0, len(MOVES) + len(COLOURS), tf.int32)
    signs = tf.where(tf.random.stateless_uniform((CHANGES, shape[0]), sign_seed) < 0.5, -1.0, 1.0)
    return list(zip(tf.unstack(choices), tf.unstack(signs * STRENGTH), strict=True))


def _move(shape: tf.Tensor, choice: tf.Tensor, amount: tf.Tensor) -> tf.Tensor:
    """The matrix of each picture's change if it is a move, else the one that moves nothing."""
    height, width = tf.cast(shape[1], tf.float32), tf.cast(shape[2], tf.float32)

    def drawn(move: str, value: tf.Tensor) -> tf.Tensor:
        return tf.where(choice == MOVES.index(move), value, 0.0)

    angle = drawn("turn", amount * LARGEST_TURN)
    shear_x, shear_y = (drawn(move, amount * LARGEST_SHEAR) for move in ("shear_x", "shear_y"))
    return matrices(
        (tf.cos(angle), shear_x - tf.sin(angle), drawn("shift_x", amount * LARGEST_SHIFT * width)),
        (shear_y + tf.sin(angle), tf.cos(angle), drawn("shift_y", amount * LARGEST_SHIFT * height)),
    )


def _recolour(images: tf.Tensor, choice: tf.Tensor, amount: tf.Tensor) -> tf.Tensor:
    """Each picture through the one of COLOURS that it drew; a negative choice is none."""
    part = tf.maximum(choice, -1) + 1
    parts = tf.dynamic_partition(images, part, len(COLOURS) + 1)
    amounts = tf.dynamic_partition(amount[:, None, None, None], part, len(COLOURS) + 1)
    places = tf.dynamic_partition(tf.range(tf.shape(images)[0]), part, len(COLOURS) + 1)
    changed = [change(*drawn) for change, *drawn in zip(COLOURS, parts[1:], amounts[1:], strict=True)]
    return tf.ensure_shape(tf.dynamic_stitch(places, [parts[0], *changed]), images.shape)


def _same(images, amount):
    return images


def _autocontrast(images, amount):
    low = tf.reduce_min(images, axis=(1, 2), keepdims=True)
    range_ = tf.reduce_max(images, axis=(1, 2), keepdims=True) - low
    return tf.where(range_ > 0, (images - low) * 255 / tf.maximum(range_, 1e-6), images)


def _equalize(images, amount):
    """Each channel so that all values are about as frequent as each other, in Pillow's whole numbers."""
    shape = tf.shape(images)
    values = tf.reshape(tf.transpose(tf.cast(images, tf.int32), (0, 3, 1, 2)), (shape[0] * 3, -1))
    rows = tf.range(shape[0] * 3)[:, None]
    # Not tf.math.bincount, which wants at least one row
    counts = tf.math.unsorted_segment_sum(tf.ones_like(values), values + 256 * rows, 256 * tf.size(rows))
    counts = tf.reshape(counts, (-1, 256))
    of_largest = tf.gather(counts, tf.reduce_max(values, axis=1), batch_dims=1)[:, None]
    step = (shape[1] * shape[2] - of_largest) // 255
    below = tf.cumsum(counts, axis=1, exclusive=True)
    table = tf.where(step > 0, (below + step // 2) // tf.maximum(step, 1), tf.range(256))
    equal = tf.gather(tf.minimum(table, 255), values, batch_dims=1)
    return tf.transpose(tf.reshape(tf.cast(equal, tf.float32), (shape[0], 3, shape[1], shape[2])), (0, 2, 3, 1))


def _solarize(images, amount):
    return tf.where(images > 255 * (1 - tf.abs(amount)), 255 - images, images)


def _posterize(images, amount):
    step = 2.0 ** tf.round(4 * tf.abs(amount))
    return tf.floor(images / step) * step


def _saturation(images, amount):
    return _away_from(tf.image.rgb_to_grayscale(images), images, amount)


def _contrast(images, amount):
    return _away_from(tf.reduce_mean(tf.image.rgb_to_grayscale(images), axis=(1, 2), keepdims=True), images, amount)


def _brightness(images, amount):
    return _away_from(tf.zeros_like(images), images, amount)


def _sharpness(images, amount):
    around = tf.nn.avg_pool2d(images, 3, 1, "SAME")  # edges: of the pixels that there are
    return _away_from((9 * around + 4 * images) / 13, images, amount)


def _away_from(other, images, amount):
    return other + (images - other) * (1 + LARGEST_BLEND * amount)


COLOURS = (
    _same, _autocontrast, _equalize, _solarize, _posterize, _saturation, _contrast, _brightness, _sharpness,
)  # fmt: skip
