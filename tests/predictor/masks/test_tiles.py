"""Tiles give the mask of the complete image, in bounded memory."""

import tracemalloc

import numpy as np
import pytest
import tensorflow as tf

from predictor.masks.segmenter import average_views
from predictor.masks.tiles import edge_weights, mask_by_tiles, tile_starts
from tests.conftest import noise

CLASSES = 4


def network(kernel: int, seed: int = 0):
    """A convolution with a kernel of `kernel` x `kernel` pixels, and a softmax."""
    rng = np.random.default_rng(seed)
    weights = tf.constant(rng.normal(size=(kernel, kernel, 3, CLASSES)).astype(np.float32) / kernel)
    return lambda images: tf.nn.softmax(tf.nn.conv2d(tf.cast(images, tf.float32) / 64, weights, 1, "SAME"))


def complete_mask(answer, image: np.ndarray) -> np.ndarray:
    return answer(image[None])[0].numpy().argmax(axis=-1)


@pytest.mark.parametrize(("kernel", "tta"), [(1, "none"), (9, "none"), (9, "flip")])
@pytest.mark.parametrize(("height", "width"), [(100, 211), (64, 64), (65, 129), (20, 300), (9, 5), (1, 1)])
def test_a_receptive_field_of_a_quarter_of_the_overlap_gives_the_complete_mask(height, width, kernel, tta):
    answer, image = average_views(network(kernel), tta), noise(height, width, 3)
    for batch_size in (1, 3):
        found = mask_by_tiles(lambda tiles: answer(tiles).numpy(), image, CLASSES, 64, 16, batch_size)
        np.testing.assert_array_equal(found, complete_mask(answer, image))


def test_without_overlap_edges_are_visible():
    """So the tiles of the test above are smaller than the image."""
    answer, image = network(9), noise(100, 211, 3)
    found = mask_by_tiles(lambda tiles: answer(tiles).numpy(), image, CLASSES, 64, 0, 4)
    assert 0 < (found != complete_mask(answer, image)).mean() < 0.2


@pytest.mark.parametrize("tta", ["none", "multi-scale"])
def test_no_seams_in_a_gradient(tta):
    """Three classes by brightness, from a network that blurs; the borders are where they are in the complete mask."""
    centres = tf.constant([0.0, 128.0, 255.0])

    def answer(images):
        blurred = tf.nn.avg_pool2d(tf.cast(images, tf.float32), 7, 1, "SAME")[..., :1]
        return tf.nn.softmax(-((blurred - centres) ** 2) / 1000)

    answer = average_views(answer, tta)
    gradient = np.repeat(np.tile(np.linspace(0, 255, 300).round().astype(np.uint8), (150, 1))[..., None], 3, axis=2)
    for image in (gradient, np.full((150, 300, 3), 128, np.uint8)):
        found = mask_by_tiles(lambda tiles: answer(tiles).numpy(), image, 3, 64, 32, 4)
        assert (found == found[0]).all(), "all rows are equal, so tiles are not visible"
        assert (np.diff(found[0].astype(int)) >= 0).all()
        assert (found != complete_mask(answer, image)).mean() < 0.01


def test_tiles_reach_the_end_and_their_weights_add_up_to_one():
    assert tile_starts(100, 64, 16) == [0, 36] and tile_starts(64, 64, 16) == [0] and tile_starts(10, 64, 16) == [0]
    assert tile_starts(160, 64, 16) == [0, 48, 96]
    total = np.zeros(160)
    for start in tile_starts(160, 64, 16):
        total[start : start + 64] += edge_weights(slice(start, start + 64), 160, 16)
    np.testing.assert_allclose(total, 1, atol=1e-6)
    weights = edge_weights(slice(48, 112), 160, 16)
    assert not weights[:4].any() and not weights[-4:].any() and (weights[12:-12] == 1).all()
    np.testing.assert_allclose(np.diff(weights[4:12]), 1 / 8)


def test_memory_is_less_than_the_probabilities_of_a_large_image():
    image, classes, tile = np.zeros((6000, 6000, 3), np.uint8), 6, 512
    answer = np.zeros((2, tile, tile, classes), np.float32)
    answer[..., 3] = 1
    tracemalloc.start()
    found = mask_by_tiles(lambda tiles: answer[: len(tiles)], image, classes, tile, 64, 2)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (found == 3).all()
    mask, row = image.size // 3, tile * 6000 * classes * 4
    assert peak < mask + 3 * row < image.size // 3 * classes * 4 / 2, f"{peak / 1e6:.0f} MB"
