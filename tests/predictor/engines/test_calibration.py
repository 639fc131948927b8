"""Which images calibrate a model, and the scores by which it is compared in f32 and in int8."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from datatransformer.layout import read_data_folder
from predictor.engines.calibration import DECIDING, calibration_images, comparison, measure
from tests.conftest import make_data_folder
from tests.several_labels import draw_shapes, make_label_folder


def brightness(channels: int):
    """A model whose logits are the mean colours of an image, between which no class is at 0."""
    return lambda images: images.mean(axis=(1, 2))[:, np.arange(channels) % 3]


def test_each_class_has_as_many_images(tmp_path, monkeypatch):
    monkeypatch.setattr("predictor.engines.calibration.MAX_CALIBRATION_IMAGES", 10)
    data = make_data_folder(tmp_path / "data", source="scenes", pictures=40, picture_size=32)
    data = read_data_folder(data, "classification")
    labels = np.array(data.labels("train"))[calibration_images(data)]
    assert np.bincount(labels).tolist() == [2, 2, 2, 2, 2]


def test_the_average_precision_of_several_labels(tmp_path):
    folder = make_label_folder(tmp_path, draw_shapes(tmp_path / "raw"))
    data = read_data_folder(folder, "multilabel")
    seen: list[np.ndarray] = []

    def logits(images: np.ndarray) -> np.ndarray:
        seen.append(brightness(3)(images))
        return seen[-1]

    found = measure(logits, data, (32, 32), 8)
    truth = np.array([[label in given for label in range(3)] for given in data.label_sets("val")])
    expected = average_precision_score(truth, np.concatenate(seen), average="macro")
    assert found == {DECIDING["multilabel"]: pytest.approx(expected)} and 0.2 < expected < 1
    assert comparison(found, {"mean_average_precision": 0.5}).endswith(" in f32, 0.5000 in int8")
