"""The table of a model's layers."""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from analysis.graph import Graph, Shape
from storage.tables import write_table

HEADER = ("layer", "kind", "output", "parameters", "learn")


class LayerRow(NamedTuple):
    """A row of the table: a layer's name, class, output shape, and numbers of parameters and trainable parameters."""

    name: str
    kind: str
    output: str
    parameters: int
    trainable: int


def layer_rows(graph: Graph) -> list[LayerRow]:
    return [
        LayerRow(
            layer.name,
            type(layer.layer).__name__,
            shape_text(graph.shapes[layer.name]),
            layer.layer.count_params(),
            sum(int(np.prod(weight.shape)) for weight in layer.layer.trainable_weights),
        )
        for layer in graph.layers
    ]


def shape_text(shape: Shape) -> str:
    """(7, 7, 512) -> 7x7x512: height, width, channels."""
    return "x".join(map(str, shape))


def write_layers(graph: Graph, path: Path) -> None:
    write_table(path, HEADER, layer_rows(graph))
