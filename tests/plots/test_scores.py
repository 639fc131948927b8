"""Confusion matrices, scores and calibration at 2, 5 and 40 classes: texts, colours and tables."""

import csv

import numpy as np
import pytest

from plots.scores import (
    CalibrationBin,
    draw_calibration,
    draw_confusion_counts,
    draw_confusion_matrix,
    draw_scores,
    draw_scores_of_runs,
    short_count,
)
from tests.plots.figures import figures, overlapping, texts

NAMES = ("beach", "industrial area", "mountain $x$", "underground parking", "=cmd")
SCALES = ("share", "logarithmic")


def class_names(count: int) -> list[str]:
    return [f"{NAMES[number % len(NAMES)]} {number}" for number in range(count)]


def random_counts(classes: int) -> np.ndarray:
    counts = np.random.default_rng(0).integers(0, 6, (classes, classes))
    return counts + 30 * np.eye(classes, dtype=int)


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("classes", [2, 5, 40])
def test_no_texts_of_a_confusion_matrix_overlap(classes, scale, tmp_path):
    with figures() as (saved):
        draw_confusion_counts(random_counts(classes), class_names(classes), tmp_path / "c.png", "images", scale)
    (figure,) = saved
    assert overlapping(figure) == []
    assert {"true class", "predicted class", *class_names(classes)} <= set(texts(figure))


def test_numbers_and_title_of_a_confusion_matrix(tmp_path):
    counts = np.array([[1500, 500], [0, 40]])
    for unit, numbers in {"images": {"1.5k", "500", "40"}, "pixels": {".75", ".25", "1.00"}}.items():
        with figures() as saved:
            draw_confusion_counts(counts, ("a", "b"), tmp_path / "c.png", unit)
        assert {text.get_text() for text in saved[0].axes[0].texts} == numbers
        assert saved[0].axes[0].get_title() == f"Accuracy 75.5%\n1,540 of 2,040 {unit} are correct"


def test_the_table_of_a_confusion_matrix(tmp_path):
    with figures():
        draw_confusion_matrix([0, 0, 1], [0, 1, 1], ("a", "=b"), tmp_path / "c.png")
    with (tmp_path / "c.csv").open(newline="") as file:
        assert list(csv.reader(file)) == [["true / predicted", "a", "'=b"], ["a", "1", "1"], ["'=b", "0", "1"]]


@pytest.mark.parametrize("classes", [2, 5, 40])
def test_scores_of_classes(classes, tmp_path):
    values = np.linspace(0, 1, classes)
    values[0] = np.nan
    with figures() as saved:
        draw_scores(class_names(classes), ("IoU", values), values, values, tmp_path / "s.png", "pixels")
    (figure,) = saved
    assert overlapping(figure) == []
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert labels == class_names(classes), "the best is on top, and classes without a score are at the bottom"
    assert {"IoU", "precision", "recall", "score of each class, computed over pixels"} <= set(texts(figure))


def test_calibration(tmp_path):
    with figures() as saved:
        draw_calibration([CalibrationBin(0.3, 0.2, 4), CalibrationBin(0.9, 0.8, 100)], 0.1, tmp_path / "c.png")
    (figure,) = saved
    assert overlapping(figure) == []
    assert "Calibration, expected calibration error 0.100" in texts(figure)
    np.testing.assert_allclose(figure.axes[0].lines[1].get_xydata(), [[0.3, 0.2], [0.9, 0.8]])


@pytest.mark.parametrize("classes", [2, 5, 40])
def test_scores_of_classes_in_several_runs(classes, tmp_path):
    scores = np.stack([np.linspace(0, 1, classes), np.linspace(0.2, 0.8, classes)])
    scores[:, 0] = np.nan
    with figures() as saved:
        draw_scores_of_runs(class_names(classes), ("first", "$second$"), scores, "IoU", tmp_path / "s.png")
    (figure,) = saved
    assert overlapping(figure) == []
    axes = figure.axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == class_names(classes)
    np.testing.assert_allclose(axes.lines[1].get_xdata()[1:], scores[1, 1:])
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["first", "$second$"]


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0"), (999, "999"), (1500, "1.5k"), (12_300, "12k"), (3_400_000, "3.4M"), (5e9, "5.0G")]
)
def test_short_counts(count, text):
    assert short_count(count) == text
