"""Feature maps of some layers for one image (S4 V-D)."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from analysis.graph import Graph, NamedLayer
from analysis.layers_table import shape_text
from plots.save import save_figure
from storage.tables import write_table

CHANNELS = 8
"""Channels drawn of each layer."""

CELL = 1.25
"""Width of a map in inches."""


def draw_feature_maps(graph: Graph, layers: Sequence[NamedLayer], image: np.ndarray, path: Path) -> None:
    """One row per layer: the image, then the channels with the largest standard deviation; also a CSV of all channels.

    `image` is RGB uint8 (height, width, 3). Each map is drawn from its smallest (dark) to its largest value (bright).
    """
    maps_of_layers = [next(graph.outputs(layer, image[None], 1))[0] for layer in layers]
    chosen = [np.argsort(-maps.std(axis=(0, 1)), kind="stable")[:CHANNELS] for maps in maps_of_layers]
    _write(layers, maps_of_layers, chosen, path.with_suffix(".csv"))
    height = CELL * image.shape[0] / image.shape[1] + 0.42
    figure = Figure(figsize=(CELL * (CHANNELS + 1) + 0.2, height * len(layers) + 0.6), layout="constrained")
    grid = figure.subplots(len(layers), CHANNELS + 1, squeeze=False)
    for axes in grid.flat:
        axes.axis("off")
    for axes_of_row, layer, maps, channels in zip(grid, layers, maps_of_layers, chosen, strict=True):
        axes_of_row[0].imshow(image)
        title = f"{layer.name}: {shape_text(maps.shape)}"
        axes_of_row[0].set_title(title, fontsize=8, loc="left", pad=13, parse_math=False)
        for axes, channel in zip(axes_of_row[1:], channels, strict=False):
            axes.imshow(maps[..., channel], cmap="viridis", interpolation="nearest")
            axes.set_title(str(channel), fontsize=7, loc="right", color="#555555")
    figure.suptitle("Feature maps: the most active channels of each layer, with their numbers", fontsize=11)
    save_figure(figure, path)


def _write(
    layers: Sequence[NamedLayer], maps_of_layers: Sequence[np.ndarray], chosen: Sequence[np.ndarray], path: Path
) -> None:
    rows = []
    for layer, maps, channels in zip(layers, maps_of_layers, chosen, strict=True):
        for channel in range(maps.shape[-1]):
            values = maps[..., channel]
            statistics = (values.mean(), values.std(), values.min(), values.max())
            cells = (f"{number:.6g}" for number in statistics)
            rows.append((layer.name, channel, *cells, int(channel in channels)))
    write_table(path, ("layer", "channel", "mean", "deviation", "least", "largest", "drawn"), rows)
