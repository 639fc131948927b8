"""Features of validation images for an embedding: the output of a layer, one point per image or per pixel."""

from collections.abc import Iterator
from typing import NamedTuple

import cv2
import keras
import numpy as np

from analysis.graph import Graph, NamedLayer
from datatransformer.masks.classes import VOID
from layers.shapes import PadToMultiple


class Features(NamedTuple):
    """Features (points, channels) float32, and the class index of each point; None without classes."""

    values: np.ndarray
    labels: np.ndarray | None


def input_of_last_layer(graph: Graph) -> list[NamedLayer]:
    """The layer before the last one. In a classifier this is the pooled output of the backbone."""
    return list(_vector_layers(graph))[-2:][:1]


def narrowest_layer(graph: Graph) -> list[NamedLayer]:
    """The layer with the shortest output vector. In an auto-encoder this is the code."""
    return [min(_vector_layers(graph), key=lambda layer: graph.shapes[layer.name])]


def _vector_layers(graph: Graph) -> Iterator[NamedLayer]:
    for layer in graph.layers:
        passes_through = isinstance(layer.layer, keras.layers.Dropout | keras.layers.InputLayer)
        if len(graph.shapes[layer.name]) == 1 and not passes_through:
            yield layer


def encoder_end_and_middle_of_decoder(graph: Graph) -> list[NamedLayer]:
    """The last layer of the smallest maps, and of the middle stage of the decoder (S4 V-E)."""
    stages = graph.stages
    deepest = min(range(len(stages)), key=lambda number: graph.shapes[stages[number][-1].name][:2])
    decoder = stages[deepest + 1 :]
    middle = decoder[(len(decoder) - 1) // 2 :][:1]
    return [stages[deepest][-1], *(stage[-1] for stage in middle)]


def image_features(
    graph: Graph, layer: NamedLayer, images: np.ndarray, labels: np.ndarray | None, batch_size: int
) -> Features:
    """One point per image (images, height, width, 3). Feature maps are averaged over their pixels."""
    batches = [_pooled(outputs) for outputs in graph.outputs(layer, images, batch_size)]
    return Features(np.concatenate(batches), labels)


def _pooled(outputs: np.ndarray) -> np.ndarray:
    return outputs.mean(axis=(1, 2)) if outputs.ndim == 4 else outputs.reshape(len(outputs), -1)


def pixel_features(
    graph: Graph, layer: NamedLayer, images: np.ndarray, masks: np.ndarray, most: int, batch_size: int, seed: int = 0
) -> Features:
    """At most `most` pixels of the layer's maps for images (images, height, width, 3), up to the same number per class.

    Without this limit most points would belong to the largest classes (S4 V-E). The class of a map's pixel is that of
    `masks` (images, height, width) at its centre. Void pixels are left out.
    """
    map_masks = masks_at_map_size(graph, layer, masks)
    random = np.random.default_rng(seed)
    labels = [label for label in np.unique(map_masks) if label != VOID]
    chosen = np.zeros(map_masks.shape, bool)
    for label in labels:
        pixels = np.flatnonzero(map_masks == label)
        share = max(most // len(labels), 1)
        chosen.flat[random.choice(pixels, min(share, len(pixels)), replace=False)] = True
    starts = range(0, len(map_masks), batch_size)
    batches = [
        outputs[chosen[start : start + batch_size]]
        for start, outputs in zip(starts, graph.outputs(layer, images, batch_size), strict=True)
    ]
    return Features(np.concatenate(batches), map_masks[chosen].astype(int))


def masks_at_map_size(graph: Graph, layer: NamedLayer, masks: np.ndarray) -> np.ndarray:
    """Class indices (images, height, width) -> those of the pixels of the layer's maps, uint8.

    A network may pad its input at the bottom and right. There the maps are void.
    """
    height, width = graph.shapes[layer.name][:2]
    if (height, width) == masks.shape[1:]:
        return masks
    padded = next((graph.shapes[each.name] for each in graph.layers if isinstance(each.layer, PadToMultiple)), None)
    padded_height, padded_width = padded[:2] if padded else graph.size
    bottom, right = padded_height - masks.shape[1], padded_width - masks.shape[2]
    filled = np.pad(masks, ((0, 0), (0, bottom), (0, right)), constant_values=VOID)
    return np.stack([cv2.resize(mask, (width, height), interpolation=cv2.INTER_NEAREST_EXACT) for mask in filled])
