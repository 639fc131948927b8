"""Numbers of a whole data set, from its decoded pictures."""

import numpy as np
import tensorflow as tf

from backbones import IMAGENET, Backbone, Normalisation
from pipeline.cache import Loader

BATCH_SIZE = 64


def chosen_normalisation(name: str, row: Backbone, load: Loader, count: int) -> Normalisation:
    """Arguments:
    name: `backbone`, that of its weights; `imagenet`; or `dataset`, that of the training pictures 0..count-1.
    """
    if name != "backbone" and row.imagenet:
        print(f"Colours are normalised by {name}; weights that were trained otherwise first have to get used to that")
    if name == "dataset":
        return Normalisation(*mean_and_deviation(load, count), row.normalisation.channels)
    return row.normalisation if name == "backbone" else IMAGENET._replace(channels=row.normalisation.channels)


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
