"""Mean and deviation of a data set."""

import numpy as np
import tensorflow as tf

from pipeline.normalisation import mean_and_deviation
from tests.conftest import noise


def test_over_all_pixels():
    images = noise(70, 9, 7, 3)
    images[..., 2] = 40
    mean, deviation = mean_and_deviation(tf.data.Dataset.from_tensor_slices(images).batch(32))
    np.testing.assert_allclose(mean, images.mean(axis=(0, 1, 2)))
    np.testing.assert_allclose(deviation[:2], images.std(axis=(0, 1, 2))[:2])
    assert deviation[2] == 1, "a constant channel is not amplified"
