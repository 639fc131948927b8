"""Tiles give the mask that the whole picture would give, in bounded memory."""

import csv
import tracemalloc
from pathlib import Path

import cv2
import keras
import numpy as np
import pytest
import tensorflow as tf

from predictor.masks.segmenter import average_views, mask_of
from predictor.masks.tiles import edge_weights, mask_by_tiles, starts
from tests.conftest import run
from training.run_folder import RunFolder

CLASSES = 4


def network(kernel: int, seed: int = 0):
    """A convolution that looks `kernel` pixels far across, and a softmax."""
    rng = np.random.default_rng(seed)
    weights = tf.constant(rng.normal(size=(kernel, kernel, 3, CLASSES)).astype(np.float32) / kernel)
    return lambda images: tf.nn.softmax(tf.nn.conv2d(tf.cast(images, tf.float32) / 64, weights, 1, "SAME"))


def noise(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (height, width, 3), np.uint8)


def whole(answer, picture: np.ndarray) -> np.ndarray:
    return answer(picture[None])[0].numpy().argmax(axis=-1)


@pytest.mark.parametrize(("kernel", "tta"), [(1, "none"), (9, "none"), (9, "flip")])
@pytest.mark.parametrize(("height", "width"), [(100, 211), (64, 64), (65, 129), (20, 300), (9, 5), (1, 1)])
def test_a_network_that_sees_a_quarter_of_the_overlap_gives_the_mask_of_the_whole(height, width, kernel, tta):
    answer, picture = average_views(network(kernel), tta), noise(height, width)
    for batch_size in (1, 3):
        found = mask_by_tiles(lambda tiles: answer(tiles).numpy(), picture, CLASSES, 64, 16, batch_size)
        np.testing.assert_array_equal(found, whole(answer, picture))


def test_without_overlap_edges_are_seen():
    """What the test above would miss, were its tiles the whole picture."""
    answer, picture = network(9), noise(100, 211)
    found = mask_by_tiles(lambda tiles: answer(tiles).numpy(), picture, CLASSES, 64, 0, 4)
    assert 0 < (found != whole(answer, picture)).mean() < 0.2


@pytest.mark.parametrize("tta", ["none", "multi-scale"])
def test_no_seam_in_what_is_even(tta):
    """A class a third of a gradient, told by a network that blurs; the borders lie where they lie in the whole."""
    centres = tf.constant([0.0, 128.0, 255.0])

    def answer(images):
        blurred = tf.nn.avg_pool2d(tf.cast(images, tf.float32), 7, 1, "SAME")[..., :1]
        return tf.nn.softmax(-((blurred - centres) ** 2) / 1000)

    answer = average_views(answer, tta)
    gradient = np.repeat(np.tile(np.linspace(0, 255, 300).round().astype(np.uint8), (150, 1))[..., None], 3, axis=2)
    for picture in (gradient, np.full((150, 300, 3), 128, np.uint8)):
        found = mask_by_tiles(lambda tiles: answer(tiles).numpy(), picture, 3, 64, 32, 4)
        assert (found == found[0]).all(), "no row differs from another, so no tile does"
        assert (np.diff(found[0].astype(int)) >= 0).all()
        assert (found != whole(answer, picture)).mean() < 0.01


def test_tiles_reach_the_end_and_their_weights_make_one():
    assert starts(100, 64, 16) == [0, 36] and starts(64, 64, 16) == [0] and starts(10, 64, 16) == [0]
    assert starts(160, 64, 16) == [0, 48, 96]
    total = np.zeros(160)
    for start in starts(160, 64, 16):
        total[start : start + 64] += edge_weights(slice(start, start + 64), 160, 16)
    np.testing.assert_allclose(total, 1, atol=1e-6)
    weights = edge_weights(slice(48, 112), 160, 16)
    assert not weights[:4].any() and not weights[-4:].any() and (weights[12:-12] == 1).all()
    np.testing.assert_allclose(np.diff(weights[4:12]), 1 / 8)


def test_memory_does_not_hold_the_probabilities_of_a_large_picture():
    picture, classes, tile = np.zeros((6000, 6000, 3), np.uint8), 6, 512
    answer = np.zeros((2, tile, tile, classes), np.float32)
    answer[..., 3] = 1
    tracemalloc.start()
    found = mask_by_tiles(lambda tiles: answer[: len(tiles)], picture, classes, tile, 64, 2)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (found == 3).all()
    mask, row = picture.size // 3, tile * 6000 * classes * 4
    assert peak < mask + 3 * row < picture.size // 3 * classes * 4 / 2, f"{peak / 1e6:.0f} MB"


