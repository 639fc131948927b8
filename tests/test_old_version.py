"""Runs and data folders of an earlier version still work. Version 0.1.0 of 2026-11-22 wrote `old_version/`.

It contains twenty synthetic images with and without masks, a run of each kind, and the predictions of that version.
"""

import json
import shutil
from pathlib import Path

import cv2
import h5py
import numpy as np
import pytest

from datatransformer.layout import read_data_folder
from tests.conftest import ROOT, history, run, table

WRITTEN_IN = "/tmp/base/fixture"
RESUMED = {"loss": 1.5294205, "val_loss": 3.7907500}
"""The third epoch as that version trained it."""


@pytest.fixture
def old(tmp_path) -> Path:
    """A copy of the folder. Its paths are changed to those of the copy."""
    folder = tmp_path / "old"
    shutil.copytree(ROOT / "tests" / "old_version", folder)
    for config in folder.glob("runs/*/config.json"):
        config.write_text(config.read_text().replace(WRITTEN_IN, str(folder)))
    return folder


def predict(old: Path, name: str) -> Path:
    output = old / f"{name}.csv"
    images = old / ("data-masks/val/images" if name == "unet" else "data/val")
    done = run("predictor", "--runs", old / "runs", "--run", name, "--test-images", images, "--output", output)
    assert done.code == 0, done.err
    return output


def test_old_data_folders_are_read(old):
    plain = read_data_folder(old / "data", "classification")
    assert plain.classes == ("beach", "city", "forest", "mountain", "night_road")
    assert (len(plain.images("train")), len(plain.images("val"))) == (15, 5)
    assert len(read_data_folder(old / "data-masks", "segmentation").masks("train")) == 15


def test_an_old_classifier_predicts_the_same(old):
    before, now = table(old / "predicted" / "cifar_resnet.csv"), table(predict(old, "cifar_resnet"))
    assert [(row["image"], row["class_index"], row["class"]) for row in now] == [
        (row["image"], row["label"], row["name"]) for row in before
    ]
    np.testing.assert_allclose(
        [float(row["probability"]) for row in now], [float(row["probability"]) for row in before], atol=1e-4
    )


def test_an_old_segmentation_network_predicts_the_same(old):
    predict(old, "unet")
    masks = sorted((old / "unet.masks").rglob("*.png"))
    assert len(masks) == 5
    for mask in masks:
        (before,) = (old / "predicted" / "unet.masks").rglob(mask.name)
        differing = cv2.imread(str(mask), cv2.IMREAD_GRAYSCALE) != cv2.imread(str(before), cv2.IMREAD_GRAYSCALE)
        assert differing.mean() < 0.01, "rounding may decide between two nearly equal classes"


def test_an_old_autoencoder_encodes_the_same(old):
    before, now = table(old / "predicted" / "vae.csv"), table(predict(old, "vae"))
    for column in ("reconstruction", "kl", "anomaly"):
        np.testing.assert_allclose(
            [float(row[column]) for row in now], [float(row[column]) for row in before], rtol=1e-4, atol=1e-4
        )
    with h5py.File(old / "predicted" / "vae.latents.h5") as first, h5py.File(old / "vae.latents.h5") as second:
        np.testing.assert_allclose(second["mean"][:], first["mean"][:], atol=1e-4)


def test_an_old_run_is_resumed_and_analysed(old):
    flags = ["--data", old / "data", "--runs", old / "runs", "--resume", "last", "--epochs", 3]
    config = json.loads((old / "runs" / "cifar_resnet" / "config.json").read_text())
    for name in ("batch_size", "optimizer", "learning_rates"):
        value = config["settings"][name]
        flags += [f"--{name.replace('_', '-')}", value[0] if isinstance(value, list) else value]
    done = run("classifiers.cifar_resnet", *flags, "--verbose", "none")
    assert done.code == 0, done.err
    rows = history(old / "runs" / "cifar_resnet")
    assert [row["epoch"] for row in rows] == [1, 2, 3]
    for column, value in RESUMED.items():
        assert rows[2][column] == pytest.approx(value, rel=1e-3)
    assert "Epoch 3/3" in (old / "runs" / "cifar_resnet" / "train.log").read_text()
    done = run("analysis", "unet", "--runs", old / "runs", "--only", "curves,evaluation")
    assert done.code == 0, done.err
    assert (old / "runs" / "unet" / "report.html").is_file()
