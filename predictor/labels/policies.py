"""How the opinions of several models become one."""

import numpy as np

from predictor.labels.validation import Validation
from settings import SettingError, bad_setting

POLICIES = ("mean", "weighted", "class-weighted", "vote", "max", "geometric", "adaboost")
FROM_VALIDATION = ("weighted", "class-weighted", "adaboost")
"""Policies whose weights come from what each model says of the validation images."""

EPSILON = 1e-6
"""What decides between classes with equal votes: this share of the mean probability."""


def combine(policy: str, probabilities: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    """(members, pictures, classes) -> (pictures, classes), each row adding up to 1.

    `weights` are those of `policy_weights`: (members,), or (members, classes) for class-weighted.
    """
    if policy in ("mean", "weighted"):
        combined = np.average(probabilities, axis=0, weights=weights)
    elif policy == "class-weighted":
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
    """What each member counts: its validation accuracy, its recall of each class, or as AdaBoost would have it.

    Raises SettingError if the members were not validated on the same images.
    """
    if policy not in FROM_VALIDATION:
        return None
    if any(not validation.same_images(validations[0]) for validation in validations):
        allowed = "weighs runs by the same validation images, and these had others; use mean, vote, max or geometric"
        raise SettingError(bad_setting("policy", policy, allowed))
    labels, classes = validations[0].labels, validations[0].probabilities.shape[1]
    right = np.stack([validation.right for validation in validations])
    if policy == "weighted":
        return right.mean(axis=1) + EPSILON
    if policy == "adaboost":
        return adaboost_weights(right, classes)
    of_class = labels[:, None] == np.arange(classes)
    return right.astype(float) @ of_class / np.maximum(of_class.sum(axis=0), 1)


def adaboost_weights(right: np.ndarray, classes: int) -> np.ndarray:
    """SAMME (Zhu et al. 2009, https://doi.org/10.4310/SII.2009.v2.n3.a8) over models that are there already.

    `right` is (members, images), bool. From the best model on, each counts log((1 - error) / error) + log(classes - 1),
    where an image weighs the more the more those before it were wrong about it. Models worse than chance count nothing.
    """
    images = np.full(right.shape[1], 1 / right.shape[1])
    weights = np.zeros(len(right))
    for member in np.argsort(-right.mean(axis=1), kind="stable"):
        error = np.clip(images[~right[member]].sum(), EPSILON, 1 - EPSILON)
        weights[member] = max(np.log((1 - error) / error) + np.log(classes - 1), 0)
        images = images * np.exp(weights[member] * ~right[member])
        images /= images.sum()
    return weights if weights.any() else np.ones(len(right))
