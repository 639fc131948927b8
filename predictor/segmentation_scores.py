"""The scores of a segmentation from its confusion matrix."""

from dataclasses import dataclass

import numpy as np

from datatransformer.mask_classes import VOID


@dataclass(frozen=True)
class SegmentationScores:
    """Scores of 0..1; those a class are (classes,) float64.

    A class that occurs neither in the truth nor in the prediction has NaN and no part in the means. One that occurs in
    only one of them has 0 in all four scores, as scikit-learn has it. Accuracies of no pixels are NaN.
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


def scores(matrix: np.ndarray, void_pixels: int = 0) -> SegmentationScores:
    """Of a matrix of pixels by true class (row) and predicted class (column), (classes, classes).

    `void_pixels` are not in the matrix; `accuracy_with_void` counts them as wrong.
    """
    right = np.diag(matrix).astype(np.float64)
    true, predicted = matrix.sum(axis=1), matrix.sum(axis=0)
    occurs = true + predicted > 0

    def of_classes(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
        return np.where(occurs, part / np.maximum(whole, 1), np.nan)

    of_each = {
        "iou": of_classes(right, true + predicted - right),
        "precision": of_classes(right, predicted),
        "recall": of_classes(right, true),
        "dice": of_classes(2 * right, true + predicted),
    }
    return SegmentationScores(
        **of_each,
        **{
            f"mean_{name}": float(values[occurs].mean()) if occurs.any() else np.nan for name, values in of_each.items()
        },
        accuracy=_share(right.sum(), matrix.sum()),
        accuracy_with_void=_share(right.sum(), matrix.sum() + void_pixels),
    )


def _share(part: float, whole: float) -> float:
    return float(part / whole) if whole else np.nan


def confusion(truth: np.ndarray, mask: np.ndarray, classes: int) -> tuple[np.ndarray, int]:
    """(classes, classes) pixels by true class (row) and predicted class (column), and how many are void."""
    counted = truth != VOID
    codes = truth[counted].astype(np.int64) * classes + mask[counted]
    matrix = np.bincount(codes, minlength=classes * classes).reshape(classes, classes)
    return matrix, int((~counted).sum())
