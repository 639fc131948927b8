"""Recalibration of batch norm."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from analysis.trained_run import read_run
from classifiers import recipe
from classifiers.small import RECIPE
from config import ClassifierConfig
from tests.conftest import QUICK, make_data_folder, settings_of, train_small, write_image
from training import recalibration
from training.kinds import CLASSIFIER
from training.recalibration import compute_statistics, set_statistics, trainable_batch_norms
from training.run_folder import RunFolder


def test_statistics_are_those_of_all_images():
    """Against NumPy. The input of the second norm is normalised batch by batch by the first, as in training."""
    keras.utils.set_random_seed(1)
    inputs = keras.Input((6, 6, 3))
    inner_input = keras.Input((6, 6, 3))
    inner = keras.Model(inner_input, keras.layers.BatchNormalization(name="first", epsilon=1e-3)(inner_input))
    outputs = keras.layers.BatchNormalization(name="second")(keras.layers.ReLU()(inner(inputs)))
    model = keras.Model(inputs, outputs)
    images = np.random.default_rng(0).normal(3, 5, (10, 6, 6, 3)).astype(np.float32)
    norms = trainable_batch_norms(model)
    assert [norm.name for norm in norms] == ["first", "second"], "also in a nested model"
    batches = tf.data.Dataset.from_tensor_slices(images).batch(4)
    set_statistics(norms, compute_statistics(model, norms, batches))
    np.testing.assert_allclose(norms[0].moving_mean, images.mean(axis=(0, 1, 2)), rtol=1e-4)
    np.testing.assert_allclose(norms[0].moving_variance, images.var(axis=(0, 1, 2)), rtol=1e-4)
    parts = np.split(images.astype(np.float64), (4, 8))
    inputs_of_second = [(part - part.mean(axis=(0, 1, 2))) / np.sqrt(part.var(axis=(0, 1, 2)) + 1e-3) for part in parts]
    inputs_of_second = np.maximum(np.concatenate(inputs_of_second), 0)
    np.testing.assert_allclose(norms[1].moving_mean, inputs_of_second.mean(axis=(0, 1, 2)), rtol=1e-4)
    np.testing.assert_allclose(norms[1].moving_variance, inputs_of_second.var(axis=(0, 1, 2)), rtol=1e-4)
    assert [norm.momentum for norm in norms] == [0.99, 0.99], "restored"


def test_a_frozen_norm_keeps_its_statistics():
    model = keras.Sequential([keras.Input((4, 4, 3)), keras.layers.BatchNormalization(trainable=False)])
    assert trainable_batch_norms(model) == []


def test_the_command(scenes, tmp_path, caplog):
    caplog.set_level("INFO", "scenelab")
    folder = train_small(scenes, tmp_path, "--epochs", 2, "--recalibrate-bn")
    assert "Batch norm recalibrated over 50 training images: accuracy " in caplog.text
    rows = [line.split(",") for line in (folder / "recalibration.csv").read_text().splitlines()]
    assert rows[0] == ["epoch", "measure", "before", "after"]
    accuracy = next(row for row in rows if row[1] == "accuracy")
    better = float(accuracy[3]) >= float(accuracy[2])
    checkpoints = {path.name for path in (folder / "checkpoints").iterdir()}
    assert ("before_recalibration.keras" in checkpoints) == better and "recalibrated.keras" in checkpoints
    best, other = (folder / "checkpoints" / name for name in ("best.keras", "recalibrated.keras"))
    assert (best.read_bytes() == other.read_bytes()) == better
    train_small(scenes, tmp_path, "--epochs", 2, "--recalibrate-bn")
    assert "is recalibrated already" in caplog.text


@pytest.fixture(scope="module")
def sorted_by_class(tmp_path_factory):
    """A data folder whose manifest is sorted by class: 24 dark images, then 24 light ones, for training."""
    folder = tmp_path_factory.mktemp("sorted")
    for label, shade in (("dark", 0), ("light", 200)):
        for number in range(30):
            write_image(folder / "raw" / label / f"{number}.png", shade + number, (32, 32))
    return make_data_folder(folder / "data", source="folders", raw_images=folder / "raw", val_fraction=0.2)


def reds_of_batches(data, runs, *flags) -> list[np.ndarray]:
    """The reds of the images in each batch with which a command recalibrates batch norm."""
    seen: list[np.ndarray] = []

    def record(model, norms, images):
        seen.extend(batch.numpy()[:, 0, 0, 0].astype(float) for batch in images)
        return compute_statistics(model, norms, images)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(recalibration, "compute_statistics", record)
        train_small(data, runs, "--epochs", 1, "--recalibrate-bn", *flags)
    return seen


def test_batches_are_mixed_in_an_order_of_the_seed(sorted_by_class, tmp_path):
    """In the order of the manifest, each batch has one class alone, and its mean is that of its class."""
    reds = reds_of_batches(sorted_by_class, tmp_path / "first")
    every = np.concatenate(reds)
    assert len(set(every)) == 48 and (every > 150).sum() == 24
    assert [len(batch) for batch in reds] == [8] * 6
    assert np.std([batch.mean() for batch in reds]) < 0.5 * every.std(), "sorted, it would be nearly the same"
    other = reds_of_batches(sorted_by_class, tmp_path / "other", "--seed", 7)
    assert not np.array_equal(np.concatenate(other), every)


def test_no_batch_is_much_smaller_than_the_others(sorted_by_class, tmp_path):
    """Batches of 47 and 1 would give the last image the deviation 0 in the deepest maps."""
    reds = reds_of_batches(sorted_by_class, tmp_path, "--batch-size", 47)
    assert [len(batch) for batch in reds] == [24, 24]


@pytest.mark.parametrize("accuracy", [1.0, pytest.param(0.0, marks=pytest.mark.slow)], ids=["better", "worse"])
def test_all_results_tell_the_scores_of_the_best_checkpoint(scenes, tmp_path, caplog, monkeypatch, accuracy):
    caplog.set_level("INFO", "scenelab")
    measure, calls = recalibration._evaluate, []

    def evaluate(*arguments):
        calls.append(measure(*arguments))
        return calls[-1] | ({"accuracy": accuracy, "loss": 0.125} if len(calls) > 1 else {})

    monkeypatch.setattr(recalibration, "_evaluate", evaluate)
    monkeypatch.setattr("classifiers.recipe.draw_results", lambda session: None)
    flags = ("--data", scenes, "--runs", tmp_path, *QUICK, "--epochs", 2, "--recalibrate-bn")
    for _ in range(2):  # the second time it was finished before
        result = recipe.train(RECIPE, settings_of(ClassifierConfig, *flags))
        run = RunFolder(result["run"])
        of_history = max(run.history(), key=CLASSIFIER.score)
        expected = of_history | ({"val_accuracy": 1.0, "val_loss": 0.125} if accuracy else {})
        told = f"Best epoch {int(expected['epoch'])} of 2: validation accuracy {expected['val_accuracy']:.4f}"
        closing = [message for message in caplog.messages if message.startswith("Best epoch")][-1]
        assert closing == told + (", with recalibrated batch norm" if accuracy else "")
        assert result["best"] == run.best_row() == read_run(run).best
        assert result["best"]["val_accuracy"] == pytest.approx(expected["val_accuracy"])
        assert result["best"]["val_loss"] == pytest.approx(expected["val_loss"])
        page = run.report.read_text("utf-8")
        introduction = page[page.index("Validation in its best epoch") :].partition("</p>")[0]
        assert f"accuracy {expected['val_accuracy']:.4g}, " in introduction
        assert f"loss {expected['val_loss']:.4g}" in introduction
        assert ("with recalibrated batch norm" in introduction) == (accuracy == 1)
        assert all(row["val_loss"] != 0.125 for row in run.history()), "the history stays"
