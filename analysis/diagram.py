"""The model as a row of blocks, a block for each size of its feature maps and for each vector behind them."""

import math
from pathlib import Path
from typing import NamedTuple

import keras
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, Patch, Rectangle

from analysis.graph import Graph, NamedLayer
from analysis.layers_table import in_words
from plots.palette import GRAY, PALE_BLUE
from plots.save import save_figure
from plots.scores import shortened
from storage.tables import write_table

COLOURS = ("#eeeeee", PALE_BLUE, "#f6cfae", "#bfe0d2")
"""Of blocks in no model within the model, and of those in the first, the second and the third that there are."""

PITCH = 1.12
"""From block to block in inches."""

LETTERS = 16
"""Of a layer's name."""


class Block(NamedTuple):
    """Layers that give the same size, what the last of them gives, and their parameters."""

    places: list[NamedLayer]
    shape: tuple[int, ...]
    parameters: int
    learning: int

    @property
    def within(self) -> str:
        """The model within the model that most of its layers belong to; empty if none."""
        names = [place.name.partition("/")[0] if "/" in place.name else "" for place in self.places]
        return max(dict.fromkeys(names), key=names.count)


def blocks_of(graph: Graph) -> list[Block]:
    """In the order of the model. Vectors that only weigh the channels of maps are part of the maps' block."""
    number_of = {place.name: number for number, place in enumerate(graph.places)}
    stage_of = {place.name: stage for stage, places in enumerate(graph.stages) for place in places}
    spans = [[number_of[place.name] for place in (stage[0], stage[-1])] for stage in graph.stages]
    keys: list[tuple] = []
    members: list[list[NamedLayer]] = []
    for number, place in enumerate(graph.places):
        if isinstance(place.layer, keras.layers.InputLayer):
            continue
        shape = graph.shapes[place.name]
        key = keys[-1] if keys else None
        if place.name in stage_of:
            key = ("maps", stage_of[place.name])
        elif len(shape) == 1 and not any(first < number < last for first, last in spans):
            key = ("vector", shape, place.name.rpartition("/")[0])
        if key is None:
            continue
        if key not in keys:
            keys.append(key)
            members.append([])
        members[keys.index(key)].append(place)
    return [_block(graph, key, places) for key, places in zip(keys, members, strict=True)]


def _block(graph: Graph, key: tuple, places: list[NamedLayer]) -> Block:
    last = graph.stages[key[1]][-1] if key[0] == "maps" else places[-1]
    weights = [weight for place in places for weight in place.layer.trainable_weights]
    learning = sum(math.prod(weight.shape) for weight in weights)
    parameters = sum(place.layer.count_params() for place in places)
    return Block([*(place for place in places if place != last), last], graph.shapes[last.name], parameters, learning)


def joins(graph: Graph, blocks: list[Block]) -> list[tuple[int, int]]:
    """Pairs of blocks, the second of which takes something from the first past those between them."""
    block_of = {id(place.layer): number for number, block in enumerate(blocks) for place in block.places}
    found = set()
    for target, block in enumerate(blocks):
        for place in block.places:
            for tensor in keras.tree.flatten(place.layer.input):
                source = block_of.get(id(_maker(tensor)))
                if source is not None and target - source > 1:
                    found.add((source, target))
    return sorted(found)


def _maker(tensor: keras.KerasTensor) -> keras.Operation:
    """The layer that gives it, in whichever model it is; Keras has no public name for that."""
    operation, _, index = tensor._keras_history
    return _maker(operation.outputs[index]) if isinstance(operation, keras.Model) else operation


def draw_diagram(graph: Graph, path: Path) -> None:
    """Blocks are the taller the finer their maps, the wider the more channels; also a CSV of them."""
    blocks = blocks_of(graph)
    taken = joins(graph, blocks)
    _write(blocks, taken, path.with_suffix(".csv"))
    tallest = max(_height(block) for block in blocks)
    colours = dict(zip(dict.fromkeys(["", *(block.within for block in blocks)]), COLOURS * len(blocks), strict=False))
    arcs = 0.35 + 0.1 * max((target - source for source, target in taken), default=0)
    figure = Figure(figsize=(PITCH * len(blocks) + 0.2, tallest + arcs + 1.25))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(
        xlim=(-0.1, PITCH * len(blocks) + 0.1), ylim=(-tallest / 2 - 0.85, tallest / 2 + arcs + 0.4), aspect="equal"
    )
    axes.axis("off")
    for number, block in enumerate(blocks):
        middle, width, height = PITCH * (number + 0.5), _width(block), _height(block)
        hatch = "///" if block.parameters and not block.learning else None
        corner = (middle - width / 2, -height / 2)
        axes.add_patch(Rectangle(corner, width, height, fc=colours[block.within], ec=GRAY, hatch=hatch))
        if number:
            ends = (middle - PITCH + _width(blocks[number - 1]) / 2, 0), (corner[0], 0)
            axes.add_patch(FancyArrowPatch(*ends, arrowstyle="-|>", mutation_scale=8, color=GRAY, shrinkA=1, shrinkB=1))
        axes.text(middle, -tallest / 2 - 0.12, _text(block), ha="center", va="top", fontsize=7.5, parse_math=False)
    for source, target in taken:
        ends = [(PITCH * (number + 0.5), _height(blocks[number]) / 2) for number in (source, target)]
        bend = f"arc3,rad={-0.25 if target - source < 5 else -0.2}"
        axes.add_patch(FancyArrowPatch(*ends, connectionstyle=bend, arrowstyle="-|>", mutation_scale=8, color=GRAY))
    names = {"": f"{graph.model.name} itself"}
    handles = [Patch(fc=colour, ec=GRAY, label=names.get(name, name)) for name, colour in colours.items()]
    if any(block.parameters and not block.learning for block in blocks):
        handles.append(Patch(fc="white", ec=GRAY, hatch="///", label="does not learn"))
    axes.legend(handles=handles, loc="upper left", ncols=len(handles), frameon=False, fontsize=8)
    save_figure(figure, path)


def _height(block: Block) -> float:
    """In inches: a doubling of the longer side of maps is a third of an inch."""
    return 0.3 + (math.log2(max(block.shape[:2])) / 3 if len(block.shape) > 1 else 0.35)


def _width(block: Block) -> float:
    """In inches: from 1 to 2048 channels an eighth to all that there is room for."""
    return min(0.12 + math.log2(block.shape[-1]) / 11 * 0.7, 0.85) if len(block.shape) > 1 else 0.16


def _text(block: Block) -> str:
    name = block.places[-1].layer.name
    name = name if len(name) <= LETTERS else f"{name[: LETTERS - 1]}…"
    count = len(block.places)
    layers = f"{count} layer{'s' * (count > 1)}"
    return f"{in_words(block.shape)}\n{name}\n{layers}\n{shortened(block.parameters)} parameters"


def _write(blocks: list[Block], taken: list[tuple[int, int]], path: Path) -> None:
    rows = [
        (number, block.places[-1].name, in_words(block.shape), len(block.places), block.parameters, block.learning,
         " ".join(str(source) for source, target in taken if target == number))
        for number, block in enumerate(blocks)
    ]  # fmt: skip
    write_table(path, ("block", "last_layer", "output", "layers", "parameters", "learn", "takes_from"), rows)
