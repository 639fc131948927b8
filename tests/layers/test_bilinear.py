"""Bilinear upsampling against TensorFlow, also in a graph for unknown sizes."""

import numpy as np
import pytest
import tensorflow as tf

from layers.upsampling import BilinearUpsampling


@pytest.mark.parametrize("scale", [1, 2, 3, 4])
def test_it_equals_tensorflow(scale):
    values = np.random.default_rng(0).normal(size=(2, 3, 5, 4)).astype(np.float32)
    layer = BilinearUpsampling(scale)
    expected = tf.image.resize(values, (3 * scale, 5 * scale))
    graph = tf.function(layer, input_signature=[tf.TensorSpec((None, None, None, 4))])
    for result in (layer(values), graph(values)):
        np.testing.assert_allclose(result, expected, atol=1e-6)
    assert layer.compute_output_shape((None, None, 5, 4)) == (None, None, 5 * scale, 4)
    assert BilinearUpsampling.from_config(layer.get_config()).scale == scale
