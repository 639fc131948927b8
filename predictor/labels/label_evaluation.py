"""Evaluates predictions of several labels per image: tables and figures in a folder beside the CSV."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from datatransformer.layout import DataFolder
from datatransformer.manifest import LABEL_SEPARATOR, SPLIT_NAMES
from log import logger
from plots.image_grid import MAX_IMAGES, draw_image_grid
from predictor.images import evaluated_images, evenly_spaced
from predictor.labels.evaluation import thumbnail
from predictor.labels.label_figures import draw_label_figures
from predictor.labels.label_scores import DEFAULT_THRESHOLD, label_scores
from predictor.labels.read_rows import found_row, read_probabilities
from predictor.labels.truth import label_table
from predictor.output import Output
from predictor.task import Scores
from settings import WorkError
from storage.tables import csv_safe, printable, read_table, write_table

CAPTION_LABELS = 3
"""Labels in a line of a caption."""

MAX_MISTAKES = 10_000
"""Rows of the table of mistakes, the most confident first."""


class Predictions(NamedTuple):
    """Images with their true and predicted labels.

    Attributes:
        names: as in the CSV.
        paths: of the image files.
        truth: bool (images, classes).
        probabilities: (images, classes).
    """

    names: Sequence[str]
    paths: Sequence[Path]
    truth: np.ndarray
    probabilities: np.ndarray


def evaluate_output(output: Output, columns: Sequence[str], thresholds: np.ndarray, data: DataFolder) -> Scores:
    """Writes the evaluation of a complete output to `NAME.evaluation` beside NAME.csv, and returns the scores.

    `columns` are those of the classes' probabilities. Raises WorkError if no image could be read.
    """
    place = {csv_safe(image.name): number for number, image in enumerate(evaluated_images(data))}
    rows = read_table(output.path, ("image", *columns))
    if not rows:
        raise WorkError(f"None of the {SPLIT_NAMES[data.evaluated]} images of {data.path} could be read")
    chosen = [found_row(place, row["image"], output.path) for row in rows]
    files = evaluated_images(data)
    predictions = Predictions(
        [row["image"] for row in rows],
        [files[number].path for number in chosen],
        label_table(data, data.evaluated)[chosen],
        np.array([read_probabilities(row, columns, output.path) for row in rows]),
    )
    output.evaluation.mkdir(exist_ok=True)
    scores = write_label_evaluation(predictions, thresholds, data.classes, output.evaluation)
    logger.info(f"Tables and figures are in {output.evaluation}")
    return scores


def write_label_evaluation(
    predictions: Predictions, thresholds: np.ndarray, classes: Sequence[str], folder: Path
) -> Scores:
    """Writes tables and figures about predicted images to `folder`, and returns the scores."""
    truth, probabilities = predictions.truth, predictions.probabilities
    scores = label_scores(truth, probabilities, thresholds)
    at_half = label_scores(truth, probabilities, np.full(len(classes), DEFAULT_THRESHOLD))
    scores |= {f"{name}_at_0.5": at_half[name] for name in ("f1_micro", "f1_macro")}
    summary = {"images": len(truth), **scores}
    rows = ((name, f"{value:.6g}") for name, value in summary.items())
    write_table(folder / "summary.csv", ("measure", "value"), rows)
    draw_label_figures(truth, probabilities, thresholds, classes, folder)
    _draw_predictions(predictions, thresholds, classes, folder / "predictions.png")
    _write_mistakes(predictions, thresholds, classes, folder)
    logger.info(f"{len(truth)} images: {', '.join(f'{name} {value:.4f}' for name, value in scores.items())}")
    if unjudged := _names(truth.sum(axis=0) == 0, classes):
        logger.warning(f"Labels that no image has do not count in map and f1_macro: {_listed(unjudged)}")
    return scores


def _draw_predictions(predictions: Predictions, thresholds: np.ndarray, classes: Sequence[str], path: Path) -> None:
    """Some images with their predicted and true labels; also a CSV."""
    images, captions, rows = [], [], []
    for number in evenly_spaced(len(predictions.names), MAX_IMAGES):
        image = thumbnail(predictions.paths[number])
        if image is None:
            continue
        true = _names(predictions.truth[number], classes)
        predicted = _names(predictions.probabilities[number] >= thresholds, classes)
        images.append(image)
        captions.append(_caption(true, predicted))
        joined = [printable(LABEL_SEPARATOR.join(names)) for names in (true, predicted)]
        rows.append((predictions.names[number], *joined))
    draw_image_grid(images, captions, path, "Validation images with their predicted labels")
    write_table(path.with_suffix(".csv"), ("image", "true", "predicted"), rows)


def _names(has: np.ndarray, classes: Sequence[str]) -> list[str]:
    return [name for name, is_given in zip(classes, has, strict=True) if is_given]


def _caption(true: Sequence[str], predicted: Sequence[str]) -> str:
    """The predicted labels, and below them what is wrong with them."""
    missed, wrong = (
        [name for name in names if name not in others] for names, others in ((true, predicted), (predicted, true))
    )
    mistakes = [f"{word}: {_listed(names)}" for word, names in (("missed", missed), ("wrong", wrong)) if names]
    return "\n".join([_listed(predicted) or "no label", *(mistakes or ["correct"])])


def _listed(names: Sequence[str]) -> str:
    more = len(names) - CAPTION_LABELS
    return ", ".join(names[:CAPTION_LABELS]) + (f" +{more}" if more > 0 else "")


def _write_mistakes(predictions: Predictions, thresholds: np.ndarray, classes: Sequence[str], folder: Path) -> None:
    """Writes a table of the wrong decisions, the most confident first, and a grid of the first ones."""
    truth, probabilities = predictions.truth, predictions.probabilities
    confidence = np.where(truth, 1 - probabilities, probabilities)
    confidence[truth == (probabilities >= thresholds)] = -1.0
    wrong = int((confidence >= 0).sum())
    order = np.argsort(-confidence, axis=None, kind="stable")[: min(wrong, MAX_MISTAKES)]
    pairs = [(int(number), int(label)) for number, label in zip(*np.unravel_index(order, truth.shape), strict=True)]
    rows = [
        (predictions.names[number], printable(classes[label]), "missed" if truth[number, label] else "wrongly given",
         f"{probabilities[number, label]:.6g}", f"{thresholds[label]:.6g}")
        for number, label in pairs
    ]  # fmt: skip
    write_table(folder / "mistakes.csv", ("image", "label", "mistake", "probability", "threshold"), rows)
    figure = folder / "mistakes.png"
    shown = [
        (pair, image) for pair in pairs[:MAX_IMAGES] if (image := thumbnail(predictions.paths[pair[0]])) is not None
    ]
    if not shown:
        figure.unlink(missing_ok=True)
        return
    captions = [
        f"{classes[label]} {probabilities[number, label]:.0%}\n{'missed' if truth[number, label] else 'wrongly given'}"
        for (number, label), _ in shown
    ]
    title = f"Most confident mistakes: {len(shown)} of {wrong}, among {truth.size:,} decisions"
    draw_image_grid([image for _, image in shown], captions, figure, title)
