"""Numbers of a whole data set, from its decoded pictures."""

import numpy as np
import tensorflow as tf

from pipeline.cache import Loader

BATCH_SIZE = 64


def mean_and_deviation(load: Loader, count: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Of each channel over all pixels of the pictures 0..count-1, in 0..255. A flat channel's deviation counts as 1."""

    def sums(images: tf.Tensor) -> tf.Tensor:
        values = tf.cast(images, tf.float64)
        return tf.stack([tf.reduce_sum(values, axis=(0, 1, 2)), tf.reduce_sum(values**2, axis=(0, 1, 2))])

    images = tf.data.Dataset.range(count).map(load, tf.data.AUTOTUNE)
    height, width, _ = images.element_spec.shape
    totals = images.batch(BATCH_SIZE).map(sums, tf.data.AUTOTUNE).reduce(tf.zeros((2, 3), tf.float64), tf.add)
    mean, mean_of_squares = totals.numpy() / (count * height * width)
    deviation = np.sqrt(np.maximum(mean_of_squares - mean**2, 0))
    return tuple(mean.tolist()), tuple(np.where(deviation < 1e-3, 1.0, deviation).tolist())
