"""Recalibration of batch norm."""

import keras
import numpy as np
import tensorflow as tf

from tests.conftest import train_small
from training.recalibration import compute_statistics, set_statistics, trainable_batch_norms


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
