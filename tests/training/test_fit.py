"""The training loop in one process: stages, devices, class weights, changes between sessions."""

import json
import math
import re
import shutil
from pathlib import Path

import keras
import pytest

from settings import WorkError
from tests.conftest import (
    QUICK,
    assert_drawn,
    evaluate,
    history,
    make_data_folder,
    run,
    run_code,
    run_small,
    table,
    train_small,
)

MIRRORED = """
from command import import_tensorflow
tf = import_tensorflow()
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
import runpy
runpy.run_module("classifiers.small", run_name="__main__")
"""
"""Trains `classifiers.small` on two devices."""


def test_the_run_folder_has_all_files(small_run):
    config = json.loads((small_run / "config.json").read_text())
    assert (config["kind"], config["model"], config["seed"]) == ("classifier", "small", 0)
    assert config["settings"]["image_size"] == "32x32" and config["versions"]["keras"] == keras.__version__
    assert (small_run / "classes.csv").read_text().splitlines()[1] == "0,beach"
    assert {path.name for path in (small_run / "checkpoints").iterdir()} == {"best.keras", "last.keras"}
    assert [row["epoch"] for row in history(small_run)] == [1, 2, 3]
    assert list((small_run / "tensorboard").rglob("events*"))
    for figure in ("learning_curve.png", "confusion_matrix.png"):
        assert_drawn(small_run / "figures" / figure)
    assert len(table(small_run / "figures" / "confusion_matrix.csv")) == 5


def test_two_devices_train_one_model(scenes, tmp_path):
    def mirrored(data: Path, *changed: object):
        flags = ("--data", data, "--runs", tmp_path, "--strategy", "mirrored", *QUICK, "--batch-size", 2, *changed)
        return run_code(MIRRORED, *flags)

    done = mirrored(scenes, "--epochs", 1)
    assert done.code == 0 and "2 CPU devices" in done.out, done.err
    loss, accuracy = evaluate(tmp_path / "small" / "checkpoints" / "last.keras", scenes)
    (row,) = history(tmp_path / "small")
    assert row["val_loss"] == pytest.approx(loss, rel=1e-4), "the checkpoint is the model that was validated"
    assert row["val_accuracy"] == pytest.approx(accuracy, abs=1e-6)

    done = mirrored(scenes, "--epochs", 2)
    assert done.code == 0 and "Resuming after epoch 1" in done.out and len(history(tmp_path / "small")) == 2, done.err
    done = mirrored(scenes, "--epochs", 1, "--batch-size", 3, "--name", "three")
    assert done.code == 2 and "batch_size = '3': cannot be shared equally by 2 devices; use 2" in done.err

    odd = make_data_folder(tmp_path / "data", source="scenes", pictures=60, picture_size=48, val_fraction=0.25)
    done = mirrored(odd, "--epochs", 1, "--name", "odd")
    (row,) = history(tmp_path / "odd")
    assert done.code == 0 and math.isfinite(row["val_loss"]), "15 validation images are an odd number"


def test_stages_start_from_the_best_weights(scenes, tmp_path, caplog):
    caplog.set_level("INFO", "scenelab")
    folder = train_small(
        scenes, tmp_path, "--epochs", 9, "--patience", 1, "--learning-rates", "1e-3,1e-4,1e-4", "--min-delta", 0.9
    )
    assert "Stage 2, learning rate 0.0001, from the best weights so far" in caplog.text
    rows = history(folder)
    assert [row["stage"] for row in rows] == [0, 0, 1, 2], (
        "one epoch that improves, then stages of one epoch without an improvement"
    )
    assert [row["learning_rate"] for row in rows] == pytest.approx([1e-3, 1e-3, 1e-4, 1e-4])


def test_options_change_the_loss(scenes, tmp_path, caplog):
    """Each option runs for an epoch, and its loss differs from that of the defaults."""
    caplog.set_level("INFO", "scenelab")
    losses = {}
    for name, flags in {
        "default": [],
        "momentum": ["--optimizer", "momentum", "--augment", "none"],
        "seed and steps": ["--seed", 5, "--steps-per-epoch", 3],
        "frozen": ["--freeze", 44],
    }.items():
        train_small(scenes, tmp_path, "--name", name, "--epochs", 1, *flags)
        losses[name] = history(tmp_path / name)[0]["loss"]
    assert "frozen: 1,285 trainable parameters" in caplog.text, "the head alone: 256 x 5 + 5"
    assert len(set(losses.values())) == len(losses), losses


def test_class_weights_and_kept_checkpoints(scenes, tmp_path):
    unbalanced = tmp_path / "data"
    shutil.copytree(scenes, unbalanced)
    lines = (unbalanced / "manifest.csv").read_text().splitlines()
    fewer = [line for number, line in enumerate(lines) if ",train,beach," not in line or number < 6]
    (unbalanced / "manifest.csv").write_text("\n".join(fewer) + "\n")
    for name, flags in {"none": [], "balanced": ["--class-weights", "balanced", "--keep-checkpoints"]}.items():
        train_small(unbalanced, tmp_path, "--name", name, "--epochs", 1, *flags)
    assert history(tmp_path / "none")[0]["loss"] != history(tmp_path / "balanced")[0]["loss"]
    assert (tmp_path / "balanced" / "checkpoints" / "epoch-001.keras").exists()


def test_settings_of_the_model_cannot_change(scenes, small_run, tmp_path):
    done = run_small(scenes, small_run.parent, "--dropout", 0.1, "--seed", 4, "--epochs", 3)
    assert done.code == 2 and len(done.err.splitlines()) == 2
    assert re.search(r"dropout = '0.1': this run was started with 0.3.*--name.*--resume never", done.err)
    done = run(
        "classifiers.mobilenet_v2", "--data", scenes, "--runs", small_run.parent, "--name", "small", "--weights", "none"
    )
    assert done.code == 2 and "is a run of small" in done.err


def test_before_its_first_epoch_all_settings_of_a_run_can_change(scenes, tmp_path):
    with pytest.raises(WorkError):
        train_small(scenes, tmp_path, "--optimizer", "sgd", "--learning-rates", "1e30", "--epochs", 1)
    train_small(scenes, tmp_path, "--epochs", 1)
    assert len(history(tmp_path / "small")) == 1


def test_resume_never_starts_again_and_keeps_the_old_run(scenes, tmp_path):
    train_small(scenes, tmp_path, "--epochs", 1)
    before = (tmp_path / "small" / "history.csv").read_bytes()
    train_small(scenes, tmp_path, "--epochs", 1, "--resume", "never", "--seed", 3)
    assert (tmp_path / ".old" / "small-1" / "history.csv").read_bytes() == before
    assert (tmp_path / "small" / "history.csv").read_bytes() != before


def test_an_infinite_loss_stops_training_with_advice(scenes, tmp_path):
    with pytest.raises(WorkError, match="Lower --learning-rates"):
        train_small(scenes, tmp_path, "--optimizer", "sgd", "--learning-rates", "1e30", "--epochs", 3)
    assert not (tmp_path / "small" / "checkpoints" / "last.keras").exists(), "such a model is not saved"
