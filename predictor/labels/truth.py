"""The true labels of the images of a data folder, for both kinds of classifiers."""

import numpy as np

from datatransformer.layout import DataFolder


def label_table(data: DataFolder, split: str) -> np.ndarray:
    """Whether each image has each label, bool (images, classes), of a data folder with several labels per image."""
    label_sets = data.label_sets(split)
    table = np.zeros((len(label_sets), len(data.classes)), bool)
    for row, labels in zip(table, label_sets, strict=True):
        row[labels] = True
    return table


def true_labels(data: DataFolder, split: str) -> np.ndarray:
    """Class indices (images,) or, if an image may have several labels, `label_table`."""
    return label_table(data, split) if data.task == "multilabel" else np.array(data.labels(split))
