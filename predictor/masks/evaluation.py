"""How good predicted masks are: every pixel of the validation pictures at its own size, in tables and figures."""

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from datatransformer.layout import DataFolder
from plots.mask_grid import MAX_IMAGES, draw_masks
from plots.palette import palette
from plots.scores import draw_confusion_matrix_of, draw_scores
from predictor.masks.files import Segmented
from predictor.pictures import validation_images
from predictor.segmentation_scores import SegmentationScores, confusion, scores
from settings import WorkError
from storage.tables import csv_safe, write_table

BATCH_SIZE = 8

LARGEST_ON_SHEET = 800
"""Width or height in pixels."""


class Judged(NamedTuple):
    """A picture, its predicted and its true mask, made small for the sheet, and how much of the whole is right."""

    name: str
    picture: np.ndarray
    mask: np.ndarray
    truth: np.ndarray
    scores: SegmentationScores


def evaluate(found: Iterable[Segmented], data: DataFolder, folder: Path) -> None:
    """Of the validation pictures with their predicted masks: writes tables and figures into `folder`.

    Raises WorkError if there are none.
    """
    classes = data.classes
    masks = {picture.name: mask for picture, mask in zip(validation_images(data), data.masks("val"), strict=True)}
    total, void = np.zeros((len(classes), len(classes)), np.int64), 0
    kept: list[Judged] = []
    for one in found:
        truth = cv2.imdecode(np.frombuffer(Path(masks[one.name]).read_bytes(), np.uint8), cv2.IMREAD_GRAYSCALE)
        matrix, void_here = confusion(truth, one.mask, len(classes))
        total, void = total + matrix, void + void_here
        small = [_small(image) for image in (one.picture, one.mask, truth)]
        kept = _best_and_worst([*kept, Judged(one.name, *small, scores(matrix, void_here))])
    if not kept:
        raise WorkError(f"None of the validation images of {data.path} could be read")
    folder.mkdir(parents=True, exist_ok=True)
    result = scores(total, void)
    summary = {
        "accuracy": result.accuracy, "accuracy_with_void": result.accuracy_with_void, "mean_iou": result.mean_iou,
        "mean_precision": result.mean_precision, "mean_recall": result.mean_recall, "mean_dice": result.mean_dice,
    }  # fmt: skip
    write_table(folder / "summary.csv", ("measure", "value"), [(key, f"{value:.6f}") for key, value in summary.items()])
    columns = (result.iou, result.precision, result.recall, result.dice)
    rows = (
        (csv_safe(name), *(f"{column[index]:.4f}" for column in columns), total[index].sum())
        for index, name in enumerate(classes)
    )
    write_table(folder / "classes.csv", ("class", "iou", "precision", "recall", "dice", "pixels"), rows)
    overall = ("IoU, of both together", result.iou)
    draw_scores(classes, overall, result.precision, result.recall, folder / "classes.png", "pixels")
    draw_confusion_matrix_of(total, classes, folder / "confusion_matrix.png", "pixels")
    kept.sort(key=lambda one: -one.scores.accuracy)
    colours = palette(data.colours)
    titles = ("picture", "truth", "prediction")
    sheet = [(one.picture, one.truth, one.mask) for one in kept]
    captions = [f"{Path(one.name).stem}\n{one.scores.accuracy:.1%} right" for one in kept]
    draw_masks(sheet, titles, captions, classes, colours, folder / "predictions.png")
    sheet_rows = ((csv_safe(one.name), f"{one.scores.accuracy:.6f}", f"{one.scores.mean_iou:.6f}") for one in kept)
    write_table(folder / "predictions.csv", ("image", "accuracy", "mean_iou"), sheet_rows)
    print(", ".join(f"{key} {value:.4f}" for key, value in summary.items()))
    print(f"Tables and figures are in {folder}")


def _small(image: np.ndarray) -> np.ndarray:
    """As a sheet shows it, whose pictures are kept in memory; nearest pixels, since classes do not blend."""
    scale = LARGEST_ON_SHEET / max(image.shape[:2])
    return cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_NEAREST) if scale < 1 else image


def _best_and_worst(judged: list[Judged]) -> list[Judged]:
    """Half as many of each as a sheet holds."""
    ranked = sorted(judged, key=lambda one: np.nan_to_num(one.scores.accuracy))
    return ranked if len(ranked) <= MAX_IMAGES else [*ranked[: MAX_IMAGES // 2], *ranked[-MAX_IMAGES // 2 :]]
