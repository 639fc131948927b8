"""Classifiers whose images may have several labels, from the data folder to prediction, evaluation and export."""

import csv
import json
import math
import shutil
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, f1_score

from config import ExportConfig, SelectConfig
from datatransformer.layout import read_data_folder
from predictor.export.__main__ import export
from predictor.labels.ensemble import find_members
from predictor.labels.truth import label_table
from predictor.labels.validation import validate
from predictor.select import select
from settings import SettingError, WorkError
from tests.analysis.commands import analyse_here
from tests.conftest import QUICK, assert_drawn, history, run_code, settings_of, table, train_small
from tests.predictor.commands import predict_here
from tests.several_labels import LABELS, draw_shapes, make_label_folder
from tests.training.test_fit import MIRRORED
from training.run_folder import RunFolder

RATE = ("--schedule", "constant", "--learning-rates", "2e-3")


@pytest.fixture(scope="module")
def shapes(tmp_path_factory) -> Path:
    """A data folder of 100 images."""
    root = tmp_path_factory.mktemp("shapes")
    return make_label_folder(root, draw_shapes(root / "raw", 100))


@pytest.fixture(scope="module")
def runs(shapes, tmp_path_factory) -> Path:
    """A folder with the finished runs `small` and `other`."""
    folder = tmp_path_factory.mktemp("runs")
    train_small(shapes, folder, "--epochs", 4, *RATE, report=True)
    train_small(shapes, folder, "--epochs", 1, *RATE, "--name", "other", "--seed", 1, report=True)
    return folder


def truth_of(data: Path) -> np.ndarray:
    return label_table(read_data_folder(data, "multilabel"), "val")


def numbers(file: Path) -> np.ndarray:
    """The probabilities in a CSV of predictions, (images, classes)."""
    return np.array([[float(row[f"probability_{name}"]) for name in LABELS] for row in table(file)])


def thresholds_of(run: Path) -> np.ndarray:
    return np.array([float(row["threshold"]) for row in table(run / "thresholds.csv")])


def test_the_history_agrees_with_scikit_learn(shapes, runs):
    run = RunFolder(runs / "small")
    assert run.config()["kind"] == "multilabel"
    (member,) = find_members([run], "none")
    validation, truth = validate(member), truth_of(shapes)
    np.testing.assert_array_equal(validation.labels, truth)
    best, given = run.best_row(), validation.probabilities >= 0.5
    assert best["val_map"] == pytest.approx(average_precision_score(truth, validation.probabilities), abs=1e-6)
    assert best["val_f1_micro"] == pytest.approx(f1_score(truth, given, average="micro"), abs=1e-6)
    assert best["val_f1_macro"] == pytest.approx(f1_score(truth, given, average="macro"), abs=1e-6)
    assert best["val_accuracy"] == pytest.approx((truth == given).mean(), abs=1e-6)
    assert best["val_map"] == max(row["val_map"] for row in history(run.path)) > 0.8, "mAP decides which epoch is best"
    losses = -np.log(np.where(truth, validation.probabilities, 1 - validation.probabilities))
    assert best["val_loss"] == pytest.approx(losses.mean(), rel=1e-3)


def test_figures_thresholds_and_report_of_a_run(runs):
    run = runs / "small"
    for name in ("precision_recall", "label_scores", "co_occurrence", "learning_curve", "augmentation"):
        assert_drawn(run / "figures" / f"{name}.png")
    rows = table(run / "thresholds.csv")
    assert [row["name"] for row in rows] == list(LABELS)
    assert all(float(row["f1"]) >= float(row["f1_at_0.5"]) for row in rows)
    report = (run / "report.html").read_text()
    assert "validation mAP" in report or "mAP" in report
    assert "Precision and recall of each label" in report and "Scores of each label" in report


def test_predictions(shapes, runs, tmp_path):
    images, file = shapes / "val" / "images", tmp_path / "out.csv"
    predict_here(runs / "small", file, "--test-images", images, "--engine", "tensorflow")
    rows, thresholds = table(file), thresholds_of(runs / "small")
    assert list(rows[0]) == ["image", "labels", *(f"probability_{name}" for name in LABELS)]
    for row, probabilities in zip(rows, numbers(file), strict=True):
        assert row["labels"] == "|".join(np.array(LABELS)[probabilities >= thresholds])
    predict_here(runs / "small", tmp_path / "half.csv", "--test-images", images, "--threshold", 0.05)
    for row, probabilities in zip(table(tmp_path / "half.csv"), numbers(tmp_path / "half.csv"), strict=True):
        assert row["labels"] == "|".join(np.array(LABELS)[probabilities >= 0.05])
    pytest.importorskip("openvino")
    predict_here(runs / "small", tmp_path / "openvino.csv", "--test-images", images, "--engine", "openvino")
    np.testing.assert_allclose(numbers(tmp_path / "openvino.csv"), numbers(file), atol=1e-4)


