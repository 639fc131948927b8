"""What makes training better: each option changes what it should, and none costs the exactness of a resumed run."""

import csv
from pathlib import Path

import keras
import numpy as np
import pytest

from classifiers import recipe
from classifiers.objective import make_objective
from classifiers.small import RECIPE
from config import ClassifierConfig
from layers.saved import load_saved_model
from settings import read_settings
from tests.conftest import QUICK, evaluate
from training.freezing import backbone_of

EVERYTHING = (
    "--unfreeze-schedule", "head,-20,all", "--learning-rates", "0.01,0.005,0.002", "--patience", 1, "--min-delta", 0.9,
    "--layer-decay", 0.8, "--optimizer", "adamw", "--weight-decay", 0.02, "--clip-norm", 1, "--ema", 0.8,
    "--augment", "randaugment", "--mixup", 0.3, "--cutmix", 1, "--random-erasing", 0.3, "--label-smoothing", 0.1,
    "--class-weights", "balanced", "--normalise", "dataset",
)  # fmt: skip


def train(scenes, runs, *flags) -> Path:
    argv = [str(flag) for flag in ("--data", scenes, "--runs", runs, *QUICK, *flags)]
    recipe.train(RECIPE, read_settings(ClassifierConfig, argv, "test"))
    return runs / "small"


def history(run_folder: Path) -> list[dict[str, float]]:
    with (run_folder / "history.csv").open(newline="") as file:
        return [{key: float(row[key]) for key in row if key != "seconds"} for row in csv.DictReader(file)]


def last(run_folder: Path) -> list[np.ndarray]:
    model = load_saved_model(run_folder / "checkpoints" / "last.keras", compiled=True)
    return [*model.get_weights(), *(np.asarray(variable) for variable in model.optimizer.variables)]


@pytest.fixture(scope="module")
def everything(scenes, tmp_path_factory) -> Path:
    return train(scenes, tmp_path_factory.mktemp("everything"), *EVERYTHING, "--epochs", 4)


def test_with_everything_a_resumed_run_is_an_unbroken_one(scenes, everything, tmp_path):
    """Stopped within the second stage, where other layers learn than at first."""
    for epochs in (3, 4):
        folder = train(scenes, tmp_path, *EVERYTHING, "--epochs", epochs, "--resume", "last")
    assert history(folder) == history(everything)
    for one, other in zip(last(folder), last(everything), strict=True):
        np.testing.assert_array_equal(one, other)


def test_stages_let_more_and_more_learn(everything):
    rows = history(everything)
    assert [row["stage"] for row in rows] == [0, 0, 1, 2]
    model = load_saved_model(everything / "checkpoints" / "last.keras")
    assert all(layer.trainable for layer in backbone_of(model).layers)


def test_top_3_and_top_5_are_in_the_history(everything):
    for row in history(everything):
        assert row["accuracy"] <= row["top3_accuracy"] <= row["top5_accuracy"] == 1, "of five classes"
        assert row["val_accuracy"] <= row["val_top3_accuracy"] <= row["val_top5_accuracy"] == 1


def test_the_normalisation_of_the_data_set_is_kept_in_the_model(scenes, everything):
    from datatransformer.layout import read_data_folder
    from pipeline.cache import make_loader

    images = read_data_folder(scenes, "classification").images("train")
    load = make_loader(images, (32, 32), "none", Path())
    pixels = np.stack([load(index) for index in range(len(images))]).astype(float)
    normalise = load_saved_model(everything / "checkpoints" / "best.keras").get_layer("normalise")
    np.testing.assert_allclose(normalise.mean, pixels.mean(axis=(0, 1, 2)))
    np.testing.assert_allclose(normalise.deviation, pixels.std(axis=(0, 1, 2)))


def test_what_is_fed_is_drawn(everything):
    assert (everything / "figures" / "augmentation.png").stat().st_size > 20_000


def test_what_is_drawn_is_what_this_cache_feeds(scenes, tmp_path, monkeypatch):
    drawn = []
    monkeypatch.setattr("plots.image_grid.draw_batch", lambda batches, *_: drawn.append(next(iter(batches))[0].numpy()))
    for cache in ("memory", "disk", "none"):
        train(scenes, tmp_path, "--epochs", 1, "--cache", cache, "--name", cache)
    memory, disk, none = drawn
    np.testing.assert_array_equal(memory, disk)
    assert np.abs(memory - none).mean() > 1, "cropped from full detail, at places of its own"


def test_the_average_is_validated_and_kept_as_best(scenes, tmp_path):
    folder = train(scenes, tmp_path, "--epochs", 1, "--ema", 0.9, "--optimizer", "sgd")
    checkpoints = folder / "checkpoints"
    best, goes_on = (load_saved_model(checkpoints / name, compiled=True) for name in ("best.keras", "last.keras"))
    averages = goes_on.optimizer._model_variables_moving_average
    for average, weight in zip(averages, best.trainable_weights, strict=True):
        np.testing.assert_array_equal(average, weight)
    assert not np.array_equal(averages[0], goes_on.trainable_weights[0]), "training goes on with its own weights"
    row = history(folder)[0]
    loss, accuracy = evaluate(checkpoints / "best.keras", scenes)
    assert (row["val_loss"], row["val_accuracy"]) == (pytest.approx(loss, rel=1e-4), pytest.approx(accuracy, abs=1e-6))


def test_mixed_precision_computes_with_16_bits_and_answers_with_32(scenes, tmp_path):
    folder = train(scenes, tmp_path, "--epochs", 1, "--mixed-precision")
    assert keras.config.dtype_policy().name == "float32", "that of the process is as before"
    model = load_saved_model(folder / "checkpoints" / "best.keras")
    convolution = backbone_of(model).get_layer("stem_conv")
    assert (convolution.compute_dtype, convolution.variable_dtype) == ("bfloat16", "float32")
    assert model(np.zeros((1, 32, 32, 3), np.float32)).dtype == "float32"
    assert model.get_layer("normalise").compute_dtype == "float32"


def test_focal_loss_cares_less_for_what_is_right():
    """Against the formula of Lin et al. 2017; without gamma it would be cross-entropy."""
    logits, labels = np.array([[4.0, 0, 0], [0.5, 0, 0]], np.float32), np.eye(3, dtype=np.float32)[[0, 0]]
    right = np.exp(logits[:, 0]) / np.exp(logits).sum(axis=1)
    losses = {
        name: make_objective(ClassifierConfig(_cli_parse_args=["--loss", name]), 3).loss()(labels, logits)
        for name in ("ce", "focal")
    }
    assert float(losses["ce"]) == pytest.approx(np.mean(-np.log(right)), rel=1e-5)
    assert float(losses["focal"]) == pytest.approx(np.mean(-((1 - right) ** 2) * np.log(right)), rel=1e-3)


def test_it_stops_when_it_is_good_enough(scenes, tmp_path, capsys):
    folder = train(scenes, tmp_path, "--epochs", 6, "--stop-at", 0.01)
    assert len(history(folder)) == 1, "any accuracy is as good as that"
    train(scenes, tmp_path, "--epochs", 6, "--stop-at", 0.01)
    assert "was finished before: validation accuracy has reached --stop-at 0.01" in capsys.readouterr().out
    assert len(history(folder)) == 1
