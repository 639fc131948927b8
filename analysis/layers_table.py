"""The table of a model's layers."""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from analysis.graph import Graph, Shape
from storage.tables import write_table

HEADER = ("layer", "kind", "output", "parameters", "learn")


class Layer(NamedTuple):
    """A row: the layer's name and kind, what it gives of a picture, its parameters and how many of them learn."""

    name: str
    kind: str
    output: str
    parameters: int
    learn: int


def layers_of(graph: Graph) -> list[Layer]:
    return [
        Layer(
            place.name,
            type(place.layer).__name__,
            in_words(graph.shapes[place.name]),
            place.layer.count_params(),
            sum(int(np.prod(weight.shape)) for weight in place.layer.trainable_weights),
        )
        for place in graph.places
    ]


def in_words(shape: Shape) -> str:
    """Height x width x channels."""
    return "x".join(map(str, shape))


def write_layers(graph: Graph, path: Path) -> None:
    write_table(path, HEADER, layers_of(graph))
