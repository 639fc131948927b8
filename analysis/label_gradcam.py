"""Which images and labels the Grad-CAM figure shows where an image may have several labels."""

from collections.abc import Sequence

import numpy as np

from analysis.gradcam import Example
from analysis.trained_run import TrainedRun, rarest_labels
from predictor.labels.label_evaluation import CAPTION_LABELS

SHOWN_LABELS = 12
"""Labels in the figure: those with the most validation images."""


def examples_by_label(trained: TrainedRun) -> list[Example]:
    """For each label the validation image with its highest probability, each image once."""
    truth, probabilities = trained.validation.labels, trained.validation.probabilities
    shown = rarest_labels(trained.data.label_sets("val"), len(trained.data.classes))
    labels = np.argsort(-truth.sum(axis=0), kind="stable")[:SHOWN_LABELS]
    pairs: dict[int, int] = {}
    for label in labels.tolist():
        ranked = np.argsort(-probabilities[:, label], kind="stable").tolist()
        number = next((number for number in ranked if number not in pairs), None)
        if number is not None:
            pairs[number] = label
    images = trained.images(list(pairs))
    return [
        Example(
            name,
            image,
            label if truth[number, label] else int(shown[number]),
            label,
            float(probabilities[number, label]),
            _captions(trained.data.classes, truth[number], label, float(probabilities[number, label])),
        )
        for (number, label), name, image in zip(pairs.items(), images.names, images.pixels, strict=True)
    ]


def _captions(classes: Sequence[str], truth: np.ndarray, label: int, probability: float) -> tuple[str, str]:
    true = [classes[other] for other in np.flatnonzero(truth).tolist()]
    more = f" +{len(true) - CAPTION_LABELS}" if len(true) > CAPTION_LABELS else ""
    verdict = "it has the label" if truth[label] else "it lacks the label"
    return (
        f"true labels:\n{', '.join(true[:CAPTION_LABELS]) or 'none'}{more}",
        f"{classes[label]} {probability:.0%},\n{verdict}",
    )
