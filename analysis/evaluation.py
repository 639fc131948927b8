"""Scores of a run's best model on its validation images, with its confusion matrix and samples."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from analysis.trained_run import TrainedRun
from predictor.images import evenly_spaced
from storage.tables import csv_safe, printable, write_table
from training.kinds import MULTILABEL, SEGMENTATION

if TYPE_CHECKING:
    from plots.scores import Scale
    from predictor.labels.evaluation import EvaluatedImage


def evaluate_run(trained: TrainedRun, scale: "Scale") -> None:
    """Writes tables and figures of a classifier or a segmentation network into the run's figures.

    `scale` is that of the colours of the confusion matrix.
    """
    if trained.kind == SEGMENTATION:
        from predictor.masks.evaluation import evaluate_masks
        from predictor.masks.segmenter import Network, validation_masks

        masks = validation_masks(Network(trained.run, "none"), trained.data)
        evaluate_masks(masks, trained.data, trained.run.figures, scale)
    elif trained.kind == MULTILABEL:
        _evaluate_labels(trained)
    else:
        _evaluate_classifier(trained, scale)


def _evaluate_classifier(trained: TrainedRun, scale: "Scale") -> None:
    from predictor.images import evaluated_images, evaluated_sources
    from predictor.labels.evaluation import EvaluatedImage, write_evaluation

    validation = trained.validation
    ranked = np.argsort(-validation.probabilities, axis=1, kind="stable")
    evaluated = [
        EvaluatedImage(file.name, file.path, int(label), tuple(ranks.tolist()), float(probabilities[ranks[0]]), source)
        for file, label, ranks, probabilities, source in zip(
            evaluated_images(trained.data),
            validation.labels,
            ranked,
            validation.probabilities,
            evaluated_sources(trained.data),
            strict=True,
        )
    ]
    write_evaluation(evaluated, trained.data.classes, trained.run.figures, scale)
    _draw_predictions(trained, evaluated)


def _evaluate_labels(trained: TrainedRun) -> None:
    """For a classifier whose images may have several labels. Chooses the thresholds again, as after training."""
    from predictor.images import evaluated_images
    from predictor.labels.label_evaluation import Predictions, write_label_evaluation
    from predictor.labels.thresholds import write_thresholds

    files, validation = evaluated_images(trained.data), trained.validation
    thresholds = write_thresholds(trained.run, validation.labels, validation.probabilities)
    names, paths = [file.name for file in files], [file.path for file in files]
    predictions = Predictions(names, paths, validation.labels, validation.probabilities)
    write_label_evaluation(predictions, thresholds, trained.data.classes, trained.run.figures)


def _draw_predictions(trained: TrainedRun, evaluated: "Sequence[EvaluatedImage]") -> None:
    """Some validation images under their predictions; also a CSV."""
    from plots.image_grid import MAX_IMAGES, draw_image_grid
    from predictor.labels.evaluation import thumbnail

    classes, images, captions, rows = trained.data.classes, [], [], []
    for number in evenly_spaced(len(evaluated), MAX_IMAGES):
        result = evaluated[number]
        image = thumbnail(result.path)
        if image is None:
            continue
        true, predicted = classes[result.label], classes[result.ranked[0]]
        verdict = "correct" if true == predicted else f"true: {true}"
        images.append(image)
        captions.append(f"{predicted} {result.probability:.0%}\n{verdict}")
        rows.append((csv_safe(result.name), *map(printable, (true, predicted)), f"{result.probability:.6f}"))
    path = trained.run.figures / "predictions.png"
    draw_image_grid(images, captions, path, "Validation images with their predicted classes")
    write_table(path.with_suffix(".csv"), ("image", "true", "predicted", "probability"), rows)