def test_multi_scale_is_the_mean_of_three_scales_and_their_mirror_images():
    seen = []

    def answer(images):
        seen.append(tuple(images.shape[1:3]))
        return tf.nn.softmax(tf.cast(images, tf.float32) / 100)

    picture = noise(40, 56)[None]
    found = average_views(answer, "multi-scale")(picture).numpy()
    assert sorted(seen) == sorted([(30, 42), (40, 56), (50, 70)] * 2)
    assert found.shape == (1, 40, 56, 3)
    np.testing.assert_allclose(found.sum(axis=-1), 1, atol=1e-5)
    mirrored = average_views(answer, "multi-scale")(picture[:, :, ::-1]).numpy()[:, :, ::-1]
    np.testing.assert_allclose(found, mirrored, atol=1e-5)
    assert average_views(answer, "multi-scale")(noise(1, 1)[None]).shape == (1, 1, 1, 3)


@pytest.mark.parametrize("size", [(40, 56), (61, 33), (20, 90)])
def test_the_most_probable_class_at_the_size_of_the_picture(size):
    probabilities = np.random.default_rng(0).random((40, 56, 7)).astype(np.float32)
    at_once = cv2.resize(probabilities, size[::-1], interpolation=cv2.INTER_LINEAR)
    found = mask_of(probabilities, size)
    assert found.dtype == np.uint8 and (found == at_once.argmax(axis=-1)).mean() > 0.999
    np.testing.assert_array_equal(mask_of(np.ones((3, 3, 2), np.float32), (4, 4)), 0)


def test_tiles_are_refused_for_classifiers(small_run):
    done = run("predictor", "--run", small_run, "--tile", 512, "--overlap", 8)
    assert done.code == 2 and "tile = '512'" in done.err and "overlap = '8'" in done.err


@pytest.fixture(scope="module")
def segmenter(tmp_path_factory) -> Path:
    """A run whose network tells red, green and blue apart, pixel by pixel; it was trained at 16x16."""
    folder = RunFolder(tmp_path_factory.mktemp("runs") / "colours")
    folder.write_config("segmentation", "colours", {"seed": 0, "image_size": "16"}, ("red", "green", "blue"))
    model = keras.Sequential([keras.Input((None, None, 3)), keras.layers.Conv2D(3, 1)])
    model.set_weights([np.eye(3, dtype=np.float32)[None, None], np.zeros(3, np.float32)])
    model.save(folder.best)
    return folder.path


def test_from_the_command_line(segmenter, tmp_path):
    """Details that no mask of 16x16 pixels could have; small pictures and broken ones beside it."""
    (tmp_path / "in").mkdir()
    rng = np.random.default_rng(0)
    masks = {"large.png": rng.integers(0, 3, (150, 333)), "small.png": rng.integers(0, 3, (7, 5))}
    for name, mask in masks.items():
        cv2.imwrite(str(tmp_path / "in" / name), (200 * np.eye(3, dtype=np.uint8))[mask][..., ::-1])
    (tmp_path / "in" / "broken.png").write_bytes(b"nothing")
    flags = ("--run", segmenter, "--test-images", tmp_path / "in", "--output", tmp_path / "p.csv")
    done = run("predictor", *flags, "--tile", 64, "--overlap", 20, "--tta", "flip", "--batch-size", 2)
    assert done.code == 0, done.err
    for name, mask in masks.items():
        np.testing.assert_array_equal(cv2.imread(str(tmp_path / "p.masks" / name), cv2.IMREAD_GRAYSCALE), mask)
    with (tmp_path / "p.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["image"], row["height"], row["width"]) for row in rows] == [
        ("large.png", "150", "333"), ("small.png", "7", "5")
    ]  # fmt: skip
    assert "broken.png" in (tmp_path / "p.rejected.csv").read_text()
    done = run("predictor", *flags)
    assert done.code == 2 and "--overwrite" in done.err, "rows without tiles are not mixed with these"


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--overlap", 8], "overlap = '8': is that of tiles"),
        (["--tile", 64, "--overlap", 33], "at most half of a tile, 32"),
        (["--tile", 31], "tile = '31'"),
        (["--tile", 64, "--tta", "ten-crop"], "masks take none, flip, multi-scale"),
    ],
)
def test_wrong_settings(segmenter, flags, words):
    done = run("predictor", "--run", segmenter, *flags)
    assert done.code == 2 and words in done.err, done.err
