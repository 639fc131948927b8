"""The mask of a picture of any size, at its own scale, by tiles that overlap.

A network sees little of the surroundings of what lies at a tile's edge. So within the overlap the probabilities of one
tile give way to those of the next: the outer quarter does not count, the inner quarter counts in full, and the weight
falls linearly in between. A network that looks no further than a quarter of the overlap gives the very mask that it
would give of the whole picture. Nothing is seen of the rest of the picture, so what a network takes from all of it
(DeepLab's pooling, SegNet-Basic's `--norm picture`) is taken from each tile.
"""

from collections.abc import Callable, Iterator
from itertools import pairwise

import numpy as np

from storage.parallel import in_parallel

Probabilities = Callable[[np.ndarray], np.ndarray]
"""Pictures uint8 (batch, height, width, 3) -> float32 (batch, height, width, classes)."""


def mask_by_tiles(
    probabilities: Probabilities,
    picture: np.ndarray,
    classes: int,
    tile: int,
    overlap: int,
    batch_size: int,
    at_a_time: int = 1,
) -> np.ndarray:
    """RGB uint8 (height, width, 3) -> class indices, uint8 (height, width).

    Only one row of tiles is in memory, as (tile, width, classes) sums of weighted probabilities: the largest of them
    is the class, whatever the weights add up to.

    Arguments:
        tile: height and width of a tile in pixels; the picture's own where that is smaller.
        overlap: in pixels, at most half of `tile`.
        batch_size: tiles that go through the network at a time.
        at_a_time: batches that do so side by side.
    """
    height, width = picture.shape[:2]
    tops = starts(height, tile, overlap)
    mask = np.empty((height, width), np.uint8)
    sums = np.zeros((min(tile, height), width, classes), np.float32)
    for top, following in pairwise([*tops, height]):
        rows = slice(top, top + len(sums))
        down = edge_weights(rows, height, overlap)[:, None, None]
        for columns, answer in _row_of_tiles(probabilities, picture[rows], tile, overlap, batch_size, at_a_time):
            sums[:, columns] += answer * (down * edge_weights(columns, width, overlap)[:, None])
        ready = following - top
        mask[top:following] = sums[:ready].argmax(axis=-1)
        sums[: len(sums) - ready] = sums[ready:]
        sums[len(sums) - ready :] = 0
    return mask


def starts(length: int, tile: int, overlap: int) -> list[int]:
    """Where tiles begin along a side. The last ends where the side ends, and so may overlap by more."""
    return [*range(0, length - tile, tile - overlap), max(length - tile, 0)]


def edge_weights(place: slice, length: int, overlap: int) -> np.ndarray:
    """What each pixel along one side of a tile counts, 0..1, float32: less towards an edge that another tile shares."""
    from_start = np.arange(place.stop - place.start, dtype=np.float32) + 0.5
    weights = np.ones_like(from_start)
    if overlap and place.start > 0:
        weights = np.minimum(weights, _ramp(from_start, overlap))
    if overlap and place.stop < length:
        weights = np.minimum(weights, _ramp(from_start[::-1], overlap))
    return weights


def _ramp(distance: np.ndarray, overlap: int) -> np.ndarray:
    return np.clip((distance - overlap / 4) / (overlap / 2), 0, 1)


def _row_of_tiles(
    probabilities: Probabilities, strip: np.ndarray, tile: int, overlap: int, batch_size: int, at_a_time: int
) -> Iterator[tuple[slice, np.ndarray]]:
    """The columns of each tile of a strip (tile, width, 3) and what the network says of it."""
    width = strip.shape[1]
    places = [slice(left, min(left + tile, width)) for left in starts(width, tile, overlap)]
    size = min(batch_size, -(-len(places) // at_a_time))  # a short row is shared out too
    batches = [places[first : first + size] for first in range(0, len(places), size)]

    def answer(batch: list[slice]) -> np.ndarray:
        return probabilities(np.stack([strip[:, columns] for columns in batch]))

    for batch, answers in zip(batches, in_parallel(answer, batches, at_a_time, 1), strict=True):
        yield from zip(batch, answers, strict=True)
