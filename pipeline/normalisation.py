"""Numbers of a whole data set, from its decoded pictures."""

from collections.abc import Callable

import numpy as np
import tensorflow as tf

from backbones import IMAGENET, Backbone, Normalisation


def chosen_normalisation(name: str, spec: Backbone, pictures: Callable[[], tf.data.Dataset]) -> Normalisation:
    """Arguments:
    name: `backbone`, that of its weights; `imagenet`; or `dataset`, that of the training pictures.
    pictures: gives them, in batches.
    """
    if name != "backbone" and spec.imagenet:
        print(f"Colours are normalised by {name}; weights that were trained otherwise first have to get used to that")
    if name == "dataset":
        return Normalisation(*mean_and_deviation(pictures()), spec.normalisation.channels)
    return spec.normalisation if name == "backbone" else IMAGENET._replace(channels=spec.normalisation.channels)


def mean_and_deviation(pictures: tf.data.Dataset) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Of each channel over all pixels, in 0..255. `pictures` are batches (batch, height, width, 3).

    A flat channel's deviation counts as 1.
    """

    def sums(images: tf.Tensor) -> tf.Tensor:
        values = tf.reshape(tf.cast(images, tf.float64), (-1, 3))
        ones = tf.ones_like(values)
        return tf.stack([tf.reduce_sum(part, axis=0) for part in (ones, values, values**2)])

    totals = pictures.map(sums, tf.data.AUTOTUNE).reduce(tf.zeros((3, 3), tf.float64), tf.add).numpy()
    mean, mean_of_squares = totals[1:] / totals[0]
    deviation = np.sqrt(np.maximum(mean_of_squares - mean**2, 0))
    return tuple(mean.tolist()), tuple(np.where(deviation < 1e-3, 1.0, deviation).tolist())