def test_evaluation(shapes, runs, tmp_path):
    result = predict_here(runs / "small", tmp_path / "out.csv", "--evaluate", shapes)
    truth, probabilities = truth_of(shapes), numbers(tmp_path / "out.csv")
    given = probabilities >= thresholds_of(runs / "small")
    scores = result["scores"]
    assert scores["map"] == pytest.approx(average_precision_score(truth, probabilities), abs=1e-6)
    for average in ("micro", "macro"):
        assert scores[f"f1_{average}"] == pytest.approx(f1_score(truth, given, average=average), abs=1e-6)
        at_half = f1_score(truth, probabilities >= 0.5, average=average)
        assert scores[f"f1_{average}_at_0.5"] == pytest.approx(at_half, abs=1e-6)
    folder = tmp_path / "out.evaluation"
    of_classes = [float(row["average_precision"]) for row in table(folder / "label_scores.csv")]
    np.testing.assert_allclose(of_classes, average_precision_score(truth, probabilities, average=None), atol=1e-6)
    assert len(table(folder / "mistakes.csv")) == (truth != given).sum()
    assert [row["images"] for row in table(folder / "label_scores.csv")] == [str(count) for count in truth.sum(axis=0)]
    for name in ("precision_recall", "label_scores", "co_occurrence", "predictions"):
        assert_drawn(folder / f"{name}.png")


