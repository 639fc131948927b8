"""Runs for the tests of the predictor."""

import shutil
from pathlib import Path

import pytest

from tests.conftest import train_small


@pytest.fixture(scope="session")
def two_runs(small_run, scenes, tmp_path_factory) -> Path:
    """A folder with the runs `small` and `wide`, which has another image size and aspect ratio."""
    folder = tmp_path_factory.mktemp("ensemble")
    shutil.copytree(small_run, folder / "small")
    train_small(scenes, folder, "--name", "wide", "--image-size", "32x48", "--epochs", 2)
    return folder
