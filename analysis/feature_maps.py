"""What the channels of some layers see in a picture, as S4 looked into its decoder."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from analysis.graph import Graph, NamedLayer
from analysis.layers_table import in_words
from plots.save import save_figure
from storage.tables import write_table

CHANNELS = 8
"""That are drawn of a layer: those that differ the most over the picture."""

CELL = 1.25
"""Width of a map in inches."""


def draw_feature_maps(graph: Graph, places: Sequence[NamedLayer], picture: np.ndarray, path: Path) -> None:
    """A row a layer that gives maps: the picture, then its liveliest channels; also a CSV of what all channels give.

    `picture` is RGB uint8 (height, width, 3). Each map is drawn from its least (dark) to its largest value (bright).
    """
    given = [next(graph.values(place, picture[None], 1))[0] for place in places]
    chosen = [np.argsort(-maps.std(axis=(0, 1)), kind="stable")[:CHANNELS] for maps in given]
    _write(places, given, chosen, path.with_suffix(".csv"))
    height = CELL * picture.shape[0] / picture.shape[1] + 0.42
    figure = Figure(figsize=(CELL * (CHANNELS + 1) + 0.2, height * len(places) + 0.6), layout="constrained")
    grid = figure.subplots(len(places), CHANNELS + 1, squeeze=False)
    for axes in grid.flat:
        axes.axis("off")
    for axes_of_row, place, maps, channels in zip(grid, places, given, chosen, strict=True):
        axes_of_row[0].imshow(picture)
        axes_of_row[0].set_title(
            f"{place.name}: {in_words(maps.shape)}", fontsize=8, loc="left", pad=13, parse_math=False
        )
        for axes, channel in zip(axes_of_row[1:], channels, strict=False):
            axes.imshow(maps[..., channel], cmap="viridis", interpolation="nearest")
            axes.set_title(str(channel), fontsize=7, loc="right", color="#555555")
    figure.suptitle("Feature maps: a row a layer, its liveliest channels with their numbers", fontsize=11)
    save_figure(figure, path)


def _write(places: Sequence[NamedLayer], given: Sequence[np.ndarray], chosen: Sequence[np.ndarray], path: Path) -> None:
    rows = []
    for place, maps, channels in zip(places, given, chosen, strict=True):
        for channel in range(maps.shape[-1]):
            values = maps[..., channel]
            numbers = (values.mean(), values.std(), values.min(), values.max())
            rows.append((place.name, channel, *(f"{number:.6g}" for number in numbers), int(channel in channels)))
    write_table(path, ("layer", "channel", "mean", "deviation", "least", "largest", "drawn"), rows)
