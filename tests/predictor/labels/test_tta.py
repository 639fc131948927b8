"""The views of test-time augmentation show the right parts of the image."""

import numpy as np
import pytest
import tensorflow as tf

from pipeline.decode import decode_and_resize
from predictor.labels.tta import views

SIZE = (70, 84)


@pytest.fixture(scope="module")
def content() -> bytes:
    """An image of 80x96 pixels. Red grows to the right, green grows downwards."""
    rows, columns = np.mgrid[0:80, 0:96]
    return tf.io.encode_png(np.stack([columns * 2, rows * 2, columns * 0], -1).astype(np.uint8)).numpy()


@pytest.mark.parametrize(("tta", "count"), [("none", 1), ("flip", 2), ("ten-crop", 10), ("multi-scale", 6)])
def test_count_shape_and_mirror_images(content, tta, count):
    seen = views(content, SIZE, tta).numpy()
    assert seen.shape == (count, *SIZE, 3) and seen.dtype == np.uint8
    if count > 1:
        np.testing.assert_array_equal(seen[count // 2 :], seen[: count // 2, :, ::-1])
    if tta != "ten-crop":
        np.testing.assert_array_equal(seen[0], decode_and_resize(content, SIZE), "as without views")


def test_ten_crop_has_the_corners_and_the_middle(content):
    crops = views(content, SIZE, "ten-crop").numpy()[:5]  # of 80x96: nothing is resampled
    corners = [(0, 0), (0, 12), (10, 0), (10, 12), (5, 6)]
    assert [(crop[0, 0, 1] // 2, crop[0, 0, 0] // 2) for crop in crops] == corners


def test_multi_scale_looks_closer(content):
    widths = [int(view[0, -1, 0]) - int(view[0, 0, 0]) for view in views(content, SIZE, "multi-scale").numpy()[:3]]
    assert widths[0] > widths[1] > widths[2] > 100
