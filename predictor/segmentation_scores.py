"""Scores of a segmentation, computed from its confusion matrix."""

from dataclasses import dataclass

import numpy as np

from datatransformer.masks.classes import VOID


@dataclass(frozen=True)
class SegmentationScores:
    """Scores of 0..1. Scores of each class are float64 (classes,).

    A class that occurs in neither the true nor the predicted masks has NaN and is left out of the means. A class that
    occurs in only one of them has 0 in all four scores, as in scikit-learn. Accuracies without any pixels are NaN.
    """

    iou: np.ndarray
    precision: np.ndarray
    recall: np.ndarray
    dice: np.ndarray
    accuracy: float
    accuracy_with_void: float
    mean_iou: float
    mean_precision: float
    mean_recall: float
    mean_dice: float


def segmentation_scores(matrix: np.ndarray, void_pixels: int = 0) -> SegmentationScores:
    """The scores of a confusion matrix (classes, classes) of pixels by true class (row) and predicted class (column).

    `void_pixels` is the number of pixels that are not in the matrix; `accuracy_with_void` counts them as wrong.
    """
    correct = np.diag(matrix).astype(np.float64)
    true, predicted = matrix.sum(axis=1), matrix.sum(axis=0)
    occurs = true + predicted > 0

    def share(part: np.ndarray, total: np.ndarray) -> np.ndarray:
        return np.where(occurs, part / np.maximum(total, 1), np.nan)

    def mean(scores: np.ndarray) -> float:
        return float(scores[occurs].mean()) if occurs.any() else np.nan

    iou, dice = share(correct, true + predicted - correct), share(2 * correct, true + predicted)
    precision, recall = share(correct, predicted), share(correct, true)
    return SegmentationScores(
        iou=iou,
        precision=precision,
        recall=recall,
        dice=dice,
        accuracy=_ratio(correct.sum(), matrix.sum()),
        accuracy_with_void=_ratio(correct.sum(), matrix.sum() + void_pixels),
        mean_iou=mean(iou),
        mean_precision=mean(precision),
        mean_recall=mean(recall),
        mean_dice=mean(dice),
    )


def _ratio(part: float, total: float) -> float:
    return float(part / total) if total else np.nan


def confusion(truth: np.ndarray, mask: np.ndarray, classes: int) -> tuple[np.ndarray, int]:
    """The confusion matrix (classes, classes) of a true and a predicted mask, and the number of void pixels."""
    counted = truth != VOID
    pairs = truth[counted].astype(np.int64) * classes + mask[counted]
    matrix = np.bincount(pairs, minlength=classes * classes).reshape(classes, classes)
    return matrix, int((~counted).sum())
