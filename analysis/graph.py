"""The layers of a model, those of models within it too: where they stand, what they give."""

import difflib
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import NamedTuple

import keras
import numpy as np

from settings import SettingError, bad_setting

NEAREST = 5
"""Names that are offered for one that is not there."""

Shape = tuple[int, ...]


class NamedLayer(NamedTuple):
    """A layer and its name within the whole model: `MODEL/LAYER` if it is in a model in the model."""

    name: str
    layer: keras.layers.Layer


class Graph:
    """A functional model, taken apart.

    Arguments:
        model: takes RGB (batch, height, width, 3) of 0..255.
        size: height and width in pixels of the pictures that it is given here.
    """

    def __init__(self, model: keras.Model, size: tuple[int, int]):
        self.model, self.size = model, size
        self.places = _places(model)

    def find(self, name: str) -> NamedLayer:
        """By its name, or what stands behind its last slash if only one has that.

        Raises SettingError with the nearest names.
        """
        found = [place for place in self.places if name == place.name]
        found = found or [place for place in self.places if name == place.layer.name]
        if len(found) == 1:
            return found[0]
        if found:
            allowed = f"there are several; name one of {', '.join(place.name for place in found)}"
        else:
            nearest = ", ".join(self._nearest(name))
            allowed = f"the model has no such layer; the nearest are {nearest}; --only layers lists all of them"
        raise SettingError(bad_setting("layer", name, allowed))

    def _nearest(self, name: str) -> list[str]:
        names = {key: place.name for place in self.places for key in (place.name, place.layer.name)}
        close = difflib.get_close_matches(name, names, 2 * NEAREST, cutoff=0.3)
        return list(dict.fromkeys(names[one] for one in close))[:NEAREST] or list(names.values())[-NEAREST:]

    def features(self, places: Sequence[NamedLayer]) -> keras.Model:
        """Pictures -> a list of what these layers give; the first output of one that has several."""
        return keras.Model(_inputs(self.model), _outputs(self.model, [place.name for place in places]))

    def values(self, place: NamedLayer, pictures: np.ndarray, batch_size: int) -> Iterator[np.ndarray]:
        """What the layer gives of pictures (pictures, height, width, 3), a batch (batch, ...) float32 at a time."""
        features = self.features([place])
        for begin in range(0, len(pictures), batch_size):
            batch = pictures[begin : begin + batch_size].astype(np.float32)
            (given,) = keras.tree.flatten(features(batch, training=False))  # Keras unpacks a list of one
            yield keras.ops.convert_to_numpy(given).astype(np.float32)

    @cached_property
    def shapes(self) -> Mapping[str, Shape]:
        """What each layer gives of one picture, without the batch, by its name; a graph may leave sizes open."""
        given = self.features(self.places)(np.zeros((1, *self.size, 3), np.float32), training=False)
        return {place.name: tuple(value.shape[1:]) for place, value in zip(self.places, given, strict=True)}

    def is_map(self, place: NamedLayer) -> bool:
        """Whether it gives something of height and width; what is a single pixel are the weights of channels."""
        shape = self.shapes[place.name]
        return len(shape) == 3 and shape[:2] != (1, 1)

    @cached_property
    def stages(self) -> list[list[NamedLayer]]:
        """The layers that give maps, parted where the size of the maps changes and where a model in the model ends."""
        stages: list[list[NamedLayer]] = []
        for place in filter(self.is_map, self.places):
            if isinstance(place.layer, keras.layers.ZeroPadding2D | keras.layers.InputLayer):
                continue
            if stages and self._stage_key(stages[-1][-1]) == self._stage_key(place):
                stages[-1].append(place)
            else:
                stages.append([place])
        return self._untangled(stages)

    def _stage_key(self, place: NamedLayer) -> tuple[str, Shape]:
        return place.name.rpartition("/")[0], self.shapes[place.name][:2]

    def _untangled(self, stages: list[list[NamedLayer]]) -> list[list[NamedLayer]]:
        """Layers of parallel branches, one of which has another size already, take turns in the list of a model."""
        keys = [self._stage_key(stage[-1]) for stage in stages]
        for number in range(len(stages) - 3):
            if keys[number : number + 2] == keys[number + 2 : number + 4]:
                first, second, third, fourth = stages[number : number + 4]
                return self._untangled([*stages[:number], first + third, second + fourth, *stages[number + 4 :]])
        return stages


def _places(model: keras.Model, within: str = "") -> list[NamedLayer]:
    places = []
    for layer in model.layers:
        name = within + layer.name
        places += _places(layer, f"{name}/") if isinstance(layer, keras.Model) else [NamedLayer(name, layer)]
    return places


def _inputs(model: keras.Model):
    return model.inputs if len(model.inputs) > 1 else model.inputs[0]


def _outputs(model: keras.Model, names: Sequence[str]) -> list:
    """The tensors of these layers in the graph of `model`, in that order.

    A model in the model is a graph of its own; it is called again where it stands, with other outputs.
    """
    tensors = {name: keras.tree.flatten(model.get_layer(name).output)[0] for name in names if "/" not in name}
    inner: dict[str, list[str]] = {}
    for name in names:
        if "/" in name:
            inner.setdefault(name.partition("/")[0], []).append(name.partition("/")[2])
    for within, parts in inner.items():
        nested = model.get_layer(within)
        part = keras.Model(_inputs(nested), _outputs(nested, parts))
        given = part(keras.Operation.input.fget(nested))  # its own `input` is that of its own graph
        tensors |= {f"{within}/{name}": tensor for name, tensor in zip(parts, keras.tree.flatten(given), strict=True)}
    return [tensors[name] for name in names]
