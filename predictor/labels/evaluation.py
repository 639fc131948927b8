"""Evaluates predicted labels: tables and figures in a folder beside the CSV."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

from datatransformer.layout import DataFolder
from datatransformer.manifest import SPLIT_NAMES
from log import logger
from plots.image_grid import MAX_IMAGES, draw_image_grid
from plots.scores import CalibrationBin, Scale, draw_calibration, draw_confusion_counts, draw_scores
from predictor.images import evaluated_images, evaluated_sources
from predictor.labels.read_rows import found_row, read_probabilities
from predictor.labels.top_k import REPORTED_TOP_K, TopK
from predictor.output import Output
from predictor.task import Scores
from settings import WorkError
from storage.tables import csv_safe, printable, read_table, rows_of_table, write_table

BINS = 15
"""Bins of the expected calibration error, as in Guo et al. 2017 (https://arxiv.org/abs/1706.04599)."""

THUMBNAIL_SIDE = 200
"""Longest side of an image in a grid, in pixels."""


class EvaluatedImage(NamedTuple):
    """An image with its true class and its prediction.

    Attributes:
        name: as in the CSV.
        label: index of the true class.
        ranked: indices of the most probable classes, the most probable first.
        probability: the probability of the first of them.
        source: the user's own file that it was made from.
    """

    name: str
    path: Path
    label: int
    ranked: tuple[int, ...]
    probability: float
    source: str

    @property
    def is_correct(self) -> bool:
        return self.ranked[0] == self.label


def evaluate_labels(output: Output, top_k: TopK, ranking: TopK, data: DataFolder) -> Scores:
    """Writes the evaluation of a complete output to `NAME.evaluation` beside NAME.csv, and returns the scores.

    Arguments:
        top_k: the columns of the CSV.
        ranking: the columns of `NAME.evaluation/ranking.csv`, which has more classes; without columns if the classes
            of the CSV are enough.

    Raises WorkError if no image could be read, or if the ranking does not have the rows of the CSV.
    """
    images = list(_evaluated_images(output, top_k, ranking, data))
    if not images:
        raise WorkError(f"None of the {SPLIT_NAMES[data.evaluated]} images of {data.path} could be read")
    output.evaluation.mkdir(exist_ok=True)
    scores = write_evaluation(images, data.classes, output.evaluation)
    logger.info(f"Tables and figures are in {output.evaluation}")
    return scores


def _evaluated_images(output: Output, top_k: TopK, ranking: TopK, data: DataFolder) -> Iterator[EvaluatedImage]:
    truth = {
        csv_safe(image.name): (image.path, label, source)
        for image, label, source in zip(
            evaluated_images(data), data.labels(data.evaluated), evaluated_sources(data), strict=True
        )
    }
    rows = list(rows_of_table(output.path, ("image", "probability", *top_k.label_columns)))
    ranked_rows, ranked = (_read_ranking(output, rows), ranking) if ranking.k else (rows, top_k)
    for row, ranked_row in zip(rows, ranked_rows, strict=True):
        path, label, source = found_row(truth, row["image"], output.path)
        labels = ranked.read_labels(ranked_row, output.path)
        (probability,) = read_probabilities(row, ("probability",), output.path)
        yield EvaluatedImage(row["image"], path, label, labels, probability, source)


def _read_ranking(output: Output, rows: Sequence[dict[str, str]]) -> list[dict[str, str]]:
    """The rows of the ranking. Raises WorkError if they are not those of the CSV."""
    ranking = read_table(output.ranking, ("image",)) if output.ranking.exists() else []
    if [row["image"] for row in ranking] != [row["image"] for row in rows]:
        problem = f"{output.ranking} is missing, or has other rows than {output.path}"
        raise WorkError(f"{problem}. --overwrite predicts the images again.")
    return ranking


def write_evaluation(
    images: Sequence[EvaluatedImage], classes: Sequence[str], folder: Path, scale: Scale = "share"
) -> Scores:
    """Writes tables and figures about predicted images to `folder`, and returns the scores.

    `scale` is that of the colours of the confusion matrix.
    """
    labels = np.array([image.label for image in images])
    predicted = np.array([image.ranked[0] for image in images])
    confidence = np.array([image.probability for image in images])
    precision, recall, f1, support = precision_recall_fscore_support(
        labels, predicted, labels=range(len(classes)), zero_division=0.0
    )
    bins, calibration_error = calibration_bins(confidence, labels == predicted)
    occurs = support > 0
    scores: Scores = {
        "accuracy": float((labels == predicted).mean()),
        **top_k_accuracies(images, len(classes)),
        "mean_precision": float(precision[occurs].mean()),
        "mean_recall": float(recall[occurs].mean()),
        "mean_f1": float(f1[occurs].mean()),
        "calibration_error": calibration_error,
    }
    counts = confusion_matrix(labels, predicted, labels=range(len(classes)))
    _write_tables(folder, classes, {"images": len(images), **scores}, (precision, recall, f1, support), counts, bins)
    draw_confusion_counts(counts, classes, folder / "confusion_matrix.png", scale=scale)
    draw_calibration(bins, calibration_error, folder / "calibration.png")
    draw_scores(classes, ("F1 score", np.where(occurs, f1, np.nan)), precision, recall, folder / "classes.png")
    _write_mistakes(images, classes, folder)
    logger.info(f"{len(images)} images: {', '.join(f'{name} {value:.4f}' for name, value in scores.items())}")
    return scores


def top_k_accuracies(images: Sequence[EvaluatedImage], classes: int) -> Scores:
    """The share of images whose true class is among the k most probable ones, for each reported k < classes."""
    return {
        f"top{k}_accuracy": float(np.mean([image.label in image.ranked[:k] for image in images]))
        for k in REPORTED_TOP_K
        if k < classes
    }


def calibration_bins(confidence: np.ndarray, correct: np.ndarray) -> tuple[list[CalibrationBin], float]:
    """The bins of equal width that contain images, and the expected calibration error.

    `confidence` is the probability of the predicted class (images,), `correct` is bool (images,). The error is the
    difference between mean probability and accuracy of a bin, averaged over the images.
    """
    index = np.minimum((confidence * BINS).astype(int), BINS - 1)
    bins = [
        CalibrationBin(float(confidence[in_bin].mean()), float(correct[in_bin].mean()), int(in_bin.sum()))
        for number in np.unique(index)
        for in_bin in [index == number]
    ]
    error = sum(abs(mean_probability - accuracy) * images for mean_probability, accuracy, images in bins)
    return bins, error / len(confidence)


def confused_pairs(counts: np.ndarray, classes: Sequence[str]) -> list[tuple[str, str, int, str]]:
    """Rows of true class, predicted class, images, and their share of the true class; the most frequent first.

    `counts` is a confusion matrix (classes, classes) with a row for each true class.
    """
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    pairs = sorted((-counts[pair], pair) for pair in zip(*np.nonzero(counts), strict=True) if pair[0] != pair[1])
    return [
        (printable(classes[true]), printable(classes[predicted]), -count, f"{shares[true, predicted]:.4f}")
        for count, (true, predicted) in pairs
    ]


def _write_tables(
    folder: Path,
    classes: Sequence[str],
    summary: Scores,
    class_scores: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray],
    counts: np.ndarray,
    bins: Sequence[CalibrationBin],
) -> None:
    """`class_scores` are precision, recall, F1 and number of images of each class."""
    rows = [(name, f"{value:.6g}") for name, value in summary.items()]
    write_table(folder / "summary.csv", ("measure", "value"), rows)
    class_rows = [
        (printable(name), *(f"{score:.4f}" for score in scores), images)
        for name, *scores, images in zip(classes, *class_scores, strict=True)
    ]
    write_table(folder / "classes.csv", ("class", "precision", "recall", "f1", "images"), class_rows)
    header = ("true", "predicted", "images", "share_of_true")
    write_table(folder / "confused_pairs.csv", header, confused_pairs(counts, classes))
    bin_rows = [(f"{probability:.6f}", f"{accuracy:.6f}", images) for probability, accuracy, images in bins]
    write_table(folder / "calibration.csv", ("mean_probability", "share_right", "images"), bin_rows)


