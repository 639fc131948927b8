"""Policies that combine several models where an image may have several labels: each label is decided by itself."""

import numpy as np

from predictor.labels.label_scores import average_precisions
from predictor.labels.validation import Validation
from settings import SettingError, bad_setting

POLICIES = ("mean", "weighted", "class-weighted", "max", "geometric")

SMALLEST = 1e-7
"""Probabilities are kept this far from 0 and 1, so that their logarithms and weights are finite."""


def check_policy(policy: str) -> None:
    """Raises SettingError for a policy in which each model votes for one class."""
    if policy not in POLICIES:
        problem = f"votes for one class per image, but here an image may have several labels; use {', '.join(POLICIES)}"
        raise SettingError(bad_setting("policy", policy, problem))


def combine_labels(policy: str, probabilities: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    """(members, images, classes) -> (images, classes), each of 0..1. `weights` come from `label_weights`.

    `geometric` is the mean of the logits: the geometric means of a label's probability and of its complement, scaled
    to the sum 1.
    """
    if policy == "max":
        return probabilities.max(axis=0)
    if policy == "geometric":
        clipped = np.clip(probabilities.astype(np.float64), SMALLEST, 1 - SMALLEST)
        return 1 / (1 + np.exp(-np.log(clipped / (1 - clipped)).mean(axis=0)))
    if weights is None:
        return probabilities.mean(axis=0)
    return (probabilities * weights[:, None, :]).sum(axis=0)


def label_weights(policy: str, validations: list[Validation]) -> np.ndarray | None:
    """The weight of each member for each class, (members, classes), with the sum 1 over the members; None if equal.

    weighted: by mean average precision; class-weighted: by the average precision of each class.
    """
    if policy not in ("weighted", "class-weighted"):
        return None
    precisions = np.stack(
        [average_precisions(validation.labels, validation.probabilities) for validation in validations]
    )
    weights = np.nan_to_num(precisions) + SMALLEST
    if policy == "weighted":
        weights = np.broadcast_to(weights.mean(axis=1, keepdims=True), weights.shape)
    return weights / weights.sum(axis=0)
