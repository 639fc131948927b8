"""Local response normalisation against TensorFlow's own."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from layers.lrn import LocalResponseNormalisation
from layers.saved import load_saved_model


@pytest.mark.parametrize(
    ("channels", "radius", "bias", "alpha", "beta"),
    [(3, 2, 1.0, 1e-4 / 5, 0.75), (8, 2, 1.0, 1e-4 / 5, 0.75), (8, 1, 2.0, 0.1, 0.5), (2, 5, 1.0, 1.0, 1.0)],
)
def test_it_equals_tensorflow(channels, radius, bias, alpha, beta):
    values = np.random.default_rng(0).uniform(-255, 255, (2, 5, 7, channels)).astype(np.float32)
    expected = tf.nn.local_response_normalization(values, radius, bias, alpha, beta)
    ours = LocalResponseNormalisation(radius, bias, alpha, beta)(values)
    np.testing.assert_allclose(ours, expected, rtol=1e-5)


def test_defaults_are_those_of_caffe():
    pixel = np.full((1, 1, 1, 3), 100, np.float32)
    np.testing.assert_allclose(
        LocalResponseNormalisation()(pixel), 100 / (1 + 1e-4 / 5 * 3 * 100**2) ** 0.75 * pixel / 100, rtol=1e-6
    )


def test_it_is_saved_with_its_arguments_and_takes_any_size(tmp_path):
    inputs = keras.Input((None, None, 4))
    model = keras.Model(inputs, LocalResponseNormalisation(1, 2.0, 0.1, 0.5)(inputs))
    model.save(tmp_path / "model.keras")
    values = np.random.default_rng(0).normal(size=(1, 3, 5, 4)).astype(np.float32)
    np.testing.assert_array_equal(load_saved_model(tmp_path / "model.keras")(values), model(values))
