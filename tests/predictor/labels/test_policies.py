"""Policies agree with numbers computed by hand, and the weights of AdaBoost with the formula of scikit-learn."""

import numpy as np
import pytest

from predictor.labels.policies import POLICIES, adaboost_weights, combine, policy_weights
from predictor.labels.validation import Validation
from settings import SettingError

OPINIONS = np.array([
    [[0.6, 0.3, 0.1], [0.2, 0.5, 0.3]],
    [[0.1, 0.8, 0.1], [0.3, 0.4, 0.3]],
    [[0.5, 0.4, 0.1], [0.0, 0.1, 0.9]],
])  # fmt: skip


def normalised(values) -> np.ndarray:
    values = np.asarray(values, float)
    return values / values.sum(axis=-1, keepdims=True)


@pytest.mark.parametrize(
    ("policy", "weights", "expected"),
    [
        ("mean", None, [[0.4, 0.5, 0.1], [0.5 / 3, 1 / 3, 0.5]]),
        ("weighted", [1, 2, 1], [[0.325, 0.575, 0.1], [0.2, 0.35, 0.45]]),
        ("class-weighted", [[1, 0, 0], [0, 1, 0], [0, 0, 1]], normalised([[0.6, 0.8, 0.1], [0.2, 0.4, 0.9]])),
        ("vote", None, [[2 / 3, 1 / 3, 0], [0, 2 / 3, 1 / 3]]),
        ("max", None, normalised([[0.6, 0.8, 0.1], [0.3, 0.5, 0.9]])),
        ("geometric", None, normalised(np.cbrt([[0.03, 0.096, 0.001], [6e-14, 0.02, 0.081]]))),
        ("adaboost", [1, 3, 1], [[0.4, 0.6, 0], [0, 0.8, 0.2]]),
    ],
)
def test_by_hand(policy, weights, expected):
    combined = combine(policy, OPINIONS, None if weights is None else np.array(weights, float))
    np.testing.assert_allclose(combined, expected, atol=2e-5)
    np.testing.assert_allclose(combined.sum(axis=1), 1)


@pytest.mark.parametrize("policy", POLICIES)
def test_members_that_agree_are_believed(policy):
    same = np.stack([OPINIONS[0]] * 3)
    validations = [Validation(("a", "b"), np.array([0, 1]), OPINIONS[0])] * 3
    assert (combine(policy, same, policy_weights(policy, validations)).argmax(axis=1) == [0, 1]).all()


def test_equal_votes_are_decided_by_probability():
    assert combine("vote", np.array([[[0.9, 0.1]], [[0.45, 0.55]]])).argmax() == 0


def test_weights_from_validation():
    labels = np.array([0, 0, 1, 1])
    right_on_0 = Validation(tuple("abcd"), labels, np.array([[0.9, 0.1]] * 4))
    all_right = Validation(tuple("abcd"), labels, np.eye(2)[labels])
    np.testing.assert_allclose(policy_weights("weighted", [right_on_0, all_right]), [0.5, 1], atol=1e-5)
    np.testing.assert_array_equal(policy_weights("class-weighted", [right_on_0, all_right]), [[1, 0], [1, 1]])
    assert policy_weights("mean", [right_on_0]) is None
    elsewhere = Validation(tuple("abce"), labels, np.eye(2)[labels])
    with pytest.raises(SettingError, match="use mean, vote"):
        policy_weights("weighted", [right_on_0, elsewhere])


def test_adaboost_looks_at_what_those_before_got_wrong():
    right = np.ones((3, 10), bool)
    right[0, :2] = False  # the best of all
    right[1, 2:5] = False  # knows what the first does not
    right[2, :4] = False  # does not
    weights = adaboost_weights(right, classes=5)
    first = np.log(0.8 / 0.2) + np.log(4)
    images = np.where(right[0], 0.1, 0.1 * np.exp(first))
    error = images[2:5].sum() / images.sum()
    np.testing.assert_allclose(weights[:2], [first, np.log((1 - error) / error) + np.log(4)])
    assert weights[1] > weights[2] >= 0
    np.testing.assert_array_equal(adaboost_weights(np.zeros((2, 5), bool), 3), [1, 1])
