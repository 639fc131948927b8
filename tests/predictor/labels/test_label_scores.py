"""Scores, thresholds and policies of several labels, against scikit-learn and by trying all thresholds."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, f1_score, precision_score, recall_score

from predictor.labels.label_policies import POLICIES, check_policy, combine_labels, label_weights
from predictor.labels.label_scores import average_precisions, best_threshold, class_scores, label_scores
from predictor.labels.validation import Validation
from settings import SettingError


def predictions(seed: int, images: int = 300, classes: int = 6, digits: int = 2) -> tuple[np.ndarray, np.ndarray]:
    """Truth and probabilities with many equal probabilities. Each class occurs."""
    random = np.random.default_rng(seed)
    truth = random.random((images, classes)) < 0.2
    truth[0] = True
    return truth, np.round(np.clip(random.random((images, classes)) * 0.7 + truth * 0.3, 0, 1), digits)


@pytest.mark.parametrize("seed", range(3))
def test_scores_as_scikit_learn(seed):
    truth, probabilities = predictions(seed)
    thresholds = np.random.default_rng(seed).random(6)
    given = probabilities >= thresholds
    scores = label_scores(truth, probabilities, thresholds)
    assert scores["map"] == pytest.approx(average_precision_score(truth, probabilities, average="macro"), abs=1e-9)
    for average in ("micro", "macro"):
        assert scores[f"f1_{average}"] == pytest.approx(f1_score(truth, given, average=average), abs=1e-9)
    assert scores["exact"] == pytest.approx((truth == given).all(axis=1).mean())
    of_classes = class_scores(truth, probabilities, thresholds)
    np.testing.assert_allclose(
        of_classes.average_precision, average_precision_score(truth, probabilities, average=None)
    )
    np.testing.assert_allclose(of_classes.precision, precision_score(truth, given, average=None, zero_division=0))
    np.testing.assert_allclose(of_classes.recall, recall_score(truth, given, average=None))


def test_classes_without_images_do_not_count():
    truth, probabilities = predictions(3)
    truth[:, 2] = False
    rest = [0, 1, 3, 4, 5]
    assert np.isnan(average_precisions(truth, probabilities)[2])
    scores = label_scores(truth, probabilities, np.full(6, 0.5))
    assert scores["map"] == pytest.approx(average_precision_score(truth[:, rest], probabilities[:, rest]))
    nothing = label_scores(np.zeros((4, 2), bool), np.full((4, 2), 0.1), np.full(2, 0.5))
    assert (nothing["map"], nothing["f1_micro"], nothing["exact"]) == (0, 0, 1)


@pytest.mark.parametrize("seed", range(4))
def test_the_threshold_has_the_best_f1(seed):
    truth, probabilities = predictions(seed, classes=1)
    threshold = best_threshold(truth[:, 0], probabilities[:, 0])
    best = max(f1_score(truth[:, 0], probabilities[:, 0] >= value) for value in np.unique(probabilities))
    assert f1_score(truth[:, 0], probabilities[:, 0] >= threshold) == pytest.approx(best)


def test_thresholds_that_chance_would_decide_stay_at_the_default():
    truth = np.arange(40) < 5
    probability = np.where(truth, 0.9, 0.2)
    assert best_threshold(truth, probability) == 0.5, "0.5 is as good as any"
    assert best_threshold(truth, probability / 10) == pytest.approx(0.055)
    assert best_threshold(truth, probability / 1000) == 0.01, "the lowest one"
    assert best_threshold(np.arange(40) < 4, probability) is None
    assert best_threshold(~(np.arange(40) < 4), probability) is None


def test_policies():
    probabilities = np.array([[[0.2, 0.9]], [[0.6, 0.9]]])
    np.testing.assert_allclose(combine_labels("mean", probabilities), [[0.4, 0.9]])
    np.testing.assert_allclose(combine_labels("max", probabilities), [[0.6, 0.9]])
    logits = np.log([0.2 / 0.8, 0.6 / 0.4])
    np.testing.assert_allclose(combine_labels("geometric", probabilities), [[1 / (1 + np.exp(-logits.mean())), 0.9]])
    truth, good = predictions(0)
    bad = np.random.default_rng(5).random(good.shape)
    validations = [Validation((), truth, values) for values in (good, bad)]
    for policy, is_same in (("weighted", True), ("class-weighted", False)):
        weights = label_weights(policy, validations)
        assert (weights[0] > weights[1]).all() and bool(np.ptp(weights[0]) < 1e-9) == is_same
        np.testing.assert_allclose(weights.sum(axis=0), 1)
        combined = combine_labels(policy, np.stack([good, bad]), weights)
        np.testing.assert_allclose(combined[0, 0], weights[0, 0] * good[0, 0] + weights[1, 0] * bad[0, 0])
    for policy in POLICIES:
        check_policy(policy)
    with pytest.raises(SettingError, match="votes for one class per image"):
        check_policy("adaboost")
