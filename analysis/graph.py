"""The layers of a model, nested models included: their names, output shapes and outputs."""

import difflib
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import NamedTuple

import keras
import numpy as np

from settings import SettingError, bad_setting

SUGGESTIONS = 5
"""Largest number of similar names in the error for an unknown layer."""

Shape = tuple[int, ...]


class NamedLayer(NamedTuple):
    """A layer and its name in the outermost model: `MODEL/LAYER` if it belongs to a nested model."""

    name: str
    layer: keras.layers.Layer


class Graph:
    """The layers of a functional model.

    Arguments:
        model: takes RGB (batch, height, width, 3) of 0..255.
        size: height and width in pixels of the input images.
    """

    def __init__(self, model: keras.Model, size: tuple[int, int]):
        self.model, self.size = model, size
        self.layers = _layers(model)

    def find(self, name: str) -> NamedLayer:
        """The layer with this name. The part after the last slash is enough if it is unique.

        Raises SettingError with similar names.
        """
        matches = [layer for layer in self.layers if name == layer.name]
        matches = matches or [layer for layer in self.layers if name == layer.layer.name]
        if len(matches) == 1:
            return matches[0]
        if matches:
            allowed = f"is not unique; name one of {', '.join(layer.name for layer in matches)}"
        else:
            similar = ", ".join(self._similar_names(name))
            allowed = f"the model has no such layer; similar names are {similar}; --only layers lists all layers"
        raise SettingError(bad_setting("layer", name, allowed))

    def _similar_names(self, name: str) -> list[str]:
        names = {key: layer.name for layer in self.layers for key in (layer.name, layer.layer.name)}
        close = difflib.get_close_matches(name, names, 2 * SUGGESTIONS, cutoff=0.3)
        return list(dict.fromkeys(names[key] for key in close))[:SUGGESTIONS] or list(names.values())[-SUGGESTIONS:]

    def feature_model(self, layers: Sequence[NamedLayer]) -> keras.Model:
        """A model from images to a list of the outputs of these layers; of several outputs the first."""
        return keras.Model(_inputs(self.model), _output_tensors(self.model, [layer.name for layer in layers]))

    def outputs(self, layer: NamedLayer, images: np.ndarray, batch_size: int) -> Iterator[np.ndarray]:
        """The layer's outputs for images (images, height, width, 3): one float32 array (batch, ...) per batch."""
        features = self.feature_model([layer])
        for start in range(0, len(images), batch_size):
            batch = images[start : start + batch_size].astype(np.float32)
            (output,) = keras.tree.flatten(features(batch, training=False))  # Keras unpacks a list of one
            yield keras.ops.convert_to_numpy(output).astype(np.float32)

    @cached_property
    def shapes(self) -> Mapping[str, Shape]:
        """The output shape of each layer for one image, without the batch, by the layer's name.

        They are measured, because sizes may be undefined in the graph.
        """
        outputs = self.feature_model(self.layers)(np.zeros((1, *self.size, 3), np.float32), training=False)
        return {layer.name: tuple(output.shape[1:]) for layer, output in zip(self.layers, outputs, strict=True)}

    def is_map(self, layer: NamedLayer) -> bool:
        """Whether the output is a feature map. A single pixel is not: it holds weights of channels."""
        shape = self.shapes[layer.name]
        return len(shape) == 3 and shape[:2] != (1, 1)

    @cached_property
    def stages(self) -> list[list[NamedLayer]]:
        """The layers with feature maps. A new stage starts where the size of the maps or the nested model changes."""
        stages: list[list[NamedLayer]] = []
        for layer in filter(self.is_map, self.layers):
            if isinstance(layer.layer, keras.layers.ZeroPadding2D | keras.layers.InputLayer):
                continue
            if stages and self._stage_key(stages[-1][-1]) == self._stage_key(layer):
                stages[-1].append(layer)
            else:
                stages.append([layer])
        return self._merge_alternating(stages)

    def _stage_key(self, layer: NamedLayer) -> tuple[str, Shape]:
        return layer.name.rpartition("/")[0], self.shapes[layer.name][:2]

    def _merge_alternating(self, stages: list[list[NamedLayer]]) -> list[list[NamedLayer]]:
        """Merges stages that alternate in the model's list, because parallel branches differ in size at their ends."""
        keys = [self._stage_key(stage[-1]) for stage in stages]
        for number in range(len(stages) - 3):
            if keys[number : number + 2] == keys[number + 2 : number + 4]:
                first, second, third, fourth = stages[number : number + 4]
                return self._merge_alternating([
                    *stages[:number], first + third, second + fourth, *stages[number + 4 :]
                ])  # fmt: skip
        return stages


def _layers(model: keras.Model, prefix: str = "") -> list[NamedLayer]:
    layers = []
    for layer in model.layers:
        name = prefix + layer.name
        layers += _layers(layer, f"{name}/") if isinstance(layer, keras.Model) else [NamedLayer(name, layer)]
    return layers


def _inputs(model: keras.Model) -> list[keras.KerasTensor] | keras.KerasTensor:
    return model.inputs if len(model.inputs) > 1 else model.inputs[0]


def _output_tensors(model: keras.Model, names: Sequence[str]) -> list[keras.KerasTensor]:
    """The output tensors of these layers in the graph of `model`, in the same order.

    A nested model is a graph of its own: it is called again on the same input, with other outputs.
    """
    tensors = {name: keras.tree.flatten(model.get_layer(name).output)[0] for name in names if "/" not in name}
    nested_names: dict[str, list[str]] = {}
    for name in names:
        if "/" in name:
            nested_names.setdefault(name.partition("/")[0], []).append(name.partition("/")[2])
    for model_name, layer_names in nested_names.items():
        nested = model.get_layer(model_name)
        part = keras.Model(_inputs(nested), _output_tensors(nested, layer_names))
        outputs = keras.tree.flatten(part(keras.Operation.input.fget(nested)))  # `nested.input` is of its own graph
        tensors |= {f"{model_name}/{name}": tensor for name, tensor in zip(layer_names, outputs, strict=True)}
    return [tensors[name] for name in names]
