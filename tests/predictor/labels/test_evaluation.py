"""What `--evaluate` writes, against scikit-learn and numbers worked out by hand."""

import csv

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, f1_score

from predictor.labels.evaluation import calibration, confused_pairs
from tests.conftest import run


def table(path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_calibration_error_by_hand():
    sure = np.array([0.95, 0.95, 0.95, 0.95, 0.55, 0.55, 1.0])
    right = np.array([True, True, True, False, True, False, True])
    bins, error = calibration(sure, right)
    assert [count for *_, count in bins] == [2, 5], "0.95 and 1.0 share the last of 15"
    assert error == pytest.approx((abs(0.96 - 0.8) * 5 + abs(0.55 - 0.5) * 2) / 7)


def test_confused_pairs_most_frequent_first():
    pairs = confused_pairs(np.array([0, 0, 0, 1, 1]), np.array([1, 1, 0, 0, 1]), ("beach", "=city"))
    assert pairs == [("beach", "'=city", 2, "0.6667"), ("'=city", "beach", 1, "0.5000")]


def test_from_the_command_line(small_run, scenes, tmp_path):
    flags = ["--run", small_run, "--evaluate", scenes, "--output", tmp_path / "e.csv", "--tta", "flip"]
    done = run("predictor", *flags)
    assert done.code == 0, done.err
    folder = tmp_path / "e.evaluation"
    rows, summary = table(tmp_path / "e.csv"), {row["measure"]: row["value"] for row in table(folder / "summary.csv")}
    true, predicted = [row["image"].split("/")[0] for row in rows], [row["name"] for row in rows]
    assert len(rows) == 10 and float(summary["accuracy"]) == pytest.approx(accuracy_score(true, predicted))
    assert float(summary["mean_f1"]) == pytest.approx(f1_score(true, predicted, average="macro"), abs=1e-4)
    of_three = [name in (row["name"], row["name_2"], row["name_3"]) for name, row in zip(true, rows, strict=True)]
    assert float(summary["top3_accuracy"]) == pytest.approx(np.mean(of_three), abs=1e-5)
    assert len(table(folder / "mistakes.csv")) == 10 - accuracy_score(true, predicted, normalize=False)
    for name in ("confusion_matrix.png", "calibration.png", "classes.png"):
        assert (folder / name).stat().st_size > 1000
    again = run("predictor", *flags)
    assert again.code == 0 and "is whole" in again.out and "accuracy" in again.out, "judged again without predicting"


def test_what_cannot_be_evaluated(small_run, scenes, tmp_path):
    done = run("predictor", "--run", small_run, "--evaluate", tmp_path, "--output", tmp_path / "e.csv")
    assert done.code == 2 and done.err.startswith("error: evaluate =") and "no data folder" in done.err
    done = run("predictor", "--run", small_run, "--evaluate", scenes, "--test-images", scenes)
    assert done.code == 2 and "test_images" in done.err
