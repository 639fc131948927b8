"""Counts of pixels and the class weights from them."""

import cv2
import numpy as np
import pytest

from pipeline.pixel_weights import SEGNET_CAMVID, count_pixels, pixel_weights
from settings import SettingError

CLASSES = ("ground", "square", "absent")
MEDIAN_FREQUENCY_OF_CAMVID = (
    0.279298, 0.201729, 4.786517, 0.149018, 1.000000, 0.421700, 3.846682, 1.973586, 0.788940, 6.374724, 8.858733,
)  # fmt: skip


@pytest.fixture
def counts(tmp_path):
    """Two masks of 10x10: 60 ground, 20 square, 20 void; and 100 ground."""
    first = np.zeros((10, 10), np.uint8)
    first[:2], first[2:4] = 1, 255
    cv2.imwrite(str(tmp_path / "1.png"), first)
    cv2.imwrite(str(tmp_path / "2.png"), np.zeros((10, 10), np.uint8))
    return count_pixels([str(tmp_path / "1.png"), str(tmp_path / "2.png")], 3)


def test_counts(counts):
    np.testing.assert_array_equal(counts.pixels, [160, 20, 0])
    np.testing.assert_array_equal(counts.where_it_occurs, [200, 100, 0])


def test_weights(counts):
    assert pixel_weights("none", counts, CLASSES) is None
    np.testing.assert_allclose(pixel_weights("balanced", counts, CLASSES), [180 / 320, 180 / 40, 0])
    np.testing.assert_allclose(pixel_weights("median-frequency", counts, CLASSES), [0.5 / 0.8, 0.5 / 0.2, 0])
    np.testing.assert_allclose(
        pixel_weights("root-frequency", counts, CLASSES), [(0.5 / 0.8) ** 0.5, (0.5 / 0.2) ** 0.5, 0], rtol=1e-6
    )
    np.testing.assert_allclose(pixel_weights("background:0.1", counts, CLASSES), [0.1, 1, 1])


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("background:", "background:0.1"), ("background:-1", "background:0.1"), ("segnet-camvid", "11 weights, not 3"),
        ("median", "median-frequency"),
    ],
)  # fmt: skip
def test_wrong_weights_are_refused(counts, name, words):
    with pytest.raises(SettingError, match=words):
        pixel_weights(name, counts, CLASSES)


def test_median_frequency_of_camvid(shared):
    masks = sorted(str(path) for path in (shared / "camvid_masks").rglob("*.png"))
    classes = tuple(map(str, range(11)))
    counts = count_pixels(masks, 11)
    assert len(masks) == 367
    np.testing.assert_allclose(
        pixel_weights("median-frequency", counts, classes), MEDIAN_FREQUENCY_OF_CAMVID, atol=1e-6
    )
    np.testing.assert_allclose(pixel_weights("segnet-camvid", counts, classes), SEGNET_CAMVID)
