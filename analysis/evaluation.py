"""How good a run's best model is on its validation images: scores, confusion matrices, samples."""

import numpy as np

from analysis.subject import Subject
from predictor.pictures import evenly_spaced
from storage.tables import csv_safe, read_table, write_table
from training.kinds import SEGMENTATION

SCALES = ("counts", "normalised", "logarithmic")
"""In which a confusion matrix is drawn."""


def evaluate_run(subject: Subject) -> None:
    """Draws into the run's figures; of a classifier or of a segmentation network."""
    if subject.kind is SEGMENTATION:
        from predictor.masks.evaluation import evaluate
        from predictor.masks.segmenter import Network, validation_masks

        evaluate(validation_masks(Network(subject.run, "none"), subject.data), subject.data, subject.run.figures)
    else:
        _evaluate_classifier(subject)
    _draw_confusion(subject)


def _evaluate_classifier(subject: Subject) -> None:
    from plots.image_grid import MOST, draw_sheet
    from predictor.labels.evaluation import Judged, thumbnail, write_evaluation
    from predictor.pictures import validation_images

    classes, figures = subject.data.classes, subject.run.figures
    validation = subject.validation
    ranked = np.argsort(-validation.probabilities, axis=1, kind="stable")
    judged = [
        Judged(picture.name, picture.path, int(label), tuple(ranks.tolist()), float(of_image[ranks[0]]))
        for picture, label, ranks, of_image in zip(
            validation_images(subject.data), validation.labels, ranked, validation.probabilities, strict=True
        )
    ]
    write_evaluation(judged, classes, figures)
    shown = [judged[number] for number in evenly_spaced(len(judged), MOST)]
    samples = [(one, picture) for one in shown if (picture := thumbnail(one.path)) is not None]
    names = [(classes[one.label], classes[one.ranked[0]]) for one, _ in samples]
    captions = [
        f"{predicted} {one.probability:.0%}\n" + ("right" if true == predicted else f"is {true}")
        for (true, predicted), (one, _) in zip(names, samples, strict=True)
    ]
    path = figures / "predictions.png"
    draw_sheet([picture for _, picture in samples], captions, path, "Validation images and what is predicted of them")
    rows = [
        (*map(csv_safe, (one.name, *of_one)), f"{one.probability:.6f}")
        for of_one, (one, _) in zip(names, samples, strict=True)
    ]
    write_table(path.with_suffix(".csv"), ("image", "true", "predicted", "probability"), rows)


def _draw_confusion(subject: Subject) -> None:
    """Its counts are those that the evaluation has written."""
    from plots.scores import draw_confusion_matrix_of

    file = subject.run.figures / "confusion_matrix.csv"
    counts = np.array([list(row.values())[1:] for row in read_table(file)]).astype(np.int64)
    unit = "pixels" if subject.kind is SEGMENTATION else "images"
    for scale in SCALES:
        draw_confusion_matrix_of(counts, subject.data.classes, file.with_name(f"confusion_{scale}.png"), unit, scale)
