"""Runs for the tests of the predictor."""

import shutil
from pathlib import Path

import pytest

from tests.conftest import settings_of


@pytest.fixture(scope="session")
def two_runs(small_run, scenes, tmp_path_factory) -> Path:
    """A folder with the runs `small` and `wide`, which has another image size and aspect ratio."""
    from classifiers import recipe
    from classifiers.small import RECIPE
    from config import ClassifierConfig

    folder = tmp_path_factory.mktemp("ensemble")
    shutil.copytree(small_run, folder / "small")
    flags = ["--data", scenes, "--runs", folder, "--name", "wide", "--image-size", "32x48", "--batch-size", 8,
             "--epochs", 2, "--verbose", "none"]  # fmt: skip
    recipe.train(RECIPE, settings_of(ClassifierConfig, *flags))
    return folder
