"""What a result means, in one sentence for a reader who does not know the scores."""

from collections import Counter

from analysis.trained_run import TrainedRun
from datatransformer.manifest import Row
from training.data_record import read_record
from training.kinds import CLASSIFIER, MULTILABEL, SEGMENTATION


def meaning(trained: TrainedRun) -> str:
    """A sentence about the best epoch, with what no learning would reach; empty if the run does not tell enough."""
    record = read_record(trained.run)
    rows = [row for row in record.rows if row.split == "val"] if record else []
    if not rows:
        return ""
    images = f"Of the {len(rows):,} validation images" if len(rows) > 1 else "Of the validation image"
    if trained.kind == CLASSIFIER:
        guessed = most_frequent_share(rows)
        return (
            f"{images}, {of_hundred(trained.best['val_accuracy'])} of 100 get the right class. Always answering the "
            f"most frequent class would be right for {of_hundred(guessed)} of 100."
        )
    if trained.kind == SEGMENTATION:
        accuracy, overlap = trained.best["val_accuracy"], trained.best["val_mean_iou"]
        return (
            f"In the {len(rows):,} validation images, {of_hundred(accuracy)} of 100 pixels get the right class. The "
            f"predicted area of a class and its true area have {of_hundred(overlap)} % of their union in common, on "
            "average over the classes, however rare they are."
        )
    if trained.kind == MULTILABEL:
        return (
            f"{images}, {of_hundred(trained.best['val_exact'])} of 100 get exactly the right labels at a probability "
            f"of 0.5. If images are ordered by the probability of a label, the precision is "
            f"{trained.best['val_map']:.2f} on average; a random order would reach {label_share(rows, trained):.2f}."
        )
    return ""


def of_hundred(share: float) -> str:
    """93 or, close to 0 and 100, 99.6."""
    text = f"{100 * share:.0f}"
    return f"{100 * share:.1f}" if text in ("0", "100") and 0 < share < 1 else text


def most_frequent_share(rows: list[Row]) -> float:
    """The share of the images whose class is the most frequent one."""
    return max(Counter(row.class_name for row in rows).values()) / len(rows)


def label_share(rows: list[Row], trained: TrainedRun) -> float:
    """The mean over the labels of the share of images that have it: what average precision is by chance."""
    counts = Counter(label for row in rows for label in row.labels)
    return sum(counts.values()) / len(rows) / max(len(trained.run.classes()), 1)
