"""The evaluation of labels agrees with scikit-learn and with numbers computed by hand."""

import re
import shutil

import cv2
import numpy as np
import pytest
from sklearn.metrics import accuracy_score, f1_score

from predictor.labels.evaluation import EvaluatedImage, calibration_bins, confused_pairs, thumbnail, top_k_accuracies
from tests.conftest import noise, run, table


def test_calibration_error_by_hand():
    confidence = np.array([0.95, 0.95, 0.95, 0.95, 0.55, 0.55, 1.0])
    correct = np.array([True, True, True, False, True, False, True])
    bins, error = calibration_bins(confidence, correct)
    assert [images for *_, images in bins] == [2, 5], "0.95 and 1.0 are in the last of 15 bins"
    assert error == pytest.approx((abs(0.96 - 0.8) * 5 + abs(0.55 - 0.5) * 2) / 7)


def test_the_most_frequent_pairs_are_first():
    counts = np.array([[1, 2], [1, 1]])
    pairs = confused_pairs(counts, ("beach", "=city"))
    assert pairs == [("beach", "=city", 2, "0.6667"), ("=city", "beach", 1, "0.5000")]


def test_top_k_accuracies_by_hand(tmp_path):
    ranked = (3, 1, 4, 0, 5)
    images = [EvaluatedImage(str(label), tmp_path, label, ranked, 0.5, "") for label in range(6)]
    assert top_k_accuracies(images, 6) == {"top3_accuracy": pytest.approx(3 / 6), "top5_accuracy": pytest.approx(5 / 6)}
    assert list(top_k_accuracies(images, 5)) == ["top3_accuracy"], "all images count as correct with k = 5"


def test_thumbnails(tmp_path):
    cv2.imwrite(str(tmp_path / "a.png"), noise(300, 600, 3))
    assert thumbnail(tmp_path / "a.png").shape == (100, 200, 3)
    (tmp_path / "b.png").write_bytes(b"nothing")
    assert thumbnail(tmp_path / "b.png") is None


def test_the_command(small_run, scenes, tmp_path):
    flags = ["--run", small_run, "--evaluate", scenes, "--output", tmp_path / "e.csv", "--tta", "flip", "--top-k", 3]
    done = run("predictor", *flags)
    assert done.code == 0, done.err
    folder = tmp_path / "e.evaluation"
    rows, summary = table(tmp_path / "e.csv"), {row["measure"]: row["value"] for row in table(folder / "summary.csv")}
    true, predicted = [row["image"].split("/")[0] for row in rows], [row["class"] for row in rows]
    assert len(rows) == 10 and float(summary["accuracy"]) == pytest.approx(accuracy_score(true, predicted))
    assert float(summary["mean_f1"]) == pytest.approx(f1_score(true, predicted, average="macro"), abs=1e-4)
    in_three = [name in (row["class"], row["class_2"], row["class_3"]) for name, row in zip(true, rows, strict=True)]
    assert float(summary["top3_accuracy"]) == pytest.approx(np.mean(in_three), abs=1e-5)
    assert len(table(folder / "mistakes.csv")) == 10 - accuracy_score(true, predicted, normalize=False)
    source_of = {row["image"].removeprefix("val/"): row["source"] for row in table(scenes / "manifest.csv")}
    for row in table(folder / "mistakes.csv"):
        assert row["source"] == source_of[row["image"]]
    for name in ("confusion_matrix.png", "calibration.png", "classes.png"):
        assert cv2.imread(str(folder / name)) is not None
    again = run("predictor", *flags)
    assert again.code == 0 and "is complete" in again.out and "accuracy" in again.out, "evaluated without predicting"


def test_data_that_cannot_be_evaluated(small_run, scenes, tmp_path):
    done = run("predictor", "--run", small_run, "--evaluate", tmp_path, "--output", tmp_path / "e.csv")
    assert done.code == 2 and done.err.startswith("error: evaluate =")
    other = shutil.copytree(scenes, tmp_path / "other")
    names = [row["name"] for row in table(other / "classes.csv")]
    for file in ("classes.csv", "manifest.csv"):
        (other / file).write_text(re.sub(rf"\b{names[0]}\b(?!/)", "renamed", (other / file).read_text()))
    done = run("predictor", "--run", small_run, "--evaluate", other, "--output", tmp_path / "e.csv")
    assert done.code == 2 and f"the classes differ: '{names[0]}' is now 'renamed'" in done.err, done.err
    done = run("predictor", "--run", small_run, "--evaluate", scenes, "--test-images", scenes)
    assert done.code == 2 and "test_images" in done.err
