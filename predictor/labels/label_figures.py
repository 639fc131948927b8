"""Figures about the predictions of several labels per image: curves, scores of each class, labels that co-occur."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from plots.multilabel import draw_co_occurrence, draw_precision_recall
from plots.scores import draw_scores
from predictor.labels.label_scores import class_scores, precision_recall_curve
from storage.tables import printable, write_table

FIGURES = ("precision_recall", "label_scores", "co_occurrence")


def draw_label_figures(
    truth: np.ndarray, probabilities: np.ndarray, thresholds: np.ndarray, classes: Sequence[str], folder: Path
) -> None:
    """Draws FIGURES into the folder, each with a CSV of its numbers.

    Arguments:
        truth: bool (images, classes).
        probabilities: (images, classes).
        thresholds: (classes,).
    """
    scores, predicted = class_scores(truth, probabilities, thresholds), probabilities >= thresholds
    curves = [precision_recall_curve(truth[:, label], probabilities[:, label]) for label in range(len(classes))]
    chosen = np.stack([scores.recall, scores.precision], axis=1)
    chosen[scores.predicted == 0] = np.nan
    path = folder / "precision_recall.png"
    draw_precision_recall(curves, scores.average_precision, chosen, classes, path)
    write_table(
        path.with_suffix(".csv"),
        ("class", "recall", "precision"),
        (
            (printable(name), f"{recall:.6g}", f"{precision:.6g}")
            for name, curve in zip(classes, curves, strict=True)
            for recall, precision in zip(*curve, strict=True)
        ),
    )
    overall = ("average precision", scores.average_precision)
    draw_scores(classes, overall, scores.precision, scores.recall, folder / "label_scores.png")
    write_class_table(classes, truth, probabilities, thresholds, folder / "label_scores.csv")
    counts = [matrix.astype(np.int64).T @ matrix for matrix in (truth, predicted)]
    draw_co_occurrence(counts[0], counts[1], classes, folder / "co_occurrence.png")


def write_class_table(
    classes: Sequence[str], truth: np.ndarray, probabilities: np.ndarray, thresholds: np.ndarray, path: Path
) -> None:
    """A row per class: its scores, its threshold, and the images that have it, truly and as predicted."""
    scores = class_scores(truth, probabilities, thresholds)
    rows = (
        (printable(name), _cell(scores.average_precision[label]), f"{thresholds[label]:.6g}",
         *(f"{values[label]:.6f}" for values in (scores.precision, scores.recall, scores.f1)),
         scores.images[label], scores.predicted[label])
        for label, name in enumerate(classes)
    )  # fmt: skip
    header = ("class", "average_precision", "threshold", "precision", "recall", "f1", "images", "predicted_images")
    write_table(path, header, rows)


def _cell(value: float) -> str:
    """A score; empty if no image has the label."""
    return f"{value:.6f}" if np.isfinite(value) else ""
