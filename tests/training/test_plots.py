"""Figures of a training, and the CSVs beside them."""

import csv

import matplotlib.image
import numpy as np

from plots.scores import draw_confusion_matrix
from training.kinds import CLASSIFIER
from training.plots import draw_learning_curve


def test_confusion_matrix(tmp_path):
    draw_confusion_matrix([0, 0, 1, 2, 2], [0, 1, 1, 2, 0], ["beach", "city", "=sum()"], tmp_path / "c.png")
    with (tmp_path / "c.csv").open(newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0][1:] == ["beach", "city", "=sum()"] and [row[1:] for row in rows[1:]] == [
        ["1", "1", "0"], ["0", "1", "0"], ["1", "0", "1"],
    ]  # fmt: skip
    assert matplotlib.image.imread(tmp_path / "c.png").shape[0] > 300


def test_eighty_classes_are_still_readable(tmp_path):
    labels = np.arange(80).repeat(3)
    draw_confusion_matrix(labels, labels, [f"class number {index}" for index in range(80)], tmp_path / "c.png")
    assert matplotlib.image.imread(tmp_path / "c.png").shape[0] > 1500


def test_learning_curve_of_one_epoch_and_of_stages(tmp_path):
    row = {"loss": 1.0, "val_loss": 1.1, "accuracy": 0.5, "val_accuracy": 0.4}
    rows = [
        row | {"epoch": epoch, "stage": epoch // 3, "learning_rate": 10.0 ** -(epoch // 3)} for epoch in range(1, 7)
    ]
    draw_learning_curve(rows[:1], tmp_path / "one.png", CLASSIFIER.score)
    draw_learning_curve(rows, tmp_path / "six.png", CLASSIFIER.score)
    one, six = matplotlib.image.imread(tmp_path / "one.png"), matplotlib.image.imread(tmp_path / "six.png")
    assert one.shape == six.shape and not np.array_equal(one, six)
