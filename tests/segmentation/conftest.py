"""Fixtures of the segmentation tests: data with masks, and a backbone so small that trainings take seconds."""

import csv
from pathlib import Path

import keras
import numpy as np
import pytest

import backbones
from backbones import Backbone
from config import DataTransformerConfig, UNetConfig
from datatransformer.transformer import DataTransformer
from layers.saved import load_saved_model
from segmentation import recipe
from segmentation.unet import RECIPE
from settings import read_settings

TINY = Backbone("tests.segmentation.conftest:tiny_network", image_size=32, layers=7, imagenet=False)

TINY_UNET = (
    "--backbone", "tiny", "--decoder-filters", "16,8", "--image-size", 32, "--batch-size", 8, "--learning-rates", 0.01,
    "--verbose", "none",
)  # fmt: skip


def tiny_network(input_shape, include_top, weights) -> keras.Model:
    """Two convolutions, each of which halves height and width."""
    x = inputs = keras.Input(input_shape)
    for number, filters in enumerate((8, 16), 1):
        x = keras.layers.Conv2D(filters, 3, 2, "same", use_bias=False, name=f"conv{number}")(x)
        x = keras.layers.BatchNormalization(momentum=0.9, name=f"bn{number}")(x)
        x = keras.layers.ReLU(name=f"relu{number}")(x)
    return keras.Model(inputs, x, name="tiny")


@pytest.fixture(scope="module", autouse=True)
def tiny_backbone():
    """Adds the backbone `tiny` in this process."""
    specs = backbones.backbones() | {"tiny": TINY}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(backbones, "backbones", lambda: specs)
        yield


@pytest.fixture(scope="session")
def masks(tmp_path_factory) -> Path:
    """A data folder of 40 synthetic scenes of 32x32 pixels with masks."""
    data = tmp_path_factory.mktemp("masks") / "data"
    flags = {"source": "scenes", "task": "segmentation", "pictures": 40, "picture_size": 32, "data": data}
    DataTransformer(DataTransformerConfig(**flags)).run()
    return data


def train_unet(data: Path, runs: Path, *flags: object) -> Path:
    """Trains a U-Net on the backbone `tiny`. Returns its run folder."""
    argv = [str(flag) for flag in ("--data", data, "--runs", runs, *TINY_UNET, *flags)]
    recipe.train(RECIPE, read_settings(UNetConfig, argv, "test"))
    return runs / "unet"


def table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def history(run: Path) -> list[dict[str, float]]:
    """The history without the seconds, which differ between equal trainings."""
    return [{key: float(row[key]) for key in row if key != "seconds"} for row in table(run / "history.csv")]


def last_state(run: Path) -> list[np.ndarray]:
    """The weights and the optimizer's state in the last checkpoint."""
    model = load_saved_model(run / "checkpoints" / "last.keras", compiled=True)
    return [*model.get_weights(), *(np.asarray(variable) for variable in model.optimizer.variables)]
