"""Sizes by stage, crops, one cycle, weights of classes, the strip: together, and resumed as if never interrupted."""

import json

import cv2
import numpy as np
import pytest

from config import UNetConfig
from datatransformer.layout import read_data_folder
from pipeline.geometry import random_crops
from pipeline.pixel_weights import count_pixels, kept_counts
from segmentation import recipe
from segmentation.unet import RECIPE
from settings import SettingError, read_settings
from tests.segmentation.test_unet import TINY, history, last, masks, table  # noqa: F401 - masks is a fixture
from training.run_folder import RunFolder

CRAFT = (
    "--image-size", "32,40", "--batch-size", "8,4", "--crop", "24x32", "--schedule", "one-cycle",
    "--unfreeze-schedule", "head,all", "--backbone-rate", 0.2, "--class-weights", "median-frequency", "--ema", 0.5,
    "--optimizer", "momentum", "--augment", "light",
)  # fmt: skip


def train(data, runs, *flags):
    argv = [str(flag) for flag in ("--data", data, "--runs", runs, *TINY, *CRAFT, *flags)]
    recipe.train(RECIPE, read_settings(UNetConfig, argv, "test"))
    return runs / "unet"


@pytest.fixture(scope="module")
def crafted(masks, tmp_path_factory):  # noqa: F811
    return train(masks, tmp_path_factory.mktemp("craft"), "--epochs", 4)


def test_each_stage_has_its_size_its_batches_and_its_cycle(crafted):
    rows = history(crafted)
    assert [row["stage"] for row in rows] == [0, 0, 1, 1]
    assert [row["learning_rate"] for row in rows[::2]] == pytest.approx([0.01, 0.01], rel=0.5)
    assert rows[1]["learning_rate"] < rows[0]["learning_rate"] > rows[3]["learning_rate"]
    assert rows[1]["momentum"] > rows[0]["momentum"]
    assert json.loads((crafted / "config.json").read_text())["settings"]["image_size"] == "32x32,40x40"
    best = max(rows, key=lambda row: row["val_accuracy"])
    assert RunFolder(crafted).image_size() == ((32, 32), (40, 40))[int(best["stage"])]


@pytest.mark.parametrize("done", [1, 3])
def test_killed_in_either_stage_it_ends_as_unbroken(crafted, masks, tmp_path, done, monkeypatch):  # noqa: F811
    """Stopped where the process would be killed: after the checkpoint of an epoch."""
    from training.callbacks import SaveEpoch

    keep = SaveEpoch.on_epoch_end

    def keep_and_die(self, epoch, logs=None):
        keep(self, epoch, logs)
        if epoch + 1 == done:
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(SaveEpoch, "on_epoch_end", keep_and_die)
        with pytest.raises(KeyboardInterrupt):
            train(masks, tmp_path, "--epochs", 4)
    folder = train(masks, tmp_path, "--epochs", 4, "--resume", "last")
    assert history(folder) == history(crafted)
    for one, other in zip(last(folder), last(crafted), strict=True):
        np.testing.assert_array_equal(one, other)
    strips = [cv2.imread(str(path / "figures" / "strip.png")) for path in (folder, crafted)]
    assert [strip.shape for strip in strips] == [strips[0].shape] * 2
    cell = strips[0].shape[1] // 6
    for columns in (slice(0, (1 + done) * cell), slice((2 + done) * cell, None)):
        np.testing.assert_array_equal(strips[0][:, columns], strips[1][:, columns])
    assert (strips[0][:, (1 + done) * cell : (2 + done) * cell] == 255).all(), "that epoch was not drawn"


def test_the_strip_has_a_column_an_epoch(crafted):
    strip = cv2.imread(str(crafted / "figures" / "strip.png"))
    assert strip.shape == (18 + 3 * 96, 6 * 96, 3), "picture, truth, four epochs of three square pictures"


def test_rate_and_momentum_are_drawn(crafted):
    rows = table(crafted / "figures" / "learning_rate.csv")
    assert len(rows) == 80 and float(rows[0]["momentum"]) == pytest.approx(0.95)
    assert max(float(row["learning_rate"]) for row in rows) == pytest.approx(0.01)


def test_pixels_are_counted_once_and_kept(crafted, masks, monkeypatch):  # noqa: F811
    data = read_data_folder(masks, "segmentation")
    counted = count_pixels(data.masks("train"), len(data.classes))
    monkeypatch.setattr("pipeline.pixel_weights.count_pixels", None)
    for kept, fresh in zip(kept_counts(data), counted, strict=True):
        np.testing.assert_array_equal(kept, fresh)


def test_a_mask_that_has_changed_is_counted_again(masks, tmp_path):  # noqa: F811
    import shutil

    shutil.copytree(masks, tmp_path / "data")
    data = read_data_folder(tmp_path / "data", "segmentation")
    before = kept_counts(data)
    height, width = cv2.imread(data.masks("train")[0], cv2.IMREAD_GRAYSCALE).shape
    cv2.imwrite(data.masks("train")[0], np.zeros((height, width), np.uint8))
    assert kept_counts(data).pixels[0] > before.pixels[0]


def test_a_crop_is_a_part_of_the_picture_and_of_its_mask():
    images = np.arange(3 * 7 * 9).reshape(3, 7, 9, 1)
    crops = random_crops(images, (1, 2), (4, 5)).numpy()
    same = random_crops(images * 2, (1, 2), (4, 5)).numpy()
    assert crops.shape == (3, 4, 5, 1)
    np.testing.assert_array_equal(same, crops * 2)
    places = set()
    for seed in range(60):
        for picture, crop in zip(images[..., 0], random_crops(images, (seed, 0), (4, 5)).numpy()[..., 0], strict=True):
            top, left = np.argwhere(picture == crop[0, 0])[0]
            np.testing.assert_array_equal(crop, picture[top : top + 4, left : left + 5])
            places.add((int(top), int(left)))
    assert len(places) == 4 * 5, "every place comes"


def test_a_crop_larger_than_a_stage_is_refused(masks, tmp_path):  # noqa: F811
    with pytest.raises(SettingError, match="crop = '36': is larger than the pictures at --image-size 32"):
        train(masks, tmp_path, "--crop", 36)
    assert not list(tmp_path.iterdir())
