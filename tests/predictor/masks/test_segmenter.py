"""Masks at the size of the image, averaged views, and the command with tiles."""

from pathlib import Path

import cv2
import keras
import numpy as np
import pytest
import tensorflow as tf

from predictor.masks.segmenter import average_views, resized_mask
from tests.conftest import noise, run, table
from training.run_folder import RunFolder


def test_multi_scale_is_the_mean_of_three_scales_and_their_mirror_images():
    seen = []

    def answer(images):
        seen.append(tuple(images.shape[1:3]))
        return tf.nn.softmax(tf.cast(images, tf.float32) / 100)

    image = noise(40, 56, 3)[None]
    found = average_views(answer, "multi-scale")(image).numpy()
    assert sorted(seen) == sorted([(30, 42), (40, 56), (50, 70)] * 2)
    assert found.shape == (1, 40, 56, 3)
    np.testing.assert_allclose(found.sum(axis=-1), 1, atol=1e-5)
    mirrored = average_views(answer, "multi-scale")(image[:, :, ::-1]).numpy()[:, :, ::-1]
    np.testing.assert_allclose(found, mirrored, atol=1e-5)
    assert average_views(answer, "multi-scale")(noise(1, 1, 3)[None]).shape == (1, 1, 1, 3)


@pytest.mark.parametrize("size", [(40, 56), (61, 33), (20, 90)])
def test_the_most_probable_class_at_the_size_of_the_image(size):
    probabilities = np.random.default_rng(0).random((40, 56, 7)).astype(np.float32)
    at_once = cv2.resize(probabilities, size[::-1], interpolation=cv2.INTER_LINEAR)
    found = resized_mask(probabilities, size)
    assert found.dtype == np.uint8 and (found == at_once.argmax(axis=-1)).mean() > 0.999
    np.testing.assert_array_equal(resized_mask(np.ones((3, 3, 2), np.float32), (4, 4)), 0)


@pytest.fixture(scope="module")
def segmenter(tmp_path_factory) -> Path:
    """A run for images of 16x16 pixels, whose network classifies each pixel as red, green or blue."""
    folder = RunFolder(tmp_path_factory.mktemp("runs") / "colours")
    folder.write_config("segmentation", "colours", {"seed": 0, "image_size": "16"}, ("red", "green", "blue"))
    model = keras.Sequential([keras.Input((None, None, 3)), keras.layers.Conv2D(3, 1)])
    model.set_weights([np.eye(3, dtype=np.float32)[None, None], np.zeros(3, np.float32)])
    model.save(folder.best)
    return folder.path


def test_the_command_with_tiles(segmenter, tmp_path):
    """Masks with details that a mask of 16x16 pixels cannot have, of a large, a small and a broken image."""
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
    rows = table(tmp_path / "p.csv")
    assert [(row["image"], row["height"], row["width"]) for row in rows] == [
        ("large.png", "150", "333"), ("small.png", "7", "5")
    ]  # fmt: skip
    assert "broken.png" in (tmp_path / "p.rejected.csv").read_text()
    done = run("predictor", *flags)
    assert done.code == 2 and "--overwrite" in done.err, "rows with and without tiles are not mixed"


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--overlap", 8], "overlap = '8': is the overlap of tiles"),
        (["--tile", 64, "--overlap", 33], "at most half of a tile, 32"),
        (["--tile", 31], "tile = '31'"),
        (["--tile", 64, "--tta", "ten-crop"], "masks take none, flip or multi-scale"),
    ],
)
def test_wrong_settings(segmenter, flags, words):
    done = run("predictor", "--run", segmenter, *flags)
    assert done.code == 2 and words in done.err, done.err
