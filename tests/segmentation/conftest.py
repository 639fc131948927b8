"""Fixtures of the segmentation tests: data with masks, and a backbone so small that trainings take seconds."""

from collections.abc import Iterable
from functools import partial
from pathlib import Path

import keras
import pytest

import backbones
from backbones import Backbone
from config import UNetConfig
from segmentation import recipe
from segmentation.unet import RECIPE
from tests.conftest import make_data_folder, train_here

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


def count_trained(layers: Iterable[keras.layers.Layer]) -> int:
    """The number of parameters of these layers that are trained."""
    return sum(weight.shape.num_elements() for layer in layers for weight in layer.trainable_weights)


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
    return make_data_folder(data, source="scenes", task="segmentation", pictures=40, picture_size=32)


def train_unet(data: Path, runs: Path, *flags: object) -> Path:
    """Trains a U-Net on the backbone `tiny`. Returns its run folder."""
    return train_here(partial(recipe.train, RECIPE), UNetConfig, data, runs, *TINY_UNET, *flags)
