"""Figures of a training, and the CSVs beside them."""

import csv

import matplotlib.image
import numpy as np

from plots.scores import draw_confusion_matrix
from tests.plots.figures import figures
from training.kinds import CLASSIFIER, SEGMENTATION
from training.plots import draw_learning_curve, validation_metrics


def test_confusion_matrix(tmp_path):
    draw_confusion_matrix([0, 0, 1, 2, 2], [0, 1, 1, 2, 0], ["beach", "city", "=sum()"], tmp_path / "c.png")
    with (tmp_path / "c.csv").open(newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0][1:] == ["beach", "city", "'=sum()"] and [row[1:] for row in rows[1:]] == [
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
    draw_learning_curve(rows[:1], tmp_path / "one.png", CLASSIFIER)
    draw_learning_curve(rows, tmp_path / "six.png", CLASSIFIER)
    one, six = matplotlib.image.imread(tmp_path / "one.png"), matplotlib.image.imread(tmp_path / "six.png")
    assert one.shape == six.shape and not np.array_equal(one, six)


def test_the_deciding_score_is_first_and_flat_metrics_are_left_out(tmp_path):
    row = {"val_accuracy": 0.4, "val_loss": 1.1, "val_mean_iou": 0.2, "val_top5_accuracy": 1.0}
    assert validation_metrics(row, SEGMENTATION) == ["accuracy", "loss", "mean_iou", "top5_accuracy"]
    assert validation_metrics(row, SEGMENTATION.by_score("mean-iou"))[:2] == ["mean_iou", "loss"]
    rows = [
        row | {"epoch": epoch, "stage": 0, "learning_rate": 0.1, "loss": 1 / epoch, "val_mean_iou": epoch / 9}
        for epoch in (1, 2)
    ]
    with figures() as saved:
        draw_learning_curve(rows, tmp_path / "flat.png", SEGMENTATION)
    assert [axes.get_ylabel() for axes in saved[0].axes] == ["accuracy", "loss", "mean IoU", "learning rate"]
    draw_learning_curve(rows, tmp_path / "flat.png", SEGMENTATION)
    draw_learning_curve(
        [one | {"val_top5_accuracy": one["epoch"] / 9} for one in rows], tmp_path / "all.png", SEGMENTATION
    )
    flat, complete = (matplotlib.image.imread(tmp_path / name) for name in ("flat.png", "all.png"))
    assert flat.shape[0] < complete.shape[0]
