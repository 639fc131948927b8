"""Points of many dimensions in the plane: t-SNE (van der Maaten & Hinton 2008) and PCA, as S4 looked at them."""

from collections.abc import Mapping, Sequence
from itertools import cycle, islice, product
from pathlib import Path
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE
from threadpoolctl import threadpool_limits

from plots.save import save_figure
from storage.tables import csv_safe, printable, write_table

METHODS = ("pca", "tsne")

PERPLEXITY = 30.0
"""How many neighbours t-SNE looks at, unless there are too few points."""

POINTS_A_NEIGHBOUR = 3
"""So many points t-SNE should have for each neighbour that it looks at."""

DIMENSIONS = 50
"""What t-SNE is given; more are brought to so many by PCA first, as its authors do."""

COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#000000", "#b8a900")
"""Told apart by the colour-blind (Okabe & Ito 2008), their yellow darkened to be seen on white."""

MARKERS = ("o", "^", "s", "X", "D", "v", "P", "*", "<", ">", "p", "h")

ROWS = 28
"""Classes beneath each other in a legend."""


class Embedding(NamedTuple):
    """`points` are (points, 2) float; `how` says in words how they came about."""

    points: np.ndarray
    how: str


def embed(values: np.ndarray, method: str, seed: int = 0) -> Embedding:
    """(points, ...) of any shape -> the plane, by `pca` or `tsne`.

    t-SNE of few points looks at fewer neighbours than usual, and `how` says so. The same seed gives the same points.
    Raises ValueError for another method, or if there is no point.
    """
    if method not in METHODS or not len(values):
        raise ValueError(f"some points and one of {', '.join(METHODS)} are needed, not {len(values)} and {method!r}")
    values = np.asarray(values, np.float64).reshape(len(values), -1)
    axes, explained = _principal(values, seed)
    if method == "pca":
        return Embedding(axes[:, :2], f"PCA, {explained:.0%} of the variance")
    perplexity = min(PERPLEXITY, max(len(values) - 1, 1) / POINTS_A_NEIGHBOUR)
    few = "" if perplexity == PERPLEXITY else f" as there are {len(values)} points"
    how = f"t-SNE, perplexity {perplexity:.3g}{few}"
    if len(values) < POINTS_A_NEIGHBOUR or not axes.any():  # nothing that could be near to something
        return Embedding(axes[:, :2], how)
    begin = (axes[:, :2] / axes[:, 0].std() * 1e-4).astype(
        np.float32
    )  # as scikit-learn's own init="pca", of one dimension too
    tsne = TSNE(perplexity=perplexity, init=begin, random_state=seed)
    with threadpool_limits(1):  # its threads wait for each other by spinning: five times as slow on a busy machine
        return Embedding(tsne.fit_transform(axes.astype(np.float32)).astype(np.float64), how)


def _principal(values: np.ndarray, seed: int) -> tuple[np.ndarray, float]:
    """At least two and at most DIMENSIONS principal axes, and what share of the variance the first two explain."""
    variance = values.var(axis=0).sum()
    if variance == 0:
        return np.zeros((len(values), 2)), 1.0
    axes = PCA(min(DIMENSIONS, *values.shape), random_state=seed).fit_transform(values)
    return np.pad(axes, ((0, 0), (0, max(2 - axes.shape[1], 0)))), axes[:, :2].var(axis=0).sum() / variance


def draw_embedding(
    panels: Mapping[str, Embedding], labels: Sequence[int] | None, classes: Sequence[str], path: Path
) -> None:
    """The same points embedded in several ways side by side, under the panels' names; also a CSV.

    Arguments:
        labels: the class index of each point, by which it is coloured. None: all are alike.
        classes: names of the classes; up to 96 look different.
    """
    _write(panels, labels, classes, path.with_suffix(".csv"))
    known = labels is not None
    labels = np.asarray(labels) if known else np.zeros(len(next(iter(panels.values())).points), int)
    looks = list(islice(cycle(product(MARKERS, COLOURS)), max(len(classes), 1)))
    columns = -(-len(np.unique(labels)) // ROWS)
    figure = Figure(figsize=(6.2 * len(panels) + 2 * known * columns, 6.4), layout="constrained")
    for axes, (name, embedding) in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels.items(), strict=True):
        for index in np.unique(labels):
            marker, colour = looks[index]
            x, y = embedding.points[labels == index].T
            label = printable(classes[index]) if known else None
            axes.scatter(x, y, s=16, color=colour, marker=marker, alpha=0.75, linewidths=0, label=label)
        axes.set(xticks=[], yticks=[])
        axes.set_title(f"{name}\n{embedding.how}", fontsize=11)
    if known:
        handles, names = figure.axes[0].get_legend_handles_labels()
        legend = figure.legend(handles, names, loc="outside right center", markerscale=1.8, fontsize=9, ncols=columns)
        for text in legend.get_texts():
            text.set_parse_math(False)
        for handle in legend.legend_handles:
            handle.set_alpha(1)
    save_figure(figure, path)


def _write(panels: Mapping[str, Embedding], labels: Sequence[int] | None, classes: Sequence[str], path: Path) -> None:
    header = [*(["class"] if labels is not None else []), *(f"{name} {axis}" for name in panels for axis in "xy")]
    of_points = np.concatenate([embedding.points for embedding in panels.values()], axis=1)
    names = [[csv_safe(classes[label])] for label in labels] if labels is not None else [[]] * len(of_points)
    rows = ([*name, *(f"{value:.6g}" for value in point)] for name, point in zip(names, of_points, strict=True))
    write_table(path, header, rows)