def _write_mistakes(images: Sequence[EvaluatedImage], classes: Sequence[str], folder: Path) -> None:
    """Writes a table of all wrong predictions, the most confident first, and a grid of the first ones."""
    wrong = sorted((image for image in images if not image.is_correct), key=lambda image: -image.probability)
    rows = [
        (
            image.name,
            printable(classes[image.label]),
            printable(classes[image.ranked[0]]),
            f"{image.probability:.6f}",
            csv_safe(image.source),
        )
        for image in wrong
    ]
    write_table(folder / "mistakes.csv", ("image", "true", "predicted", "probability", "source"), rows)
    thumbnails = [(image, pixels) for image in wrong[:MAX_IMAGES] if (pixels := thumbnail(image.path)) is not None]
    figure = folder / "mistakes.png"
    if not thumbnails:
        figure.unlink(missing_ok=True)
        return
    captions = [
        f"{classes[image.ranked[0]]} {image.probability:.0%}\ntrue: {classes[image.label]}\n{Path(image.source).name}"
        for image, _ in thumbnails
    ]
    title = f"Most confident mistakes: {len(thumbnails)} of {len(wrong)}, among {len(images)} images"
    draw_image_grid([pixels for _, pixels in thumbnails], captions, figure, title)


def thumbnail(path: Path) -> np.ndarray | None:
    """A small RGB uint8 copy of the image for a grid; None if it cannot be decoded."""
    image = cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_COLOR_RGB)
    if image is None:
        return None
    scale = THUMBNAIL_SIDE / max(image.shape[:2])
    return cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else image
