"""The loss and the accuracy of several labels, against Keras's own and by hand."""

import keras
import numpy as np
import pytest

from layers.multilabel import LabelAccuracy, LabelCrossEntropy

TARGETS = np.array([[1, 0, 1], [0, 0, 1], [0.3, 0.7, 0]], np.float32)
LOGITS = np.array([[2.0, -1.0, 0.5], [30.0, -30.0, 0.0], [-0.2, 1.5, -40.0]], np.float32)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_as_keras(smoothing):
    expected = keras.losses.BinaryCrossentropy(from_logits=True, label_smoothing=smoothing, reduction=None)
    ours = LabelCrossEntropy(label_smoothing=smoothing, reduction=None)
    np.testing.assert_allclose(ours(TARGETS, LOGITS), expected(TARGETS, LOGITS), rtol=1e-5)


def test_focal_as_keras():
    expected = keras.losses.BinaryFocalCrossentropy(gamma=2, from_logits=True, reduction=None)
    ours = LabelCrossEntropy(gamma=2, reduction=None)
    np.testing.assert_allclose(ours(TARGETS[:1], LOGITS[:1]), expected(TARGETS[:1], LOGITS[:1]), rtol=1e-4)


def test_weights_count_for_images_with_the_label():
    weighted, plain = (LabelCrossEntropy(weights, reduction=None) for weights in ([3.0, 1.0, 1.0], None))
    first = np.array([[1, 0, 0], [0, 0, 0]], np.float32)
    logits = np.array([[0.3, 0, 0], [0.3, 0, 0]], np.float32)
    extra = 2 * np.log1p(np.exp(-0.3)) / 3
    np.testing.assert_allclose(weighted(first, logits) - plain(first, logits), [extra, 0], atol=1e-6)


def test_a_model_with_it_is_saved_and_loaded(tmp_path):
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3)])
    model.compile("sgd", LabelCrossEntropy([1, 2, 3], 0.1, 2.0), metrics=[LabelAccuracy()])
    inputs = np.ones((3, 2), np.float32)
    before = model.evaluate(inputs, TARGETS, verbose=0, return_dict=True)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert loaded.evaluate(inputs, TARGETS, verbose=0, return_dict=True) == pytest.approx(before)


def test_accuracy_is_the_share_of_right_decisions():
    metric = LabelAccuracy()
    metric.update_state(TARGETS[:2], LOGITS[:2])
    assert float(metric.result()) == pytest.approx(5 / 6)
    metric.update_state(TARGETS[2:], LOGITS[2:])
    assert float(metric.result()) == pytest.approx(8 / 9), "a mixed label of 0.7 is a yes"
