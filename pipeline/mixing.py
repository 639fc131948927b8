"""Training on what lies between pictures: two pictures of a batch become one, and so do their labels."""

import tensorflow as tf

from pipeline.geometry import rectangles, split_seed


def mix(images: tf.Tensor, labels: tf.Tensor, seed: tf.Tensor, mixup: float, cutmix: float) -> tuple:
    """Each picture with its neighbour in the batch, in shares drawn from Beta(a, a); both ways: a coin for each batch.

    mixup (Zhang et al. 2018, https://arxiv.org/abs/1710.09412) blends them; cutmix (Yun et al. 2019,
    https://arxiv.org/abs/1905.04899) puts a rectangle of one into the other.

    Arguments:
        images: (batch, height, width, 3) float32.
        labels: (batch, classes), shares that add up to 1.
        seed: two integers.
        mixup, cutmix: the a of each way; 0 is without it.
    """
    coin, rest = split_seed(seed, 2)
    if not (mixup and cutmix):
        return _blended(images, labels, rest, mixup) if mixup else _pasted(images, labels, rest, cutmix)
    return tf.cond(
        tf.random.stateless_uniform((), coin) < 0.5,
        lambda: _blended(images, labels, rest, mixup),
        lambda: _pasted(images, labels, rest, cutmix),
    )


def _blended(images: tf.Tensor, labels: tf.Tensor, seed: tf.Tensor, alpha: float) -> tuple:
    share = _beta(tf.shape(images)[0], seed, alpha)
    return _between(images, share[:, None, None, None]), _between(labels, share[:, None])


def _pasted(images: tf.Tensor, labels: tf.Tensor, seed: tf.Tensor, alpha: float) -> tuple:
    shape = tf.shape(images)
    share_seed, place_seed = split_seed(seed, 2)
    side = tf.sqrt(1 - _beta(shape[0], share_seed, alpha))
    inside = rectangles(shape, place_seed, side, side)
    kept = 1 - tf.reduce_mean(tf.cast(inside, tf.float32), axis=(1, 2, 3))  # what the edges have cut off counts
    return tf.where(inside, tf.roll(images, 1, axis=0), images), _between(labels, kept[:, None])


def _between(values: tf.Tensor, share: tf.Tensor) -> tf.Tensor:
    return values * share + tf.roll(values, 1, axis=0) * (1 - share)


def _beta(count: tf.Tensor, seed: tf.Tensor, alpha: float) -> tf.Tensor:
    """(count,) draws of Beta(alpha, alpha), as the share that one of two gamma draws has in both."""
    gammas = tf.random.stateless_gamma((2, count), seed, alpha)
    return gammas[0] / tf.maximum(gammas[0] + gammas[1], 1e-30)
