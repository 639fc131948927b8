"""The mask of an image of any size, computed at the image's own scale from overlapping tiles.

Near the edge of a tile the network sees little of the surroundings. So in an overlap the weights of two tiles are
blended: the outer quarter of a tile has weight 0, the inner quarter has weight 1, and between them the weight is
linear. If the receptive field of a network reaches at most a quarter of the overlap, the mask equals that of the
complete image. Features of the complete image (DeepLab's image pooling, SegNet-Basic's `--norm picture`) are computed
for each tile instead.
"""

from collections.abc import Callable, Iterator
from itertools import pairwise

import numpy as np

from storage.parallel import in_parallel

Probabilities = Callable[[np.ndarray], np.ndarray]
"""Images uint8 (batch, height, width, 3) -> float32 (batch, height, width, classes)."""


def mask_by_tiles(
    probabilities: Probabilities,
    image: np.ndarray,
    classes: int,
    tile: int,
    overlap: int,
    batch_size: int,
    parallel_calls: int = 1,
) -> np.ndarray:
    """RGB uint8 (height, width, 3) -> class indices, uint8 (height, width).

    Only one row of tiles is in memory, as sums of weighted probabilities (tile, width, classes). The largest sum is
    the predicted class, whatever the total of the weights.

    Arguments:
        tile: height and width of a tile in pixels; at most those of the image.
        overlap: pixels that tiles share, at most half of `tile`.
        batch_size: tiles per call of `probabilities`.
        parallel_calls: calls at the same time.
    """
    height, width = image.shape[:2]
    tops = tile_starts(height, tile, overlap)
    mask = np.empty((height, width), np.uint8)
    sums = np.zeros((min(tile, height), width, classes), np.float32)
    for top, next_top in pairwise([*tops, height]):
        rows = slice(top, top + len(sums))
        row_weights = edge_weights(rows, height, overlap)[:, None, None]
        for columns, scores in _row_of_tiles(probabilities, image[rows], tile, overlap, batch_size, parallel_calls):
            sums[:, columns] += scores * (row_weights * edge_weights(columns, width, overlap)[:, None])
        finished = next_top - top
        mask[top:next_top] = sums[:finished].argmax(axis=-1)
        sums[: len(sums) - finished] = sums[finished:]
        sums[len(sums) - finished :] = 0
    return mask


def tile_starts(length: int, tile: int, overlap: int) -> list[int]:
    """The first pixel of each tile along a side. The last tile ends with the side, so it may overlap by more."""
    return [*range(0, length - tile, tile - overlap), max(length - tile, 0)]


def edge_weights(pixels: slice, length: int, overlap: int) -> np.ndarray:
    """The weight of each pixel along a side of a tile, float32 0..1; less towards an edge in an overlap.

    Arguments:
        pixels: the pixels of the image that the tile covers.
        length: number of pixels of the image along that side.
    """
    from_start = np.arange(pixels.stop - pixels.start, dtype=np.float32) + 0.5
    weights = np.ones_like(from_start)
    if overlap and pixels.start > 0:
        weights = np.minimum(weights, _ramp(from_start, overlap))
    if overlap and pixels.stop < length:
        weights = np.minimum(weights, _ramp(from_start[::-1], overlap))
    return weights


def _ramp(distance: np.ndarray, overlap: int) -> np.ndarray:
    return np.clip((distance - overlap / 4) / (overlap / 2), 0, 1)


def _row_of_tiles(
    probabilities: Probabilities, strip: np.ndarray, tile: int, overlap: int, batch_size: int, parallel_calls: int
) -> Iterator[tuple[slice, np.ndarray]]:
    """Yields the columns and the probabilities of each tile of a strip (tile, width, 3)."""
    width = strip.shape[1]
    tiles = [slice(left, min(left + tile, width)) for left in tile_starts(width, tile, overlap)]
    size = min(batch_size, -(-len(tiles) // parallel_calls))  # a short row is divided among the calls too
    batches = [tiles[first : first + size] for first in range(0, len(tiles), size)]

    def predict(batch: list[slice]) -> np.ndarray:
        return probabilities(np.stack([strip[:, columns] for columns in batch]))

    for batch, batch_scores in zip(batches, in_parallel(predict, batches, parallel_calls, 1), strict=True):
        yield from zip(batch, batch_scores, strict=True)
