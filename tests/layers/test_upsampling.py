"""Pixel shuffle against values by hand, and its initial kernels."""

import keras
import numpy as np
import pytest

from layers.saved import load_saved_model
from layers.upsampling import ICNR, PixelShuffle


def test_channels_become_the_pixels_of_a_block():
    values = np.arange(8, dtype="float32").reshape(1, 1, 1, 8)
    np.testing.assert_array_equal(PixelShuffle()(values), [[[[0, 1], [2, 3]], [[4, 5], [6, 7]]]])


@pytest.mark.parametrize("scale", [2, 3])
def test_initial_kernels_give_nearest_neighbour_upsampling(scale):
    channels = 5
    values = np.random.default_rng(5).normal(size=(2, 4, 6, 3)).astype("float32")
    start = keras.initializers.HeNormal(seed=6)
    small = keras.layers.Conv2D(channels, 3, padding="same", kernel_initializer=start)(values)
    large = keras.layers.Conv2D(channels * scale**2, 3, padding="same", kernel_initializer=ICNR(start, scale))(values)
    enlarged = np.repeat(np.repeat(small, scale, axis=1), scale, axis=2)
    np.testing.assert_allclose(PixelShuffle(scale)(large), enlarged, atol=1e-6)


def test_filters_that_do_not_fill_blocks_are_refused():
    with pytest.raises(ValueError, match="multiple of 4"):
        ICNR()((3, 3, 8, 6))


@pytest.mark.parametrize("size", [(None, None), (4, 5)])
def test_a_model_is_saved_and_loaded(tmp_path, size):
    images = keras.Input((*size, 3))
    convolution = keras.layers.Conv2D(8, 1, kernel_initializer=ICNR("glorot_uniform"))
    model = keras.Model(images, PixelShuffle()(convolution(images)))
    assert model.output_shape == (None, *(side and 2 * side for side in size), 2)
    model.save(tmp_path / "model.keras")
    loaded = load_saved_model(tmp_path / "model.keras")
    values = np.ones((1, 4, 5, 3), "float32")
    np.testing.assert_allclose(loaded.predict(values, verbose=0), model(values), rtol=1e-6)
    again = loaded.layers[1].kernel_initializer
    assert isinstance(again, ICNR) and isinstance(again.initializer, keras.initializers.GlorotUniform)
