"""Mixup and cutmix: two images of a batch become one, and so do their labels."""

import tensorflow as tf

from pipeline.geometry import rectangles, split_seed


def mix(
    images: tf.Tensor, labels: tf.Tensor, seed: tf.Tensor, mixup: float, cutmix: float
) -> tuple[tf.Tensor, tf.Tensor]:
    """Mixes each image with its neighbour in the batch, in shares drawn from Beta(alpha, alpha).

    mixup (Zhang et al. 2018, https://arxiv.org/abs/1710.09412) blends both images; cutmix (Yun et al. 2019,
    https://arxiv.org/abs/1905.04899) pastes a rectangle of one into the other. With both, each batch uses one of them,
    chosen at random.

    Arguments:
        images: (batch, height, width, 3) float32.
        labels: (batch, classes) of 0..1.
        seed: two integers.
        mixup, cutmix: the alpha of each; 0 turns it off.
    """
    choice_seed, mix_seed = split_seed(seed, 2)
    if not (mixup and cutmix):
        return _mixup(images, labels, mix_seed, mixup) if mixup else _cutmix(images, labels, mix_seed, cutmix)
    return tf.cond(
        tf.random.stateless_uniform((), choice_seed) < 0.5,
        lambda: _mixup(images, labels, mix_seed, mixup),
        lambda: _cutmix(images, labels, mix_seed, cutmix),
    )


def _mixup(images: tf.Tensor, labels: tf.Tensor, seed: tf.Tensor, alpha: float) -> tuple[tf.Tensor, tf.Tensor]:
    share = _beta(tf.shape(images)[0], seed, alpha)
    return _blend_with_neighbour(images, share[:, None, None, None]), _blend_with_neighbour(labels, share[:, None])


def _cutmix(images: tf.Tensor, labels: tf.Tensor, seed: tf.Tensor, alpha: float) -> tuple[tf.Tensor, tf.Tensor]:
    shape = tf.shape(images)
    share_seed, position_seed = split_seed(seed, 2)
    side = tf.sqrt(1 - _beta(shape[0], share_seed, alpha))
    inside = rectangles(shape, position_seed, side, side)
    kept = 1 - tf.reduce_mean(tf.cast(inside, tf.float32), axis=(1, 2, 3))  # less than drawn if cut off at an edge
    return tf.where(inside, tf.roll(images, 1, axis=0), images), _blend_with_neighbour(labels, kept[:, None])


def _blend_with_neighbour(values: tf.Tensor, share: tf.Tensor) -> tf.Tensor:
    return values * share + tf.roll(values, 1, axis=0) * (1 - share)


def _beta(count: tf.Tensor, seed: tf.Tensor, alpha: float) -> tf.Tensor:
    """(count,) draws of Beta(alpha, alpha): the share of one of two gamma draws in their sum."""
    gammas = tf.random.stateless_gamma((2, count), seed, alpha)
    return gammas[0] / tf.maximum(gammas[0] + gammas[1], 1e-30)
