"""The normalisation of colours, and mean and deviation of a data set."""

from collections.abc import Callable
from typing import cast

import numpy as np
import tensorflow as tf

from backbones import IMAGENET, Backbone, Colour, Normalisation
from log import logger


def chosen_normalisation(name: str, spec: Backbone, training_images: Callable[[], tf.data.Dataset]) -> Normalisation:
    """The normalisation for the setting `normalise`.

    Arguments:
        name: `backbone` for that of its weights, `imagenet`, or `dataset` for that of the training images.
        training_images: makes the dataset of all training images, in batches.
    """
    if name != "backbone" and spec.imagenet:
        logger.info(
            f"Colours are normalised by {name}; pre-trained weights must first adapt if they were trained otherwise"
        )
    if name == "dataset":
        return Normalisation(*mean_and_deviation(training_images()), spec.normalisation.channels)
    return spec.normalisation if name == "backbone" else IMAGENET._replace(channels=spec.normalisation.channels)


def mean_and_deviation(batches: tf.data.Dataset) -> tuple[Colour, Colour]:
    """Mean and deviation of each channel over all pixels of batches (batch, height, width, 3) of 0..255.

    The deviation of a constant channel counts as 1.
    """

    def sums(images: tf.Tensor) -> tf.Tensor:
        values = tf.reshape(tf.cast(images, tf.float64), (-1, 3))
        ones = tf.ones_like(values)
        return tf.stack([tf.reduce_sum(part, axis=0) for part in (ones, values, values**2)])

    totals = batches.map(sums, tf.data.AUTOTUNE).reduce(tf.zeros((3, 3), tf.float64), tf.add).numpy()
    mean, mean_of_squares = totals[1:] / totals[0]
    deviation = np.sqrt(np.maximum(mean_of_squares - mean**2, 0))
    deviation = np.where(deviation < 1e-3, 1.0, deviation)
    return cast(Colour, tuple(mean.tolist())), cast(Colour, tuple(deviation.tolist()))
