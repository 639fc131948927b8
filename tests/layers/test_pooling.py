"""Max-pooling with positions and unpooling, against a loop that computes what PyTorch does."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from layers.pooling import MaxPoolWithIndices2D, MaxUnpool2D
from layers.saved import load_saved_model

SHAPES = [(2, 4, 6, 3), (1, 5, 7, 2), (1, 2, 3, 1)]


def windows(shape):
    batch, height, width, channels = shape
    for b, row, column, c in np.ndindex(batch, height // 2, width // 2, channels):
        yield (b, row, column, c), (b, slice(2 * row, 2 * row + 2), slice(2 * column, 2 * column + 2), c)


def max_pool2d(values):
    batch, height, width, channels = values.shape
    pooled = np.zeros((batch, height // 2, width // 2, channels), values.dtype)
    indices = np.zeros(pooled.shape, int)
    for place, window in windows(values.shape):
        indices[place] = np.argmax(values[window])  # the first, row by row
        pooled[place] = values[window].flat[indices[place]]
    return pooled, indices


def max_unpool2d(pooled, indices, height, width):
    restored = np.zeros((pooled.shape[0], height, width, pooled.shape[3]), pooled.dtype)
    for place, window in windows(restored.shape):
        restored[window][divmod(indices[place], 2)] = pooled[place]
    return restored


def feature_map(shape, ties):
    random = np.random.default_rng(3)
    values = random.choice([-1, -0.0, 0.0, 1], shape) if ties else random.normal(size=shape)
    return values.astype("float32")


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("shape", SHAPES)
def test_both_equal_the_loop(shape, ties):
    values = feature_map(shape, ties)
    pooled, indices = MaxPoolWithIndices2D()(values)
    expected, positions = max_pool2d(values)
    np.testing.assert_array_equal(pooled, expected)
    np.testing.assert_array_equal(indices, positions)
    for restored in (MaxUnpool2D()(pooled, indices, values), MaxUnpool2D(size=shape[1:3])(pooled, indices)):
        np.testing.assert_array_equal(restored, max_unpool2d(expected, positions, *shape[1:3]))


def test_without_a_size_the_result_is_twice_as_large():
    pooled, indices = MaxPoolWithIndices2D()(feature_map((1, 5, 7, 2), False))
    assert MaxUnpool2D()(pooled, indices).shape == (1, 4, 6, 2)


@pytest.mark.parametrize("ties", [False, True])
def test_gradients_go_to_the_first_maximum_and_back(ties):
    values = feature_map((2, 5, 6, 3), ties)
    factors = feature_map((2, 2, 3, 3), False)
    placed = max_unpool2d(factors, max_pool2d(values)[1], 5, 6)
    source, small = tf.constant(values), tf.constant(factors)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch([source, small])
        pooled, indices = MaxPoolWithIndices2D()(source)
        down = tf.reduce_sum(pooled * factors)
        up = tf.reduce_sum(MaxUnpool2D()(small, indices, source) * values)
    np.testing.assert_array_equal(tape.gradient(down, source), placed)
    np.testing.assert_array_equal(tape.gradient(up, small), max_pool2d(values)[0])


def auto_encoder(size=None) -> keras.Model:
    images = keras.Input((*(size or (None, None)), 3))
    pooled, indices = MaxPoolWithIndices2D()(images)
    deeper, deeper_indices = MaxPoolWithIndices2D()(pooled)
    restored = MaxUnpool2D()(MaxUnpool2D()(deeper, deeper_indices, pooled), indices, images)
    return keras.Model(images, restored)


def test_a_model_for_any_size_is_saved_and_loaded(tmp_path):
    model = auto_encoder()
    assert model.output_shape == (None, None, None, 3)
    model.save(tmp_path / "model.keras")
    loaded = load_saved_model(tmp_path / "model.keras")
    for shape in ((2, 9, 6, 3), (1, 11, 15, 3)):
        values = feature_map(shape, True)
        pooled, indices = max_pool2d(values)
        deeper = max_unpool2d(*max_pool2d(pooled), *pooled.shape[1:3])
        expected = max_unpool2d(deeper, indices, *shape[1:3])
        np.testing.assert_array_equal(loaded.predict(values, verbose=0), expected)
        np.testing.assert_array_equal(model(values), expected)


def test_an_exported_model_gives_the_same_results(tmp_path):
    """A SavedModel does not contain the layers' classes. The sizes differ from those at the export."""
    model = auto_encoder()
    model.export(tmp_path / "exported", verbose=False)
    served = tf.saved_model.load(tmp_path / "exported").serve
    for shape in ((2, 9, 6, 3), (1, 11, 15, 3)):
        values = feature_map(shape, True)
        np.testing.assert_array_equal(served(values), model(values))


def test_fixed_sizes_stay_known():
    assert auto_encoder((9, 14)).output_shape == (None, 9, 14, 3)
    again = MaxUnpool2D.from_config(MaxUnpool2D(size=(5, 4)).get_config())
    assert again.size == (5, 4)


def test_mixed_precision_keeps_the_positions():
    values = feature_map((1, 5, 6, 3), False)
    pooled, indices = MaxPoolWithIndices2D(dtype="mixed_float16")(values)
    assert (pooled.dtype, indices.dtype) == ("float16", "uint8")
    assert MaxUnpool2D(dtype="mixed_float16")(pooled, indices, values).dtype == "float16"
