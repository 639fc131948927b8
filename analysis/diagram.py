"""The diagram of a model: one block for each size of its feature maps, and for each vector after them."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import keras
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, Patch, Rectangle

from analysis.graph import Graph, NamedLayer
from analysis.layers_table import shape_text
from layers.keras_private import producing_layer
from plots.palette import GRAY, PALE_BLUE
from plots.save import save_figure
from plots.scores import short_count
from storage.tables import write_table

COLOURS = ("#eeeeee", PALE_BLUE, "#f6cfae", "#bfe0d2")
"""Colours of the blocks of the model itself, and of its first, second and third nested model."""

PITCH = 1.12
"""Distance of the blocks in inches."""

NAME_LENGTH = 16
"""Characters of a layer's name."""


class Block(NamedTuple):
    """Layers with the same output size, the output shape of the last one, and their numbers of parameters."""

    layers: list[NamedLayer]
    shape: tuple[int, ...]
    parameters: int
    trainable: int

    @property
    def nested_model(self) -> str:
        """The nested model that most of its layers belong to; empty for the model itself."""
        names = [layer.name.partition("/")[0] if "/" in layer.name else "" for layer in self.layers]
        return max(dict.fromkeys(names), key=names.count)

    @property
    def is_frozen(self) -> bool:
        return bool(self.parameters and not self.trainable)


def blocks_of(graph: Graph) -> list[Block]:
    """The blocks in the order of the model.

    Vectors within a stage, such as channel weights of squeeze-and-excitation, belong to the stage's block.
    """
    number_of = {layer.name: number for number, layer in enumerate(graph.layers)}
    stage_of = {layer.name: stage for stage, layers in enumerate(graph.stages) for layer in layers}
    spans = [(number_of[stage[0].name], number_of[stage[-1].name]) for stage in graph.stages]
    layers_of: dict[tuple, list[NamedLayer]] = {}
    key: tuple | None = None
    for number, layer in enumerate(graph.layers):
        if isinstance(layer.layer, keras.layers.InputLayer):
            continue
        shape = graph.shapes[layer.name]
        key = next(reversed(layers_of), None)
        if layer.name in stage_of:
            key = ("maps", stage_of[layer.name])
        elif len(shape) == 1 and not any(first < number < last for first, last in spans):
            key = ("vector", shape, layer.name.rpartition("/")[0])
        if key is not None:
            layers_of.setdefault(key, []).append(layer)
    return [_block(graph, key, layers) for key, layers in layers_of.items()]


def _block(graph: Graph, key: tuple, layers: list[NamedLayer]) -> Block:
    last = graph.stages[key[1]][-1] if key[0] == "maps" else layers[-1]
    weights = [weight for layer in layers for weight in layer.layer.trainable_weights]
    trainable = sum(math.prod(weight.shape) for weight in weights)
    parameters = sum(layer.layer.count_params() for layer in layers)
    ordered = [*(layer for layer in layers if layer != last), last]
    return Block(ordered, graph.shapes[last.name], parameters, trainable)


def skip_connections(blocks: Sequence[Block]) -> list[tuple[int, int]]:
    """Pairs (source, target) of blocks that are connected but not adjacent."""
    block_of = {id(layer.layer): number for number, block in enumerate(blocks) for layer in block.layers}
    pairs = set()
    for target, block in enumerate(blocks):
        for layer in block.layers:
            for tensor in keras.tree.flatten(layer.layer.input):
                source = block_of.get(id(producing_layer(tensor)))
                if source is not None and target - source > 1:
                    pairs.add((source, target))
    return sorted(pairs)


def draw_diagram(graph: Graph, path: Path) -> None:
    """Blocks are taller for finer maps and wider for more channels; also a CSV of the blocks."""
    blocks = blocks_of(graph)
    skips = skip_connections(blocks)
    _write(blocks, skips, path.with_suffix(".csv"))
    tallest = max(_height(block) for block in blocks)
    names = dict.fromkeys(["", *(block.nested_model for block in blocks)])
    colours = dict(zip(names, COLOURS * len(blocks), strict=False))
    arcs = 0.35 + 0.1 * max((target - source for source, target in skips), default=0)
    figure = Figure(figsize=(PITCH * len(blocks) + 0.2, tallest + arcs + 1.25))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(
        xlim=(-0.1, PITCH * len(blocks) + 0.1), ylim=(-tallest / 2 - 0.85, tallest / 2 + arcs + 0.4), aspect="equal"
    )
    axes.axis("off")
    _draw_blocks(axes, blocks, colours, -tallest / 2 - 0.12)
    for source, target in skips:
        start, end = ((PITCH * (number + 0.5), _height(blocks[number]) / 2) for number in (source, target))
        bend = f"arc3,rad={-0.25 if target - source < 5 else -0.2}"
        arrow = FancyArrowPatch(start, end, connectionstyle=bend, arrowstyle="-|>", mutation_scale=8, color=GRAY)
        axes.add_patch(arrow)
    handles = [Patch(fc=colour, ec=GRAY, label=name or graph.model.name) for name, colour in colours.items()]
    if any(block.is_frozen for block in blocks):
        handles.append(Patch(fc="white", ec=GRAY, hatch="///", label="frozen"))
    axes.legend(handles=handles, loc="upper left", ncols=len(handles), frameon=False, fontsize=8)
    save_figure(figure, path)


def _draw_blocks(axes: Axes, blocks: Sequence[Block], colours: dict[str, str], text_top: float) -> None:
    """The blocks from left to right with arrows between them and their texts below."""
    for number, block in enumerate(blocks):
        middle, width, height = PITCH * (number + 0.5), _width(block), _height(block)
        left, hatch = middle - width / 2, "///" if block.is_frozen else None
        colour = colours[block.nested_model]
        axes.add_patch(Rectangle((left, -height / 2), width, height, fc=colour, ec=GRAY, hatch=hatch))
        if number:
            start = middle - PITCH + _width(blocks[number - 1]) / 2
            arrow = FancyArrowPatch((start, 0), (left, 0), arrowstyle="-|>", mutation_scale=8, color=GRAY,
                                    shrinkA=1, shrinkB=1)  # fmt: skip
            axes.add_patch(arrow)
        axes.text(middle, text_top, _text(block), ha="center", va="top", fontsize=7.5, parse_math=False)


def _height(block: Block) -> float:
    """Inches: each doubling of the longer side of the maps adds a third of an inch."""
    return 0.3 + (math.log2(max(block.shape[:2])) / 3 if len(block.shape) > 1 else 0.35)


def _width(block: Block) -> float:
    """Inches: logarithmic, from 0.12 for 1 channel to 0.82 for 2048 channels."""
    return min(0.12 + math.log2(block.shape[-1]) / 11 * 0.7, 0.85) if len(block.shape) > 1 else 0.16


def _text(block: Block) -> str:
    name = block.layers[-1].layer.name
    name = name if len(name) <= NAME_LENGTH else f"{name[: NAME_LENGTH - 1]}…"
    count = len(block.layers)
    layers = f"{count} layer{'s' * (count > 1)}"
    return f"{shape_text(block.shape)}\n{name}\n{layers}\n{short_count(block.parameters)} parameters"


def _write(blocks: Sequence[Block], skips: Sequence[tuple[int, int]], path: Path) -> None:
    rows = [
        (number, block.layers[-1].name, shape_text(block.shape), len(block.layers), block.parameters, block.trainable,
         " ".join(str(source) for source, target in skips if target == number))
        for number, block in enumerate(blocks)
    ]  # fmt: skip
    write_table(path, ("block", "last_layer", "output", "layers", "parameters", "learn", "takes_from"), rows)
