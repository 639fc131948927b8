"""Layers that change height and width, against NumPy's `pad`, with known and unknown sizes."""

import keras
import numpy as np
import pytest

from layers.saved import load_saved_model
from layers.shapes import CropLike, FitTo, PadToMultiple


def feature_map(height, width, channels=2):
    return np.random.default_rng(4).normal(size=(2, height, width, channels)).astype("float32")


@pytest.mark.parametrize("multiple", [1, 4, 32])
@pytest.mark.parametrize(("height", "width"), [(8, 12), (7, 17), (1, 3), (33, 2)])
def test_padding_equals_the_reflection_of_numpy(height, width, multiple):
    values = feature_map(height, width)
    expected = np.pad(values, [(0, 0), (0, -height % multiple), (0, -width % multiple), (0, 0)], mode="reflect")
    layer = PadToMultiple(multiple)
    np.testing.assert_array_equal(layer(values), expected)
    unknown = keras.Input((None, None, 2))
    np.testing.assert_array_equal(keras.Model(unknown, layer(unknown))(values), expected)
    assert layer.compute_output_shape((None, height, width, 2)) == (None, *expected.shape[1:])
    assert layer.compute_output_shape((None, None, width, 2))[1:3] == (None, expected.shape[2])


def test_cropping_keeps_the_top_left():
    values = feature_map(9, 8)
    np.testing.assert_array_equal(CropLike()(values, feature_map(6, 8, channels=5)), values[:, :6])


@pytest.mark.parametrize(("height", "width"), [(5, 6), (3, 9), (9, 3), (2, 2), (8, 8)])
def test_fitting_crops_or_pads_with_zeros(height, width):
    values = feature_map(5, 6)
    expected = np.zeros((2, height, width, 2), "float32")
    expected[:, :5, :6] = values[:, :height, :width]
    np.testing.assert_array_equal(FitTo()(values, feature_map(height, width, channels=1)), expected)


@pytest.mark.parametrize("size", [(None, None), (7, 10)])
def test_a_model_of_them_is_saved_and_loaded(tmp_path, size):
    images = keras.Input((*size, 3))
    padded = PadToMultiple(4)(images)
    model = keras.Model(images, [padded, CropLike()(padded, images), FitTo()(images, padded)])
    known = size != (None, None)
    assert [shape[1:3] for shape in model.output_shape] == ([(8, 12), size, (8, 12)] if known else [size] * 3)
    model.save(tmp_path / "model.keras")
    values = feature_map(7, 10, channels=3)
    padded, cropped, fitted = load_saved_model(tmp_path / "model.keras").predict(values, verbose=0)
    np.testing.assert_array_equal(padded, np.pad(values, [(0, 0), (0, 1), (0, 2), (0, 0)], mode="reflect"))
    np.testing.assert_array_equal(cropped, values)
    np.testing.assert_array_equal(fitted, np.pad(values, [(0, 0), (0, 1), (0, 2), (0, 0)]))
