"""The part of a comparison that looks at classes: their scores in each run, and predicted masks side by side."""

import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from analysis.page import collapsible, figure, heading, paragraph, table
from analysis.report import is_newer_than_model
from analysis.trained_run import TrainedRun
from command import import_tensorflow
from datatransformer.layout import DataFolder
from plots.mask_grid import MAX_IMAGES, draw_masks
from plots.palette import palette
from plots.scores import draw_scores_of_runs, run_title
from predictor.images import evaluated_images, evenly_spaced
from settings import SettingError
from storage.tables import csv_safe, printable, read_table, write_table
from training.kinds import CLASSIFIER, MULTILABEL, SEGMENTATION

SCORES_OF_KIND = {
    CLASSIFIER.name: ("classes.csv", "f1", "F1 score"),
    SEGMENTATION.name: ("classes.csv", "iou", "IoU"),
    MULTILABEL.name: ("label_scores.csv", "average_precision", "average precision"),
}
"""The table in the figures of a run, its column, and what the column is called."""


def class_section(trained_runs: Sequence[TrainedRun], titles: Sequence[str], folder: Path) -> Iterator[str]:
    """Parts of the page: a figure and a table with a score of each class in each run; predicted masks side by side."""
    kind = trained_runs[0].kind
    if kind.name not in SCORES_OF_KIND:
        return
    if len({trained.run.classes() for trained in trained_runs}) > 1:
        yield paragraph("The runs have different classes, so that the page has no scores of single classes.")
        return
    yield from _score_parts(trained_runs, titles, folder)
    if kind == SEGMENTATION:
        yield from _mask_parts(trained_runs, titles, folder)


def _score_parts(trained_runs: Sequence[TrainedRun], titles: Sequence[str], folder: Path) -> Iterator[str]:
    name, column, title = SCORES_OF_KIND[trained_runs[0].kind.name]
    files = [trained.run.figures / name for trained in trained_runs]
    outdated = [
        trained.run.path
        for trained, file in zip(trained_runs, files, strict=True)
        if not (file.exists() and is_newer_than_model(file, trained.run))
    ]
    if outdated:
        commands = " and ".join(f"python -m analysis {shlex.quote(str(path))} --only evaluation" for path in outdated)
        yield paragraph(f"For the scores of each class, run {commands}, and compare again.")
        return
    classes, path = trained_runs[0].run.classes(), folder / "classes.png"
    scores = np.array([[float(row[column] or "nan") for row in read_table(file)] for file in files])
    draw_scores_of_runs(classes, titles, scores, title, path)
    rows = [
        (printable(name), *("" if np.isnan(score) else f"{score:.4f}" for score in of_class))
        for name, of_class in zip(classes, scores.T, strict=True)
    ]
    write_table(path.with_suffix(".csv"), ("class", *map(csv_safe, titles)), rows)
    yield heading("Scores of each class")
    yield figure(path, f"{title} of each class, on the validation images of each run. The best class is on top.")
    yield collapsible("The same in numbers", table(("class", *titles), rows))


def _mask_parts(trained_runs: Sequence[TrainedRun], titles: Sequence[str], folder: Path) -> Iterator[str]:
    try:
        data = trained_runs[0].data
    except SettingError as error:
        yield paragraph(f"There are no masks side by side: {error}")
        return
    path = folder / "masks.png"
    draw_masks_of_runs(trained_runs, titles, data, path)
    yield heading("Masks side by side")
    yield figure(path, f"Validation images of {data.path}, their true masks, and the masks that the runs predict.")


def draw_masks_of_runs(trained_runs: Sequence[TrainedRun], titles: Sequence[str], data: DataFolder, path: Path) -> None:
    """Draws a row for each of a few validation images: the image, its true mask, and the mask of each run."""
    import_tensorflow()
    from predictor.masks.evaluation import read_mask, reduce_size
    from predictor.masks.segmenter import Network, validation_masks

    chosen = evenly_spaced(len(data.images("val")), MAX_IMAGES)
    images = [evaluated_images(data)[index] for index in chosen]
    truth = [read_mask(Path(data.masks("val")[index])) for index in chosen]
    networks = [Network(trained.run, "none") for trained in trained_runs]
    by_run = [list(validation_masks(network, data, images)) for network in networks]
    rows = [
        [reduce_size(pixels) for pixels in (of_runs[0].image, true, *(one.mask for one in of_runs))]
        for true, *of_runs in zip(truth, *by_run, strict=True)
    ]
    captions = [Path(image.name).stem for image in images]
    draw_masks(
        rows, ("image", "true mask", *map(run_title, titles)), captions, data.classes, palette(data.colours), path
    )
