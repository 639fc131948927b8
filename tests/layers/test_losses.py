"""Losses of segmentation against NumPy, and inside a model."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from sklearn.metrics import accuracy_score, jaccard_score

from layers.losses import OVERLAP_TERMS, PIXEL_TERMS, SegmentationLoss
from layers.saved import load_saved_model
from segmentation.loss_names import LOSSES, parse_loss
from tests.conftest import run_code

TERMS = ["ce", "dice", "jaccard", "focal"]
TARGETS = np.array([[[0, 1], [1, 255]], [[0, 0], [255, 1]]])  # class 2 does not occur
LOGITS = np.random.default_rng(1).normal(size=(2, 2, 2, 3)).astype("float32")
COUNTED = TARGETS != 255
IDS = TARGETS[COUNTED]  # (6,)
PROBABILITIES = (np.exp(LOGITS) / np.exp(LOGITS).sum(-1, keepdims=True))[COUNTED]  # (6, 3)
OF_TARGET = PROBABILITIES[np.arange(len(IDS)), IDS]
WEIGHTS = [0.5, 2.0, 7.0]


def overlap(of):
    """1 - the mean over classes 0 and 1 of a score of the intersection and both areas."""
    areas = [(PROBABILITIES[k == IDS, k].sum(), PROBABILITIES[:, k].sum(), (k == IDS).sum()) for k in (0, 1)]
    return 1 - np.mean([of(*area) for area in areas])


EXPECTED = {
    "ce": -np.log(OF_TARGET).mean(),
    "focal": -((1 - OF_TARGET) ** 2 * np.log(OF_TARGET)).mean(),
    "dice": overlap(lambda both, predicted, true: 2 * both / (predicted + true)),
    "jaccard": overlap(lambda both, predicted, true: both / (predicted + true - both)),
}


@pytest.mark.parametrize("term", TERMS)
def test_each_term_equals_its_formula(term):
    np.testing.assert_allclose(SegmentationLoss([term])(TARGETS, LOGITS), EXPECTED[term], rtol=1e-5)


@pytest.mark.parametrize("term", ["ce", "focal"])
def test_weights_do_not_change_the_denominator(term):
    of_pixels = -np.log(OF_TARGET) * (1 if term == "ce" else (1 - OF_TARGET) ** 2)
    expected = (of_pixels * np.array(WEIGHTS)[IDS]).sum() / 6
    np.testing.assert_allclose(SegmentationLoss([term], WEIGHTS)(TARGETS, LOGITS), expected, rtol=1e-5)


def test_terms_are_added():
    np.testing.assert_allclose(SegmentationLoss(TERMS)(TARGETS, LOGITS), sum(EXPECTED.values()), rtol=1e-5)


def test_cross_entropy_equals_keras_without_void():
    targets = np.where(COUNTED, TARGETS, 2)
    keras_loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    np.testing.assert_allclose(SegmentationLoss(["ce"])(targets, LOGITS), keras_loss(targets, LOGITS), rtol=1e-6)


@pytest.mark.parametrize("term", TERMS)
def test_a_certain_and_correct_prediction_has_no_loss(term):
    certain = np.eye(3, dtype="float32")[np.where(COUNTED, TARGETS, 2)] * 100
    np.testing.assert_allclose(SegmentationLoss([term])(TARGETS, certain), 0, atol=1e-6)


@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_void_alone_has_no_loss_and_no_gradient(dtype):
    logits = tf.Variable(tf.cast(LOGITS, dtype))
    with tf.GradientTape() as tape:
        loss = SegmentationLoss(TERMS, WEIGHTS)(np.full_like(TARGETS, 255), logits)
    assert loss == 0 and loss.dtype == "float32"
    np.testing.assert_array_equal(tape.gradient(loss, logits), np.zeros_like(LOGITS))


def test_void_pixels_have_no_gradient_and_others_have_one_in_float16():
    logits = tf.Variable(LOGITS.astype("float16") * 30)
    with tf.GradientTape() as tape:
        loss = SegmentationLoss(TERMS)(TARGETS, logits)
    gradient = np.abs(tape.gradient(loss, logits)).sum(-1)
    assert np.isfinite(gradient).all() and not gradient[~COUNTED].any() and gradient.any()


def test_wrong_arguments_are_refused():
    for terms in ([], ["mse"]):
        with pytest.raises(ValueError, match="ce, focal, dice, jaccard"):
            SegmentationLoss(terms)
    with pytest.raises(ValueError, match="3 classes need a weight each"):
        SegmentationLoss(["ce"], [1, 2])(TARGETS, LOGITS)


def compiled(terms, weights=None) -> keras.Model:
    model = keras.Sequential([keras.Input((None, None, 3)), keras.layers.Conv2D(3, 1, kernel_initializer="ones")])
    model.compile(keras.optimizers.SGD(0.1), SegmentationLoss(terms, weights))
    return model


def test_a_saved_model_contains_its_loss(tmp_path):
    model = compiled(TERMS, WEIGHTS)
    model.fit(LOGITS, TARGETS, verbose=0)
    model.save(tmp_path / "model.keras")
    loaded = load_saved_model(tmp_path / "model.keras", compiled=True)
    assert loaded.loss.get_config() == model.loss.get_config()
    expected = SegmentationLoss(TERMS, WEIGHTS)(TARGETS, model(LOGITS))
    np.testing.assert_allclose(loaded.evaluate(LOGITS, TARGETS, verbose=0), expected, rtol=1e-5)


def test_two_devices_average_their_losses():
    code = f"""
import keras, numpy as np, tensorflow as tf
tf.config.set_logical_device_configuration(tf.config.list_physical_devices("CPU")[0],
                                           [tf.config.LogicalDeviceConfiguration()] * 2)
from layers.losses import SegmentationLoss
from layers.metrics import MeanIoU, PixelAccuracy
targets, logits = np.array({TARGETS.tolist()}), np.array({LOGITS.tolist()}, "float32")
with tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]).scope():
    model = keras.Sequential([keras.Input((2, 2, 3)), keras.layers.Activation("linear", dtype="float16")])
    model.compile("sgd", SegmentationLoss({TERMS}), metrics=[PixelAccuracy(), MeanIoU(3)])
    print(*model.evaluate(tf.data.Dataset.from_tensor_slices((logits, targets)).batch(2), verbose=0), sep=",")
"""
    done = run_code(code)
    assert done.code == 0, done.err[-2000:]
    loss, accuracy, mean_iou = map(float, done.out.split(","))
    halves = [SegmentationLoss(TERMS)(TARGETS[i : i + 1], LOGITS[i : i + 1]) for i in (0, 1)]
    np.testing.assert_allclose(loss, np.mean(halves), rtol=2e-3)
    np.testing.assert_allclose(accuracy, accuracy_score(IDS, PROBABILITIES.argmax(-1)), rtol=1e-6)
    np.testing.assert_allclose(mean_iou, jaccard_score(IDS, PROBABILITIES.argmax(-1), average="macro"), rtol=1e-6)


def test_names_of_losses_are_parsed_without_keras():
    assert parse_loss("ce+dice") == ("ce", "dice") and parse_loss(" focal ") == ("focal",)
    for wrong in ("", "ce+", "mse", "ce+ce"):
        with pytest.raises(ValueError, match="ce, dice, jaccard, focal"):
            parse_loss(wrong)
    assert set(LOSSES) == {*PIXEL_TERMS, *OVERLAP_TERMS}
    code = "import sys, segmentation.loss_names; assert not {'keras', 'tensorflow'} & set(sys.modules)"
    assert run_code(code).code == 0
