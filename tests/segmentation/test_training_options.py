"""Training options of segmentation together: sizes by stage, crops, one-cycle, class weights, EMA, and the strip."""

import json
import logging
import shutil
from functools import partial

import cv2
import numpy as np
import pytest

from config import SegNetConfig, UNetConfig
from datatransformer.layout import read_data_folder
from layers.losses import SegmentationLoss
from layers.saved import load_saved_model
from pipeline.geometry import random_crops
from pipeline.pixel_weights import count_pixels, load_or_count_pixels, pixel_weights
from segmentation import recipe
from segmentation.mask_strip import CELL_HEIGHT, HEADER_HEIGHT
from settings import SettingError
from tests.conftest import assert_equal_arrays, history, saved_state, settings_of, table, train_here, without_report
from tests.segmentation.conftest import train_unet
from training.kinds import SEGMENTATION
from training.run_folder import RunFolder

OPTIONS = (
    "--image-size", "32,40", "--batch-size", "8,4", "--crop", "24x32", "--schedule", "one-cycle",
    "--unfreeze-schedule", "head,all", "--backbone-rate", 0.2, "--class-weights", "median-frequency", "--ema", 0.5,
    "--optimizer", "momentum", "--augment", "light",
)  # fmt: skip


@pytest.fixture(scope="module")
def trained(masks, tmp_path_factory):
    return train_unet(masks, tmp_path_factory.mktemp("options"), *OPTIONS, "--epochs", 4)


def test_each_stage_has_its_size_and_its_cycle(trained):
    rows = history(trained)
    assert [row["stage"] for row in rows] == [0, 0, 1, 1]
    assert [row["learning_rate"] for row in rows[::2]] == pytest.approx([0.01, 0.01], rel=0.5)
    assert rows[1]["learning_rate"] < rows[0]["learning_rate"] > rows[3]["learning_rate"]
    assert rows[1]["momentum"] > rows[0]["momentum"]
    assert json.loads((trained / "config.json").read_text())["settings"]["image_size"] == "32x32,40x40"
    best = max(rows, key=lambda row: row["val_accuracy"])
    assert RunFolder(trained).image_size() == ((32, 32), (40, 40))[int(best["stage"])]


@pytest.mark.parametrize("done", [1, 3])
def test_a_run_killed_in_either_stage_ends_like_an_uninterrupted_one(trained, masks, tmp_path, done, monkeypatch):
    """Stops where a process could be killed: after the checkpoint of an epoch, before the other callbacks."""
    from training.checkpointing import SaveEpoch

    save = SaveEpoch.on_epoch_end

    def save_and_stop(self, epoch, logs=None):
        save(self, epoch, logs)
        if epoch + 1 == done:
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(SaveEpoch, "on_epoch_end", save_and_stop)
        with pytest.raises(KeyboardInterrupt):
            train_unet(masks, tmp_path, *OPTIONS, "--epochs", 4)
    with without_report():
        folder = train_unet(masks, tmp_path, *OPTIONS, "--epochs", 4, "--resume", "last")
    assert history(folder) == history(trained)
    assert_equal_arrays(saved_state(folder), saved_state(trained))
    resumed, uninterrupted = (cv2.imread(str(path / "figures" / "strip.png")) for path in (folder, trained))
    assert resumed.shape == uninterrupted.shape
    cell = resumed.shape[1] // 6
    for columns in (slice(0, (1 + done) * cell), slice((2 + done) * cell, None)):
        np.testing.assert_array_equal(resumed[:, columns], uninterrupted[:, columns])
    assert (resumed[:, (1 + done) * cell : (2 + done) * cell] == 255).all(), "the killed epoch has an empty column"


def test_the_strip_has_a_column_for_each_epoch(trained):
    """After the image and the true mask, for three square images."""
    strip = cv2.imread(str(trained / "figures" / "strip.png"))
    assert strip.shape == (HEADER_HEIGHT + 3 * CELL_HEIGHT, 6 * CELL_HEIGHT, 3)


def test_learning_rate_and_momentum_of_each_step_are_written(trained):
    rows = table(trained / "figures" / "learning_rate.csv")
    assert len(rows) == 80 and float(rows[0]["momentum"]) == pytest.approx(0.95)
    assert max(float(row["learning_rate"]) for row in rows) == pytest.approx(0.01)


