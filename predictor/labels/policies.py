"""Policies that combine the probabilities of several models."""

import numpy as np

from predictor.labels.validation import Validation
from settings import SettingError, bad_setting

POLICIES = ("mean", "weighted", "class-weighted", "vote", "max", "geometric", "adaboost")
WEIGHTED_POLICIES = ("weighted", "class-weighted", "adaboost")
"""Policies whose weights are computed from the predictions of each model for the validation images."""

EPSILON = 1e-6
"""Share of the mean probability that is added to votes, to decide between classes with equal votes."""


def combine(policy: str, probabilities: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    """(members, images, classes) -> (images, classes); each row adds up to 1.

    `weights` come from `policy_weights`: (members,), or (members, classes) for class-weighted.
    """
    if policy in ("mean", "weighted"):
        combined = np.average(probabilities, axis=0, weights=weights)
    elif policy == "class-weighted":
        assert weights is not None, "class-weighted needs weights"
        combined = (probabilities * (weights[:, None, :] + EPSILON)).sum(axis=0)
    elif policy == "max":
        combined = probabilities.max(axis=0)
    elif policy == "geometric":
        combined = np.exp(np.log(np.maximum(probabilities, 1e-12)).mean(axis=0))
    else:  # vote, adaboost
        votes = probabilities.argmax(axis=-1)[..., None] == np.arange(probabilities.shape[-1])
        combined = np.average(votes, axis=0, weights=weights) + EPSILON * probabilities.mean(axis=0)
    return combined / combined.sum(axis=-1, keepdims=True)


def policy_weights(policy: str, validations: list[Validation]) -> np.ndarray | None:
    """The weight of each member: its validation accuracy, its recall of each class, or its AdaBoost weight.

    None for policies without weights. Raises SettingError if the members were validated on different images.
    """
    if policy not in WEIGHTED_POLICIES:
        return None
    if any(not validation.same_images(validations[0]) for validation in validations):
        problem = "needs runs with the same validation images, and these differ; use mean, vote, max or geometric"
        raise SettingError(bad_setting("policy", policy, problem))
    labels, classes = validations[0].labels, validations[0].probabilities.shape[1]
    correct = np.stack([validation.correct for validation in validations])
    if policy == "weighted":
        return correct.mean(axis=1) + EPSILON
    if policy == "adaboost":
        return adaboost_weights(correct, classes)
    one_hot = labels[:, None] == np.arange(classes)
    return correct.astype(float) @ one_hot / np.maximum(one_hot.sum(axis=0), 1)


def adaboost_weights(correct: np.ndarray, classes: int) -> np.ndarray:
    """The weights (members,) of SAMME (Zhu et al. 2009, https://doi.org/10.4310/SII.2009.v2.n3.a8) for trained models.

    `correct` is bool (members, images). Starting with the best model, each has the weight log((1 - error) / error) +
    log(classes - 1). In the error, images that earlier models got wrong count more. A model worse than chance has
    weight 0.
    """
    images = np.full(correct.shape[1], 1 / correct.shape[1])
    weights = np.zeros(len(correct))
    for member in np.argsort(-correct.mean(axis=1), kind="stable"):
        error = np.clip(images[~correct[member]].sum(), EPSILON, 1 - EPSILON)
        weights[member] = max(np.log((1 - error) / error) + np.log(classes - 1), 0)
        images = images * np.exp(weights[member] * ~correct[member])
        images /= images.sum()
    return weights if weights.any() else np.ones(len(correct))
