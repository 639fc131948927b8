"""Runs for the tests of the predictor."""

import json
import shutil
from pathlib import Path

import keras
import pytest

from tests.conftest import train_small
from training.run_folder import RunFolder


@pytest.fixture(scope="session")
def two_runs(small_run, scenes, tmp_path_factory) -> Path:
    """A folder with the runs `small` and `wide`, which has another image size and aspect ratio."""
    folder = tmp_path_factory.mktemp("ensemble")
    shutil.copytree(small_run, folder / "small")
    train_small(scenes, folder, "--name", "wide", "--image-size", "32x48", "--epochs", 2)
    return folder


@pytest.fixture
def segmenter(small_run, tmp_path) -> Path:
    """A segmentation run of one convolution."""
    run = RunFolder(shutil.copytree(small_run, tmp_path / "segmenter"))
    run.config_file.write_text(json.dumps(run.config() | {"kind": "segmentation"}))
    keras.utils.set_random_seed(0)
    images = keras.Input((None, None, 3), name="image")
    keras.Model(images, keras.layers.Conv2D(5, 3, padding="same")(images)).save(run.best)
    return run.path