# ---- Class weights ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("loss", ["dice", "jaccard", "dice+jaccard"])
def test_class_weights_that_the_loss_does_not_take_are_refused(masks, tmp_path, loss):
    words = (
        r"class_weights = 'balanced': has no effect, because dice and jaccard weight each class equally; .*--loss ce\+"
    )
    with pytest.raises(SettingError, match=words):
        train_unet(masks, tmp_path, "--loss", loss, "--class-weights", "balanced")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("config", "flags"),
    [
        (SegNetConfig, ["--loss", "dice"]),
        (UNetConfig, ["--loss", "dice", "--class-weights", "none"]),
        (UNetConfig, ["--loss", "ce+dice", "--class-weights", "balanced"]),
        (UNetConfig, ["--loss", "jaccard+focal", "--class-weights", "balanced"]),
    ],
)
def test_other_class_weights_are_accepted(config, flags):
    recipe.check_loss(settings_of(config, *flags))


@pytest.mark.parametrize("loss", ["dice", "ce+dice"])
def test_default_class_weights_apply_only_to_losses_that_take_them(masks, tmp_path, caplog, loss):
    """With the settings of SegNet, whose default is median-frequency, on a network that trains in seconds."""
    caplog.set_level(logging.INFO, "scenelab")
    network = recipe.Recipe("like_segnet", "tiny", "segmentation.pixel_shuffle:pixel_shuffle", config="SegNetConfig")
    flags = ("--image-size", 32, "--epochs", 1, "--verbose", "none", "--loss", loss)
    with without_report():
        run = train_here(partial(recipe.train, network), SegNetConfig, masks, tmp_path, *flags)
    model = load_saved_model(run / "checkpoints" / "best.keras", compiled=True)
    data = read_data_folder(masks, "segmentation")
    weights = pixel_weights("median-frequency", load_or_count_pixels(data), data.classes)
    assert isinstance(model.loss, SegmentationLoss)
    assert model.loss.class_weights == (None if loss == "dice" else pytest.approx(weights.tolist()))
    explanation = "Class weights median-frequency do not apply to --loss dice"
    assert caplog.messages.count(explanation) == (1 if loss == "dice" else 0)


def test_pixels_are_counted_once(trained, masks, monkeypatch):
    data = read_data_folder(masks, "segmentation")
    expected = count_pixels(data.masks("train"), len(data.classes))
    monkeypatch.setattr("pipeline.pixel_weights.count_pixels", None)
    for kept, counted in zip(load_or_count_pixels(data), expected, strict=True):
        np.testing.assert_array_equal(kept, counted)


def test_a_changed_mask_is_counted_again(masks, tmp_path):
    shutil.copytree(masks, tmp_path / "data")
    data = read_data_folder(tmp_path / "data", "segmentation")
    before = load_or_count_pixels(data)
    height, width = cv2.imread(data.masks("train")[0], cv2.IMREAD_GRAYSCALE).shape
    cv2.imwrite(data.masks("train")[0], np.zeros((height, width), np.uint8))
    assert load_or_count_pixels(data).pixels[0] > before.pixels[0]


# ---- Crops -----------------------------------------------------------------------------------------------------------


def test_a_crop_is_the_same_part_of_the_image_and_of_its_mask():
    images = np.arange(3 * 7 * 9).reshape(3, 7, 9, 1)
    crops = random_crops(images, (1, 2), (4, 5)).numpy()
    masks = random_crops(images * 2, (1, 2), (4, 5)).numpy()
    assert crops.shape == (3, 4, 5, 1)
    np.testing.assert_array_equal(masks, crops * 2)
    places = set()
    for seed in range(60):
        for image, crop in zip(images[..., 0], random_crops(images, (seed, 0), (4, 5)).numpy()[..., 0], strict=True):
            top, left = np.argwhere(image == crop[0, 0])[0]
            np.testing.assert_array_equal(crop, image[top : top + 4, left : left + 5])
            places.add((int(top), int(left)))
    assert len(places) == 4 * 5, "every place is drawn"


def test_a_crop_larger_than_a_stage_is_refused(masks, tmp_path):
    with pytest.raises(SettingError, match="crop = '36x36': is larger than the images at --image-size 32x32"):
        train_unet(masks, tmp_path, *OPTIONS, "--crop", 36)
    assert not list(tmp_path.iterdir())


def test_the_best_epoch_by_mean_iou(masks, tmp_path):
    """The best checkpoint is that of the highest mean IoU, in a resumed run too, and cannot change its meaning."""
    with without_report():
        for epochs in (2, 4):
            folder = train_unet(masks, tmp_path, "--score", "mean-iou", "--epochs", epochs)
        with pytest.raises(SettingError, match="score = 'accuracy': this run was started with 'mean-iou'"):
            train_unet(masks, tmp_path, "--epochs", 5)
    run = RunFolder(folder)
    assert run.kind.score_column == "val_mean_iou" and run.kind == SEGMENTATION
    assert SEGMENTATION.score_column == "val_accuracy"
    assert run.best_row()["val_mean_iou"] == max(row["val_mean_iou"] for row in run.history())
    assert run.best_scores() == run.best_row()
