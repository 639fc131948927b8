"""Embeddings in the plane: t-SNE (van der Maaten & Hinton 2008) and PCA, as in S4."""

from collections.abc import Mapping, Sequence
from itertools import cycle, islice, product
from pathlib import Path
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE
from threadpoolctl import threadpool_limits

from plots.names import shorten
from plots.palette import MARKERS, SERIES_COLOURS
from plots.save import save_figure
from storage.tables import printable, write_table

METHODS = ("pca", "tsne")

PERPLEXITY = 30.0
"""The effective number of neighbours in t-SNE, if there are enough points."""

POINTS_PER_NEIGHBOUR = 3
"""With fewer points for each neighbour, the perplexity is reduced."""

DIMENSIONS = 50
"""Largest number of dimensions for t-SNE. PCA reduces more dimensions, as in the paper."""

ROWS = 28
"""Classes in a column of the legend."""

MAX_NAME_LENGTH = 28
"""Width of a class name in the legend, in letters."""


class Embedding(NamedTuple):
    """`points` are float (points, 2); `how` describes the method and its parameters."""

    points: np.ndarray
    how: str


def embed(values: np.ndarray, method: str, seed: int = 0) -> Embedding:
    """(points, ...) of any shape -> the plane, by `pca` or `tsne`.

    The same seed gives the same points. With few points t-SNE uses a smaller perplexity, and `how` says so.
    Raises ValueError for another method, or if there are no points.
    """
    if method not in METHODS or not len(values):
        raise ValueError(f"needs points and one of {', '.join(METHODS)}; received {len(values)} points and {method!r}")
    values = np.asarray(values, np.float64).reshape(len(values), -1)
    components, explained = _principal_components(values, seed)
    if method == "pca":
        return Embedding(components[:, :2], f"PCA, {explained:.0%} of the variance")
    perplexity = min(PERPLEXITY, max(len(values) - 1, 1) / POINTS_PER_NEIGHBOUR)
    reason = "" if perplexity == PERPLEXITY else f", reduced for {len(values)} points"
    how = f"t-SNE, perplexity {perplexity:.3g}{reason}"
    if len(values) < POINTS_PER_NEIGHBOUR or not components.any():  # t-SNE fails without neighbours
        return Embedding(components[:, :2], how)
    # as scikit-learn's init="pca", which fails for a single dimension
    start = (components[:, :2] / components[:, 0].std() * 1e-4).astype(np.float32)
    tsne = TSNE(perplexity=perplexity, init=start, random_state=seed)
    with threadpool_limits(1):  # its threads wait for each other actively: five times slower on a busy machine
        return Embedding(tsne.fit_transform(components.astype(np.float32)).astype(np.float64), how)


def _principal_components(values: np.ndarray, seed: int) -> tuple[np.ndarray, float]:
    """2 to DIMENSIONS principal components (points, components), and the share of variance of the first two."""
    variance = values.var(axis=0).sum()
    if variance == 0:
        return np.zeros((len(values), 2)), 1.0
    components = PCA(min(DIMENSIONS, *values.shape), random_state=seed).fit_transform(values)
    padded = np.pad(components, ((0, 0), (0, max(2 - components.shape[1], 0))))
    return padded, components[:, :2].var(axis=0).sum() / variance


def draw_embedding(
    panels: Mapping[str, Embedding], labels: Sequence[int] | np.ndarray | None, classes: Sequence[str], path: Path
) -> None:
    """Several embeddings of the same points side by side; also a CSV.

    Arguments:
        panels: the embeddings by their titles.
        labels: the class index of each point, which decides on its colour and marker. None: all points look the same.
        classes: names of the classes. Up to 96 classes look different.
    """
    _write(panels, labels, classes, path.with_suffix(".csv"))
    count = len(next(iter(panels.values())).points)
    indices = np.zeros(count, int) if labels is None else np.asarray(labels)
    looks = list(islice(cycle(product(MARKERS, SERIES_COLOURS)), max(len(classes), 1)))
    legend_columns = 0 if labels is None else -(-len(np.unique(indices)) // ROWS)
    figure = Figure(figsize=(6.2 * len(panels) + 2 * legend_columns, 6.4), layout="constrained")
    for axes, (name, embedding) in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels.items(), strict=True):
        for index in np.unique(indices):
            marker, colour = looks[index]
            x, y = embedding.points[indices == index].T
            axes.scatter(x, y, s=16, color=colour, marker=marker, alpha=0.75, linewidths=0)
        axes.set(xticks=[], yticks=[])
        axes.set_title(f"{name}\n{embedding.how}", fontsize=11)
    if labels is not None:
        names = [shorten(printable(classes[index]), MAX_NAME_LENGTH) for index in np.unique(indices)]
        _add_legend(figure, names, legend_columns)
    save_figure(figure, path)


def _add_legend(figure: Figure, names: Sequence[str], columns: int) -> None:
    """Names the points of the first panel. Matplotlib's own list of labels lacks those that start with _."""
    legend = figure.legend(
        figure.axes[0].collections, names, loc="outside right center", markerscale=1.8, fontsize=9, ncols=columns
    )
    for text in legend.get_texts():
        text.set_parse_math(False)
    for handle in filter(None, legend.legend_handles):
        handle.set_alpha(1)


def _write(
    panels: Mapping[str, Embedding], labels: Sequence[int] | np.ndarray | None, classes: Sequence[str], path: Path
) -> None:
    header = [*(["class"] if labels is not None else []), *(f"{name} {axis}" for name in panels for axis in "xy")]
    points = np.concatenate([embedding.points for embedding in panels.values()], axis=1)
    names = [[printable(classes[label])] for label in labels] if labels is not None else [[]] * len(points)
    rows = ([*name, *(f"{value:.6g}" for value in point)] for name, point in zip(names, points, strict=True))
    write_table(path, header, rows)
