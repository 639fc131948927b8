"""Evaluates predicted masks: compares all pixels of the validation images at their own sizes, in tables and figures."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from datatransformer.layout import DataFolder
from log import logger
from plots.mask_grid import MAX_IMAGES, draw_masks
from plots.palette import palette
from plots.scores import Scale, draw_confusion_counts, draw_scores
from predictor.images import evaluated_images
from predictor.masks.files import SegmentedImage
from predictor.segmentation_scores import SegmentationScores, confusion, segmentation_scores
from predictor.task import Scores
from settings import WorkError
from storage.tables import csv_safe, printable, write_table

MAX_SIDE = 800
"""Longest side of an image in the figure, in pixels."""

SUMMARY = ("accuracy", "accuracy_with_void", "mean_iou", "mean_precision", "mean_recall", "mean_dice")
"""Fields of `SegmentationScores` that the summary lists."""


class MaskExample(NamedTuple):
    """An image for the figure, with predicted and true mask, all reduced in size, and the scores at full size."""

    name: str
    image: np.ndarray
    mask: np.ndarray
    truth: np.ndarray
    scores: SegmentationScores


def evaluate_masks(
    segmented: Iterable[SegmentedImage], data: DataFolder, folder: Path, scale: Scale = "share"
) -> Scores:
    """Compares predicted masks of validation images with the true ones. Writes tables and figures to `folder`.

    `scale` is that of the colours of the confusion matrix. Returns the scores of the summary. Raises WorkError if
    there are no masks.
    """
    matrix, void_pixels, examples = _compare(segmented, data)
    if not examples:
        raise WorkError(f"None of the validation images of {data.path} could be read")
    folder.mkdir(parents=True, exist_ok=True)
    result = segmentation_scores(matrix, void_pixels)
    scores: Scores = {name: getattr(result, name) for name in SUMMARY}
    _write_tables(folder, data.classes, scores, result, matrix)
    iou = ("IoU", result.iou)
    draw_scores(data.classes, iou, result.precision, result.recall, folder / "classes.png", "pixels")
    draw_confusion_counts(matrix, data.classes, folder / "confusion_matrix.png", "pixels", scale)
    _write_examples(folder, examples, data)
    logger.info(", ".join(f"{name} {value:.4f}" for name, value in scores.items()))
    logger.info(f"Tables and figures are in {folder}")
    return scores


def _compare(segmented: Iterable[SegmentedImage], data: DataFolder) -> tuple[np.ndarray, int, list[MaskExample]]:
    """The confusion matrix (classes, classes) of all pixels, the number of void pixels, and examples for the figure."""
    classes = len(data.classes)
    images, paths = evaluated_images(data), data.masks(data.evaluated)
    masks = {image.name: Path(path) for image, path in zip(images, paths, strict=True)}
    matrix, void_pixels = np.zeros((classes, classes), np.int64), 0
    examples: list[MaskExample] = []
    for one in segmented:
        truth = read_mask(masks[one.name])
        image_matrix, image_void = confusion(truth, one.mask, classes)
        matrix, void_pixels = matrix + image_matrix, void_pixels + image_void
        scores = segmentation_scores(image_matrix, image_void)
        example = MaskExample(one.name, reduce_size(one.image), reduce_size(one.mask), reduce_size(truth), scores)
        examples = _best_and_worst([*examples, example])
    return matrix, void_pixels, examples


def read_mask(path: Path) -> np.ndarray:
    """The true mask of a data folder, uint8 (height, width). Raises WorkError if it is damaged."""
    mask = cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_GRAYSCALE)
    if mask is None:
        raise WorkError(
            f"The mask {path} is damaged. Make the data folder again: python -m datatransformer --overwrite"
        )
    return mask


def _write_tables(
    folder: Path, classes: Sequence[str], scores: Scores, result: SegmentationScores, matrix: np.ndarray
) -> None:
    write_table(
        folder / "summary.csv", ("measure", "value"), [(name, f"{value:.6f}") for name, value in scores.items()]
    )
    columns = (result.iou, result.precision, result.recall, result.dice)
    rows = (
        (printable(name), *(f"{column[index]:.4f}" for column in columns), matrix[index].sum())
        for index, name in enumerate(classes)
    )
    write_table(folder / "classes.csv", ("class", "iou", "precision", "recall", "dice", "pixels"), rows)


def _write_examples(folder: Path, examples: list[MaskExample], data: DataFolder) -> None:
    """Draws the examples, the best first, and writes their scores."""
    examples = sorted(examples, key=lambda example: -example.scores.accuracy)
    rows = [(example.image, example.truth, example.mask) for example in examples]
    captions = [f"{Path(example.name).stem}\naccuracy {example.scores.accuracy:.1%}" for example in examples]
    titles = ("image", "true mask", "predicted mask")
    draw_masks(rows, titles, captions, data.classes, palette(data.colours), folder / "predictions.png")
    table = (
        (csv_safe(example.name), f"{example.scores.accuracy:.6f}", f"{example.scores.mean_iou:.6f}")
        for example in examples
    )
    write_table(folder / "predictions.csv", ("image", "accuracy", "mean_iou"), table)


def reduce_size(image: np.ndarray) -> np.ndarray:
    """A copy for the figure, which is kept in memory. Nearest pixels, since class indices cannot be blended."""
    scale = MAX_SIDE / max(image.shape[:2])
    return cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_NEAREST) if scale < 1 else image


def _best_and_worst(examples: list[MaskExample]) -> list[MaskExample]:
    """The examples with the lowest and the highest accuracy, as many as the figure shows."""
    ranked = sorted(examples, key=lambda example: np.nan_to_num(example.scores.accuracy))
    return ranked if len(ranked) <= MAX_IMAGES else [*ranked[: MAX_IMAGES // 2], *ranked[-MAX_IMAGES // 2 :]]
