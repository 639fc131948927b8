"""Scores of predictions where an image may have several labels, and the thresholds that give the best F1.

Truth is bool (images, classes), probabilities are float (images, classes), and a label is predicted if its probability
is at least the threshold of its class.
"""

from typing import NamedTuple

import numpy as np

DEFAULT_THRESHOLD = 0.5

FEWEST_IMAGES = 5
"""Images with a label, and without it, that a threshold needs: from fewer it would be a matter of chance."""

LOWEST_THRESHOLD, HIGHEST_THRESHOLD = 0.01, 0.99


class ClassScores(NamedTuple):
    """Scores of each class, (classes,). The average precision of a class that no image has is NaN."""

    average_precision: np.ndarray
    precision: np.ndarray
    recall: np.ndarray
    f1: np.ndarray
    images: np.ndarray
    predicted: np.ndarray


def average_precisions(truth: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """The average precision of each class, (classes,): the area under its precision-recall curve, as a step curve.

    NaN for classes that no image has. Images with equal probabilities count as one step.
    """
    return np.array([_average_precision(truth[:, label], probabilities[:, label]) for label in range(truth.shape[1])])


def _average_precision(truth: np.ndarray, probability: np.ndarray) -> float:
    if not truth.any():
        return float("nan")
    right, predicted = _counts_by_threshold(truth, probability)[:2]
    steps = np.diff(right, prepend=0)
    return float((steps * right / predicted).sum() / truth.sum())


def _counts_by_threshold(truth: np.ndarray, probability: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For each different probability, the largest first: the images that have the label and at least this probability,
    all images with at least this probability, and the probability."""
    order = np.argsort(-probability, kind="stable")
    probability, right = probability[order], np.cumsum(truth[order])
    ends = np.flatnonzero(np.append(np.diff(probability) != 0, True))
    return right[ends], ends + 1, probability[ends]


def precision_recall_curve(truth: np.ndarray, probability: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Recall and precision at falling thresholds, each (points,), for truth and probabilities (images,) of a class."""
    right, predicted, _ = _counts_by_threshold(truth, probability)
    return right / max(int(truth.sum()), 1), right / predicted


def class_scores(truth: np.ndarray, probabilities: np.ndarray, thresholds: np.ndarray) -> ClassScores:
    """The scores of each class; a quotient of 0 by 0 is 0. `thresholds` are (classes,)."""
    predicted = probabilities >= thresholds
    right, images, given = (truth & predicted).sum(axis=0), truth.sum(axis=0), predicted.sum(axis=0)
    return ClassScores(
        average_precisions(truth, probabilities),
        right / np.maximum(given, 1),
        right / np.maximum(images, 1),
        2 * right / np.maximum(images + given, 1),
        images,
        given,
    )


def label_scores(truth: np.ndarray, probabilities: np.ndarray, thresholds: np.ndarray) -> dict[str, float]:
    """The scores of all classes together.

    `map`: mean average precision. `f1_micro`: the F1 of all decisions; `f1_macro`: the mean F1 of classes that some
    image has. `exact`: the share of images whose labels are all right. `accuracy`: the share of right decisions.
    """
    scores, predicted = class_scores(truth, probabilities, thresholds), probabilities >= thresholds
    occurs, right = scores.images > 0, (truth & predicted).sum()
    average = scores.average_precision[occurs]
    return {
        "map": float(average.mean()) if occurs.any() else 0.0,
        "f1_micro": float(2 * right / max(int(truth.sum() + predicted.sum()), 1)),
        "f1_macro": float(scores.f1[occurs].mean()) if occurs.any() else 0.0,
        "exact": float((truth == predicted).all(axis=1).mean()),
        "accuracy": float((truth == predicted).mean()),
    }


def best_threshold(truth: np.ndarray, probability: np.ndarray) -> float | None:
    """The threshold with the best F1 of a class, for truth and probabilities (images,); None with too few images.

    It is 0.5 if that is as good as any, else the middle between the two probabilities that it separates; of several
    that are as good, the one nearest to 0.5.
    """
    having = int(truth.sum())
    if min(having, len(truth) - having) < FEWEST_IMAGES:
        return None
    right, predicted, values = _counts_by_threshold(truth, probability.astype(np.float64))
    f1 = 2 * right / (predicted + having)
    below = np.append(values[1:], 0.0)
    middles = np.where(
        (below < DEFAULT_THRESHOLD) & (values >= DEFAULT_THRESHOLD), DEFAULT_THRESHOLD, (values + below) / 2
    )
    best = middles[f1 >= f1.max() - 1e-12]
    nearest = best[np.argmin(np.abs(best - DEFAULT_THRESHOLD))]
    return float(np.clip(nearest, LOWEST_THRESHOLD, HIGHEST_THRESHOLD))


def best_thresholds(truth: np.ndarray, probabilities: np.ndarray) -> list[float | None]:
    """`best_threshold` of each class."""
    return [best_threshold(truth[:, label], probabilities[:, label]) for label in range(truth.shape[1])]
