"""How good predictions are: tables and figures in a folder beside the CSV of predictions."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

from datatransformer.layout import DataFolder
from plots.image_grid import MOST, draw_sheet
from plots.scores import draw_calibration, draw_confusion_matrix, draw_scores
from predictor.labels.top_k import TOP, TopK
from predictor.output import Output
from predictor.pictures import validation_images
from settings import WorkError
from storage.tables import csv_safe, read_table, write_table

BINS = 15
"""Of the calibration error, as Guo et al. 2017 (https://arxiv.org/abs/1706.04599) count."""


class Judged(NamedTuple):
    """An image: its true class, the ranked classes that were predicted, the probability of the first."""

    name: str
    path: Path
    label: int
    ranked: tuple[int, ...]
    probability: float


def evaluate(output: Output, ranks: TopK, data: DataFolder) -> None:
    """Writes `NAME.evaluation/` beside NAME.csv. Raises WorkError if not one image could be read."""
    judged = _judged(output, ranks, data)
    if not judged:
        raise WorkError(f"None of the validation images of {data.path} could be read")
    folder = output.path.with_name(f"{output.path.stem}.evaluation")
    folder.mkdir(exist_ok=True)
    write_evaluation(judged, data.classes, folder)
    print(f"Tables and figures are in {folder}")


def write_evaluation(judged: list[Judged], classes: Sequence[str], folder: Path) -> None:
    """Tables and figures of how right these images are."""
    labels = np.array([image.label for image in judged])
    predicted = np.array([image.ranked[0] for image in judged])
    sure = np.array([image.probability for image in judged])
    precision, recall, f1, support = precision_recall_fscore_support(
        labels, predicted, labels=range(len(classes)), zero_division=0.0
    )
    bins, calibration_error = calibration(sure, labels == predicted)
    summary = {
        "images": len(judged),
        "accuracy": (labels == predicted).mean(),
        **{
            f"top{k}_accuracy": np.mean([image.label in image.ranked[:k] for image in judged])
            for k in TOP
            if k < len(classes)
        },
        "mean_precision": precision[support > 0].mean(),
        "mean_recall": recall[support > 0].mean(),
        "mean_f1": f1[support > 0].mean(),
        "calibration_error": calibration_error,
    }
    write_table(folder / "summary.csv", ("measure", "value"), [(key, f"{value:.6g}") for key, value in summary.items()])
    rows = zip(map(csv_safe, classes), *(_cells(values) for values in (precision, recall, f1)), support, strict=True)
    write_table(folder / "classes.csv", ("class", "precision", "recall", "f1", "images"), rows)
    write_table(
        folder / "confused_pairs.csv", ("true", "predicted", "images", "share_of_true"),
        confused_pairs(labels, predicted, classes),
    )  # fmt: skip
    bin_rows = [(f"{probability:.6f}", f"{right:.6f}", count) for probability, right, count in bins]
    write_table(folder / "calibration.csv", ("mean_probability", "share_right", "images"), bin_rows)
    draw_confusion_matrix(labels, predicted, classes, folder / "confusion_matrix.png")
    draw_calibration(bins, calibration_error, folder / "calibration.png")
    f1_of_known = np.where(support > 0, f1, np.nan)
    draw_scores(classes, ("F1, their harmonic mean", f1_of_known), precision, recall, folder / "classes.png")
    _worst(judged, classes, folder)
    shown = ", ".join(f"{key} {value:.4f}" for key, value in summary.items() if key != "images")
    print(f"{len(judged)} images: {shown}")


def calibration(sure: np.ndarray, right: np.ndarray) -> tuple[list[tuple[float, float, int]], float]:
    """Bins of equal width that hold images: mean probability, share right, images; and the expected calibration error.

    The error is the distance between the two, averaged over the images.
    """
    number = np.minimum((sure * BINS).astype(int), BINS - 1)
    bins = [
        (float(sure[number == index].mean()), float(right[number == index].mean()), int((number == index).sum()))
        for index in np.unique(number)
    ]
    return bins, sum(abs(probability - share) * count for probability, share, count in bins) / len(sure)


def confused_pairs(labels: np.ndarray, predicted: np.ndarray, classes: Sequence[str]) -> list[tuple]:
    """What is taken for what: true class, predicted class, images, share of the true class; the most frequent first."""
    counts = confusion_matrix(labels, predicted, labels=range(len(classes)))
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    pairs = sorted((-counts[pair], pair) for pair in zip(*np.nonzero(counts), strict=True) if pair[0] != pair[1])
    return [
        (csv_safe(classes[true]), csv_safe(classes[taken_for]), -count, f"{shares[true, taken_for]:.4f}")
        for count, (true, taken_for) in pairs
    ]


def _judged(output: Output, ranks: TopK, data: DataFolder) -> list[Judged]:
    truth = {
        csv_safe(picture.name): (picture.path, label)
        for picture, label in zip(validation_images(data), data.labels("val"), strict=True)
    }
    return [
        Judged(row["image"], *truth[row["image"]], ranks.read(row), float(row["probability"]))
        for row in read_table(output.path)
    ]


def _worst(judged: list[Judged], classes: Sequence[str], folder: Path) -> None:
    """The surest of the wrong ones, as a table and a sheet."""
    wrong = sorted((image for image in judged if image.ranked[0] != image.label), key=lambda image: -image.probability)
    write_table(
        folder / "mistakes.csv", ("image", "true", "predicted", "probability"),
        [(image.name, csv_safe(classes[image.label]), csv_safe(classes[image.ranked[0]]), f"{image.probability:.6f}")
         for image in wrong],
    )  # fmt: skip
    shown = [(image, picture) for image in wrong[:MOST] if (picture := thumbnail(image.path)) is not None]
    if shown:
        captions = [
            f"{classes[image.ranked[0]]} {image.probability:.0%}\nis {classes[image.label]}" for image, _ in shown
        ]
        title = f"The surest of {len(wrong)} mistakes among {len(judged)} images"
        draw_sheet([picture for _, picture in shown], captions, folder / "mistakes.png", title)
    else:
        (folder / "mistakes.png").unlink(missing_ok=True)


def thumbnail(path: Path) -> np.ndarray | None:
    """RGB uint8 as large as a sheet shows it; None if it cannot be read."""
    picture = cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_COLOR_RGB)
    if picture is None:
        return None
    scale = 200 / max(picture.shape[:2])
    return cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else picture


def _cells(values: np.ndarray) -> list[str]:
    return [f"{value:.4f}" for value in values]
