"""Options that improve accuracy: the effect of each, and resumed runs with all of them."""

from pathlib import Path

import keras
import numpy as np
import pytest

from classifiers.objective import make_objective
from layers.saved import load_saved_model
from tests.conftest import (
    assert_drawn,
    assert_equal_arrays,
    evaluate,
    history,
    saved_state,
    train_small,
    without_report,
)
from training.freezing import backbone_of

ALL_OPTIONS = (
    "--unfreeze-schedule", "head,-20,all", "--learning-rates", "0.01,0.005,0.002", "--patience", 1, "--min-delta", 0.9,
    "--layer-decay", 0.8, "--optimizer", "adamw", "--weight-decay", 0.02, "--clip-norm", 1, "--ema", 0.8,
    "--augment", "randaugment", "--mixup", 0.3, "--cutmix", 1, "--random-erasing", 0.3, "--label-smoothing", 0.1,
    "--class-weights", "balanced", "--normalise", "dataset",
)  # fmt: skip


@pytest.fixture(scope="module")
def all_options(scenes, tmp_path_factory) -> Path:
    return train_small(scenes, tmp_path_factory.mktemp("all_options"), *ALL_OPTIONS, "--epochs", 4)


def test_a_resumed_run_equals_an_uninterrupted_one_with_all_options(scenes, all_options, tmp_path):
    """The run is stopped in the second stage, which trains other layers than the first."""
    for epochs in (3, 4):
        folder = train_small(scenes, tmp_path, *ALL_OPTIONS, "--epochs", epochs, "--resume", "last")
    assert history(folder) == history(all_options)
    assert_equal_arrays(saved_state(folder), saved_state(all_options))


def test_stages_unfreeze_more_and_more_layers(all_options):
    rows = history(all_options)
    assert [row["stage"] for row in rows] == [0, 0, 1, 2]
    model = load_saved_model(all_options / "checkpoints" / "last.keras")
    assert all(layer.trainable for layer in backbone_of(model).layers)


def test_top_3_and_top_5_accuracy_are_in_the_history(all_options):
    for row in history(all_options):
        assert row["accuracy"] <= row["top3_accuracy"] <= row["top5_accuracy"] == 1, "of five classes"
        assert row["val_accuracy"] <= row["val_top3_accuracy"] <= row["val_top5_accuracy"] == 1


def test_the_normalisation_of_the_data_set_is_saved_in_the_model(scenes, all_options):
    from datatransformer.layout import read_data_folder
    from pipeline.cache import make_loader

    images = read_data_folder(scenes, "classification").images("train")
    load = make_loader(images, (32, 32), "none", Path())
    pixels = np.stack([load(index) for index in range(len(images))]).astype(float)
    normalise = load_saved_model(all_options / "checkpoints" / "best.keras").get_layer("normalise")
    np.testing.assert_allclose(normalise.mean, pixels.mean(axis=(0, 1, 2)))
    np.testing.assert_allclose(normalise.deviation, pixels.std(axis=(0, 1, 2)))


def test_the_first_batch_is_drawn(all_options):
    assert_drawn(all_options / "figures" / "augmentation.png")


def test_the_drawn_batch_comes_from_the_chosen_cache(scenes, tmp_path, monkeypatch):
    drawn = []

    class Drawn(Exception):
        """Ends the training, which follows."""

    def draw(batches, *_):
        drawn.append(next(iter(batches))[0].numpy())
        raise Drawn

    monkeypatch.setattr("plots.image_grid.draw_training_images", draw)
    for cache in ("memory", "disk", "none"):
        with pytest.raises(Drawn):
            train_small(scenes, tmp_path, "--epochs", 1, "--cache", cache, "--name", cache)
    memory, disk, none = drawn
    np.testing.assert_array_equal(memory, disk)
    assert np.abs(memory - none).mean() > 1, "crops are taken from the full image, at other positions"


def test_the_moving_average_is_validated_and_saved_as_best(scenes, tmp_path):
    folder = train_small(scenes, tmp_path, "--epochs", 1, "--ema", 0.9, "--optimizer", "sgd")
    checkpoints = folder / "checkpoints"
    best, last_model = (load_saved_model(checkpoints / name, compiled=True) for name in ("best.keras", "last.keras"))
    averages = last_model.optimizer.moving_averages
    assert_equal_arrays(averages, best.trainable_weights)
    assert not np.array_equal(averages[0], last_model.trainable_weights[0]), "training continues with its own weights"
    row = history(folder)[0]
    loss, accuracy = evaluate(checkpoints / "best.keras", scenes)
    assert (row["val_loss"], row["val_accuracy"]) == (pytest.approx(loss, rel=1e-4), pytest.approx(accuracy, abs=1e-6))


def test_mixed_precision_computes_in_16_bits_and_returns_32(scenes, tmp_path):
    folder = train_small(scenes, tmp_path, "--epochs", 1, "--mixed-precision")
    assert keras.config.dtype_policy().name == "float32", "the policy of the process is restored"
    model = load_saved_model(folder / "checkpoints" / "best.keras")
    convolution = backbone_of(model).get_layer("stem_conv")
    assert (convolution.compute_dtype, convolution.variable_dtype) == ("bfloat16", "float32")
    assert model(np.zeros((1, 32, 32, 3), np.float32)).dtype == "float32"
    assert model.get_layer("normalise").compute_dtype == "float32"


def test_focal_loss_equals_its_formula():
    """Lin et al. 2017; without gamma it would be cross-entropy."""
    logits, labels = np.array([[4.0, 0, 0], [0.5, 0, 0]], np.float32), np.eye(3, dtype=np.float32)[[0, 0]]
    probability = np.exp(logits[:, 0]) / np.exp(logits).sum(axis=1)
    losses = {name: make_objective(name, 0.0, 3).loss()(labels, logits) for name in ("ce", "focal")}
    assert float(losses["ce"]) == pytest.approx(np.mean(-np.log(probability)), rel=1e-5)
    assert float(losses["focal"]) == pytest.approx(np.mean(-((1 - probability) ** 2) * np.log(probability)), rel=1e-3)


def test_training_stops_at_the_target_accuracy(scenes, tmp_path):
    with without_report() as outcomes:
        for _ in range(2):
            folder = train_small(scenes, tmp_path, "--epochs", 6, "--stop-at", 0.01, report=True)
            assert len(history(folder)) == 1, "any accuracy reaches this target"
    finished = "was finished before: validation accuracy has reached --stop-at 0.01"
    assert len(outcomes) == 2 and outcomes[0] == "is finished" and outcomes[1].startswith(finished)
