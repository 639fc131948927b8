"""Metrics of segmentation against scikit-learn, over batches of different sizes."""

import keras
import numpy as np
import pytest
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score, jaccard_score, precision_score, recall_score

from layers.losses import SegmentationLoss
from layers.metrics import ConfusionMatrix, MeanIoU, PixelAccuracy, PixelAccuracyWithVoid
from layers.saved import load_saved_model
from predictor.segmentation_scores import segmentation_scores

CLASSES = 5
RANDOM = np.random.default_rng(2)
TARGETS = RANDOM.choice([0, 1, 2, 255], size=(5, 6, 7), p=[0.5, 0.3, 0.1, 0.1])  # classes 3 and 4 do not occur ...
LOGITS = RANDOM.normal(size=(5, 6, 7, CLASSES)).astype("float32")
LOGITS[..., 4] = -9  # ... and 4 is never predicted
COUNTED = TARGETS != 255
TRUE, PREDICTED = TARGETS[COUNTED], LOGITS.argmax(-1)[COUNTED]
MATRIX = confusion_matrix(TRUE, PREDICTED, labels=range(CLASSES))


def over_batches(metric):
    for batch in (slice(0, 2), slice(2, 4), slice(4, 5)):
        metric.update_state(TARGETS[batch].astype("uint8"), LOGITS[batch])
    return np.asarray(metric.result())


def test_the_matrix_equals_scikit_learn():
    metric = ConfusionMatrix(CLASSES)
    np.testing.assert_array_equal(over_batches(metric), MATRIX)
    metric.reset_state()
    assert not np.asarray(metric.result()).any()


EXPECTED = {
    "accuracy": accuracy_score(TRUE, PREDICTED),
    "accuracy_with_void": (TRUE == PREDICTED).sum() / TARGETS.size,
    "mean_iou": jaccard_score(TRUE, PREDICTED, average="macro"),  # of the classes that occur
}
METRICS = [PixelAccuracy, PixelAccuracyWithVoid, lambda: MeanIoU(CLASSES)]


@pytest.mark.parametrize("make", METRICS)
def test_metrics_are_those_of_the_complete_data_set(make):
    np.testing.assert_allclose(over_batches(make()), EXPECTED[make().name], rtol=1e-6)


@pytest.mark.parametrize("make", METRICS)
def test_void_alone_scores_0(make):
    metric = make()
    assert metric.result() == 0
    metric.update_state(np.full((1, 2, 2), 255), LOGITS[:1, :2, :2])
    assert metric.result() == 0


def test_counts_are_exact_beyond_float32():
    matrix, accuracy = ConfusionMatrix(1), PixelAccuracy()
    matrix.matrix.assign([[2**31]])
    accuracy.right.assign(2**31)
    for metric in (matrix, accuracy):
        metric.update_state(np.zeros((1, 1, 3)), np.zeros((1, 1, 3, 1)))
    assert np.asarray(matrix.result()) == np.asarray(accuracy.right) == 2**31 + 3


def test_an_unknown_class_index_is_refused():
    with pytest.raises(Exception, match="out of range"):
        ConfusionMatrix(2).update_state(np.full((1, 1, 1), 7), np.zeros((1, 1, 1, 2)))


@pytest.mark.parametrize("policy", ["float32", "mixed_float16"])
def test_a_saved_model_contains_them(tmp_path, policy):
    model = keras.Sequential([keras.Input((None, None, CLASSES)), keras.layers.Activation("linear", dtype=policy)])
    model.compile(loss=SegmentationLoss(), metrics=[make() for make in METRICS])
    model.save(tmp_path / "model.keras")
    logits = LOGITS.astype("float16").astype("float32")  # so that rounding makes no two equal
    for each in (model, load_saved_model(tmp_path / "model.keras", compiled=True)):
        measured = each.evaluate(logits, TARGETS, batch_size=2, verbose=0, return_dict=True)
        assert {name: measured[name] for name in EXPECTED} == pytest.approx(EXPECTED, rel=1e-6)


def test_weights_are_refused():
    with pytest.raises(ValueError, match="Use it in `metrics`"):
        PixelAccuracy().update_state(TARGETS, LOGITS, sample_weight=COUNTED)


def test_configurations_restore_their_metric():
    for metric in (ConfusionMatrix(3), MeanIoU(4, name="iou"), PixelAccuracy(), PixelAccuracyWithVoid()):
        again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(metric))
        assert type(again) is type(metric) and again.get_config() == metric.get_config()


def test_scores_of_a_matrix_equal_scikit_learn():
    found = segmentation_scores(MATRIX, void_pixels=int((~COUNTED).sum()))
    of_classes = {"iou": jaccard_score, "precision": precision_score, "recall": recall_score, "dice": f1_score}
    for name, score in of_classes.items():
        expected = score(TRUE, PREDICTED, labels=range(4), average=None, zero_division=0)
        np.testing.assert_allclose(getattr(found, name), [*expected, np.nan])
        np.testing.assert_allclose(getattr(found, f"mean_{name}"), expected.mean())
    for name, expected in EXPECTED.items():
        np.testing.assert_allclose(getattr(found, name), expected)


def test_scores_without_pixels_are_nan():
    found = segmentation_scores(np.zeros((2, 2), int))
    assert np.isnan([found.accuracy, found.accuracy_with_void, found.mean_iou, *found.iou]).all()
    assert segmentation_scores(np.zeros((2, 2), int), void_pixels=3).accuracy_with_void == 0
