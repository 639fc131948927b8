"""What a layer gives of validation images as points that can be embedded: an image each, or a pixel each."""

from typing import NamedTuple

import cv2
import keras
import numpy as np

from analysis.graph import Graph, NamedLayer
from analysis.subject import Pictures
from datatransformer.mask_classes import VOID
from layers.shapes import PadToMultiple
from training.kinds import CLASSIFIER, SEGMENTATION, Kind


class Points(NamedTuple):
    """Features (points, channels) float32, and the class index of each point, if there are classes."""

    values: np.ndarray
    labels: np.ndarray | None


def usual_places(graph: Graph, kind: Kind) -> list[NamedLayer]:
    """The layers that are worth a look, of a run of this kind.

    Of a classifier what goes into the last layer, of a segmentation network the end of the encoder and the middle of
    the decoder (S4 V-E), of others the narrowest layer: the code.
    """
    if kind is SEGMENTATION:
        return _ends_of_encoder_and_middle(graph)
    idle = (keras.layers.Dropout, keras.layers.InputLayer)
    vectors = [
        place for place in graph.places if len(graph.shapes[place.name]) == 1 and not isinstance(place.layer, idle)
    ]
    return vectors[-2:][:1] if kind is CLASSIFIER else [min(vectors, key=lambda place: graph.shapes[place.name])]


def _ends_of_encoder_and_middle(graph: Graph) -> list[NamedLayer]:
    stages = graph.stages
    deepest = min(range(len(stages)), key=lambda number: graph.shapes[stages[number][-1].name][:2])
    decoder = stages[deepest + 1 :]
    return [stages[deepest][-1], *(place for stage in decoder[(len(decoder) - 1) // 2 :][:1] for place in stage[-1:])]


def points_of_images(graph: Graph, place: NamedLayer, pictures: Pictures, batch_size: int) -> Points:
    """A point an image. Maps are averaged over the image."""
    given = [_averaged(values) for values in graph.values(place, pictures.values, batch_size)]
    return Points(np.concatenate(given), pictures.labels)


def _averaged(values: np.ndarray) -> np.ndarray:
    return values.mean(axis=(1, 2)) if values.ndim == 4 else values.reshape(len(values), -1)


def points_of_pixels(
    graph: Graph, place: NamedLayer, pictures: Pictures, most: int, batch_size: int, seed: int = 0
) -> Points:
    """A point a pixel of a layer's maps, at most so many; of each class as many as there are, up to an equal share.

    Without that, most points would show the largest classes (S4 V-E). A pixel of a map has the class that the mask has
    in its middle; void has no points.
    """
    masks = masks_of_maps(graph, place, pictures.labels)
    random = np.random.default_rng(seed)
    labels = [label for label in np.unique(masks) if label != VOID]
    chosen = np.zeros(masks.shape, bool)
    for label in labels:
        there = np.flatnonzero(masks == label)
        share = max(most // len(labels), 1)
        chosen.flat[random.choice(there, min(share, len(there)), replace=False)] = True
    begins = range(0, len(masks), batch_size)
    given = [
        values[chosen[begin : begin + batch_size]]
        for begin, values in zip(begins, graph.values(place, pictures.values, batch_size), strict=True)
    ]
    return Points(np.concatenate(given), masks[chosen].astype(int))


def masks_of_maps(graph: Graph, place: NamedLayer, masks: np.ndarray) -> np.ndarray:
    """(pictures, height, width) class indices -> those of the pixels of the layer's maps, uint8.

    A network may fill pictures up at the bottom and right; what its maps show there is void.
    """
    height, width = graph.shapes[place.name][:2]
    if (height, width) == masks.shape[1:]:
        return masks
    whole = next((graph.shapes[pad.name] for pad in graph.places if isinstance(pad.layer, PadToMultiple)), graph.size)
    below, right = (filled - size for filled, size in zip(whole, masks.shape[1:], strict=False))
    filled = np.pad(masks, ((0, 0), (0, below), (0, right)), constant_values=VOID)
    return np.stack([cv2.resize(mask, (width, height), interpolation=cv2.INTER_NEAREST_EXACT) for mask in filled])
