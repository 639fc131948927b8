"""The focal loss of classifiers against Keras's and its formula; no loss loses its gradient where a model is wrong."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from classifiers.objective import make_objective
from layers.elbo import cross_entropy
from layers.focal import CategoricalFocalLoss
from layers.losses import SegmentationLoss
from layers.multilabel import LabelCrossEntropy
from layers.saved import load_saved_model

CLASSES = 4
LOGITS = np.random.default_rng(2).normal(0, 3, (50, CLASSES)).astype(np.float32)
TARGETS = np.eye(CLASSES, dtype=np.float32)[np.random.default_rng(3).integers(0, CLASSES, 50)]
KERAS = {"alpha": 1.0, "gamma": 2.0, "from_logits": True}


def gradient_of(loss, targets, logits) -> np.ndarray:
    variable = tf.Variable(logits)
    with tf.GradientTape() as tape:
        value = tf.reduce_sum(loss(targets, variable))
    return tape.gradient(value, variable).numpy()


def analytic_gradient(targets: np.ndarray, logits: np.ndarray) -> np.ndarray:
    """d/dz of -(1 - p)^2 log p, where p is the softmax of the target: (1 - p) (2 p log p - (1 - p)) (target - softmax).

    In float64, with 1 - p as the sum of the other probabilities.
    """
    shifted = logits.astype(np.float64) - logits.max(axis=-1, keepdims=True)
    softmax = np.exp(shifted) / np.exp(shifted).sum(axis=-1, keepdims=True)
    p = (targets * softmax).sum(axis=-1, keepdims=True)
    wrong = ((1 - targets) * softmax).sum(axis=-1, keepdims=True)
    others = targets * wrong - (1 - targets) * softmax  # target - softmax
    return wrong * (2 * p * np.log(p) - wrong) * others


def test_equals_that_of_keras_in_its_range():
    expected = keras.losses.CategoricalFocalCrossentropy(**KERAS, reduction=None)(TARGETS, LOGITS)
    np.testing.assert_allclose(CategoricalFocalLoss(reduction=None)(TARGETS, LOGITS), expected, rtol=1e-5, atol=1e-6)


def test_the_gradient_is_the_analytic_one():
    gradient = gradient_of(CategoricalFocalLoss(reduction=None), TARGETS, LOGITS)
    np.testing.assert_allclose(gradient, analytic_gradient(TARGETS, LOGITS), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("nats", [10, 30, 80])
def test_an_image_that_is_very_wrong_has_a_gradient(nats):
    targets, logits = np.eye(2, dtype=np.float32)[:1], np.array([[0, nats]], np.float32)
    assert float(CategoricalFocalLoss()(targets, logits)) == pytest.approx(nats, rel=1e-3)
    gradient = gradient_of(CategoricalFocalLoss(), targets, logits)
    np.testing.assert_allclose(gradient, analytic_gradient(targets, logits), rtol=1e-5)
    np.testing.assert_allclose(gradient, [[-1, 1]], rtol=2e-3)
    keras_gradient = gradient_of(keras.losses.CategoricalFocalCrossentropy(**KERAS), targets, logits)
    assert (nats > 16) == (not keras_gradient.any()), "Keras's has none any more: the reason for this class"


@pytest.mark.parametrize("name", ["ce", "focal"])
def test_the_losses_of_commands_have_a_gradient_at_30_nats(name):
    """Softmax and sigmoid, and the pixels of masks and of the auto-encoder."""
    wrong = np.array([[0, 30]], np.float32)
    gradients = [gradient_of(make_objective(name, 0.0, 2).loss(), np.eye(2, dtype=np.float32)[:1], wrong)[0]]
    pixel = gradient_of(SegmentationLoss([name]), np.zeros((1, 1, 1), np.int64), wrong[None, None])
    gradients.append(pixel.ravel())
    labels = LabelCrossEntropy(gamma=2.0 if name == "focal" else 0.0)
    gradients.append(2 * gradient_of(labels, np.array([[1, 0]], np.float32), np.array([[-30, 30]], np.float32))[0])
    values = np.array([1, 0], np.float32)
    gradients.append(gradient_of(cross_entropy, values, np.array([-30, 30], np.float32)))
    np.testing.assert_allclose(gradients, [[-1, 1]] * 4, rtol=1e-5)


def test_the_focal_loss_of_labels_is_the_formula_at_all_logits():
    """In float64, with 1 - p as the sigmoid of the negative logit. At +-80 probabilities are 0 or 1 in float32."""
    logits = np.linspace(-80, 80, 81, dtype=np.float32)[:, None]
    z = logits.astype(np.float64)[:, 0]
    expected = np.logaddexp(0, -z) / (1 + np.exp(z)) ** 2
    loss = LabelCrossEntropy(gamma=2.0, reduction=None)
    np.testing.assert_allclose(loss(np.ones_like(logits), logits), expected, rtol=1e-4, atol=1e-30)
    np.testing.assert_allclose(loss(np.zeros_like(logits), -logits), expected, rtol=1e-4, atol=1e-30)
    assert np.isfinite(gradient_of(loss, np.ones_like(logits), logits)).all()


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize("loss", [CategoricalFocalLoss(reduction=None), LabelCrossEntropy(gamma=2.0, reduction=None)])
def test_16_bits_are_cast_to_float32_first(loss, dtype):
    logits = tf.cast(LOGITS, dtype)
    for call in (loss, loss.call):
        value = call(TARGETS, logits)
        assert value.dtype == "float32"
        np.testing.assert_allclose(value, loss(TARGETS, tf.cast(logits, "float32")), rtol=1e-6)


def test_weights_of_images_count():
    weights = np.arange(50, dtype=np.float32)
    each = CategoricalFocalLoss(reduction=None)(TARGETS, LOGITS).numpy()
    weighted = CategoricalFocalLoss()(TARGETS, LOGITS, sample_weight=weights)
    assert float(weighted) == pytest.approx((each * weights).mean(), rel=1e-5)


@pytest.mark.parametrize(
    "loss", [CategoricalFocalLoss(), keras.losses.CategoricalFocalCrossentropy(**KERAS)], ids=["ours", "old"]
)
def test_a_saved_model_is_loaded_with_its_loss(loss, tmp_path):
    """Runs of older versions name Keras's class."""
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(CLASSES)])
    model.compile("sgd", loss)
    inputs = np.random.default_rng(4).normal(size=(50, 3)).astype(np.float32)
    model.fit(inputs, TARGETS, verbose=0)
    model.save(tmp_path / "model.keras")
    loaded = load_saved_model(tmp_path / "model.keras", compiled=True)
    assert type(loaded.loss) is type(loss)
    assert loaded.evaluate(inputs, TARGETS, verbose=0) == pytest.approx(model.evaluate(inputs, TARGETS, verbose=0))