def test_a_label_that_no_validation_image_has_is_said(shapes, runs, tmp_path, caplog):
    predict_here(runs / "small", tmp_path / "all.csv", "--evaluate", shapes)
    assert "no image has" not in caplog.text
    data = shutil.copytree(shapes, tmp_path / "data")
    rows = table(data / "manifest.csv")
    with (data / "manifest.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        for row in rows:
            kept = [name for name in row["labels"].split("|") if name != "line" or row["split"] == "train"]
            writer.writerow(row | {"labels": "|".join(kept)})
    scores = predict_here(runs / "small", tmp_path / "out.csv", "--evaluate", data)["scores"]
    assert "Labels that no image has do not count in map and f1_macro: line" in caplog.text
    truth, probabilities = truth_of(data)[:, ::2], numbers(tmp_path / "out.csv")[:, ::2]
    assert scores["map"] == pytest.approx(average_precision_score(truth, probabilities), abs=1e-6)
    of_line = table(tmp_path / "out.evaluation" / "label_scores.csv")[1]
    assert (of_line["average_precision"], of_line["images"]) == ("", "0")


def test_ensembles_and_views(shapes, runs, tmp_path):
    both = f"{runs / 'small'},{runs / 'other'}"
    for name in ("small", "other"):
        predict_here(runs / name, tmp_path / f"{name}.csv", "--evaluate", shapes, "--tta", "flip")
    result = predict_here(both, tmp_path / "both.csv", "--evaluate", shapes, "--tta", "flip")
    mean = (numbers(tmp_path / "small.csv") + numbers(tmp_path / "other.csv")) / 2
    np.testing.assert_allclose(numbers(tmp_path / "both.csv"), mean, rtol=1e-4, atol=1e-6)
    assert result["scores"]["map"] == pytest.approx(average_precision_score(truth_of(shapes), mean), abs=0.01)
    assert result["scores"]["f1_micro"] >= result["scores"]["f1_micro_at_0.5"] - 0.05
    with pytest.raises(SettingError, match="votes for one class per image"):
        predict_here(both, tmp_path / "vote.csv", "--policy", "vote", "--test-images", shapes / "val")
    with pytest.raises(SettingError, match="top_k = '2': is for runs of kind classifier"):
        predict_here(runs / "small", tmp_path / "top.csv", "--top-k", 2, "--test-images", shapes / "val")
    with pytest.raises(SettingError, match="whose images may have several labels"):
        select(settings_of(SelectConfig, "--run", both, "--output", tmp_path / "ranking.csv"))


def test_runs_that_were_validated_on_other_images_need_a_threshold(shapes, runs, tmp_path):
    for name in ("small", "other"):
        shutil.copytree(runs / name, tmp_path / name)
    fewer = tmp_path / "fewer"
    shutil.copytree(shapes, fewer)
    lines = (fewer / "manifest.csv").read_text().splitlines(keepends=True)
    lines.remove(next(line for line in lines if line.startswith("val/")))
    (fewer / "manifest.csv").write_text("".join(lines))
    config = json.loads((tmp_path / "other" / "config.json").read_text())
    config["settings"]["data"] = str(fewer)
    del config["data"]  # as if it had been trained on them
    (tmp_path / "other" / "config.json").write_text(json.dumps(config))
    shutil.rmtree(tmp_path / "other" / "validation")
    both, images = f"{tmp_path / 'small'},{tmp_path / 'other'}", shapes / "val" / "images"
    with pytest.raises(SettingError, match="different validation images"):
        predict_here(both, tmp_path / "out.csv", "--test-images", images)
    predict_here(both, tmp_path / "out.csv", "--test-images", images, "--threshold", 0.5)


def test_thresholds_of_another_checkpoint_are_not_used(shapes, runs, tmp_path, caplog):
    run = shutil.copytree(runs / "small", tmp_path / "small")
    rows = table(run / "thresholds.csv")
    with (run / "thresholds.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows({**row, "epoch": "99"} for row in rows)
    predict_here(run, tmp_path / "out.csv", "--test-images", shapes / "val" / "images")
    assert "are of an earlier checkpoint: 0.5 is used" in caplog.text
    (run / "thresholds.csv").unlink()
    analyse_here("--run", run, "--only", "evaluation")
    assert table(run / "thresholds.csv") == rows, "the analysis chooses them again"
    (run / "thresholds.csv").write_text(f"name,threshold,epoch\ndisc,high,{rows[0]['epoch']}\n")
    with pytest.raises(WorkError, match=r"thresholds\.csv is damaged"):
        predict_here(run, tmp_path / "other.csv", "--test-images", shapes / "val" / "images")


def test_analysis_and_export(shapes, runs, tmp_path):
    result = analyse_here("--run", runs / "small")
    figures = Path(str(result["figures"]))
    for name in ("precision_recall", "predictions", "embedding_pool", "feature_maps"):
        assert_drawn(figures / f"{name}.png")
    output = tmp_path / "export"
    export(settings_of(ExportConfig, "--run", runs / "small", "--output", output, "--format", "savedmodel"))
    readme = (output / "README.md").read_text()
    assert "sigmoid of a logit" in readme and "softmax" not in readme
    given = [(row["name"], float(row["threshold"])) for row in table(output / "thresholds.csv")]
    assert given == list(zip(LABELS, thresholds_of(runs / "small"), strict=True))


@pytest.mark.parametrize(
    "flags",
    [
        ("--mixup", 0.2, "--cutmix", 1, "--label-smoothing", 0.1),
        pytest.param(("--ema", 0.9, "--class-weights", "balanced", "--loss", "focal"), marks=pytest.mark.slow),
        pytest.param(("--mixed-precision", "--optimizer", "adamw", "--random-erasing", 0.3), marks=pytest.mark.slow),
        ("--unfreeze-schedule", "head,all", "--cache", "features", "--schedule", "cosine"),
        pytest.param(("--image-size", "32,48", "--schedule", "cosine", "--recalibrate-bn"), marks=pytest.mark.slow),
    ],
)
def test_options_of_training(flags, shapes, tmp_path):
    run = train_small(shapes, tmp_path, "--epochs", 2, *flags)
    rows = history(run)
    assert len(rows) == 2 and all(math.isfinite(value) for row in rows for value in row.values())
    (member,) = find_members([RunFolder(run)], "none")
    validation, best = validate(member), RunFolder(run).best_row()
    expected = average_precision_score(truth_of(shapes), validation.probabilities)
    assert best["val_map"] == pytest.approx(expected, abs=2e-2 if "--mixed-precision" in flags else 1e-5)


def test_a_run_goes_on_and_keeps_its_loss(shapes, tmp_path):
    whole = train_small(shapes, tmp_path / "a", "--epochs", 2, *RATE)
    train_small(shapes, tmp_path / "b", "--epochs", 1, *RATE)
    parts = train_small(shapes, tmp_path / "b", "--epochs", 2, *RATE, "--resume", "last")
    assert history(parts) == history(whole)
    with pytest.raises(SettingError, match="class_weights"):
        train_small(shapes, tmp_path / "b", "--epochs", 3, *RATE, "--class-weights", "balanced")


def test_several_workers_are_refused(shapes, tmp_path):
    with pytest.raises(SettingError, match="mAP needs the predictions of all workers"):
        train_small(shapes, tmp_path, "--strategy", "multi-worker")


@pytest.mark.slow
def test_two_devices_score_all_validation_images_once(shapes, tmp_path):
    flags = ("--data", shapes, "--runs", tmp_path, "--strategy", "mirrored", *QUICK, "--epochs", 1)
    done = run_code(MIRRORED, *flags)
    assert done.code == 0 and "2 CPU devices" in done.out, done.err
    run = RunFolder(tmp_path / "small")
    (member,) = find_members([run], "none")
    expected = average_precision_score(truth_of(shapes), validate(member).probabilities)
    assert run.best_row()["val_map"] == pytest.approx(expected, abs=1e-5)
