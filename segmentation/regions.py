"""Regions of a picture by its colours and edges alone: the methods that were usual before networks learnt to segment.

Each takes RGB uint8 (height, width, 3) and gives region numbers from 0, int32 (height, width). `kmeans`, `otsu` and
`histogram` tell colours apart: a number, the darkest first, is one kind of colour wherever that is in the picture.
`mean_shift` and `canny` tell places apart: a number, the largest first, is one connected region.
"""

from itertools import pairwise

import cv2
import numpy as np

BLUR = 5
"""Pixels across of the Gaussian before thresholds and edges: noise makes regions of single pixels."""

SAMPLE = 20_000
"""Pixels of a picture that k-means looks at."""

KMEANS_UNTIL = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 50, 0.1)
PYRAMID_LEVEL = 1
"""Mean shift begins at half the size, four times as fast."""

GAP = 5
"""Pixels across that are closed between the ends of edges."""

OLD, NEW = 1, 2
"""In a mask of flooding."""


def mean_shift(picture: np.ndarray, regions: int, spatial_radius: int, colour_radius: float) -> np.ndarray:
    """Comaniciu & Meer 2002 (https://doi.org/10.1109/34.1000236): pixels move to where colours near them are densest.

    What then lies together within `colour_radius` of one pixel is a region; flat places are looked at first.
    """
    moved = cv2.pyrMeanShiftFiltering(picture, spatial_radius, colour_radius, maxLevel=PYRAMID_LEVEL)
    return largest(_flooded(moved, colour_radius), regions)


def kmeans(picture: np.ndarray, regions: int, seed: int) -> np.ndarray:
    """Lloyd 1982 on the colours of the picture, in Lab, where distances are near to what is seen."""
    lab = cv2.cvtColor(picture, cv2.COLOR_RGB2LAB)
    pixels = lab.reshape(-1, 3)
    sample = pixels[:: -(-len(pixels) // SAMPLE)].astype(np.float32)
    centres = cluster_centres(sample, regions, seed)
    centres = centres[np.argsort(centres[:, 0], kind="stable")]
    return np.stack([nearest(row.astype(np.float32), centres) for row in lab])


def otsu(picture: np.ndarray) -> np.ndarray:
    """Otsu 1979 (https://doi.org/10.1109/TSMC.1979.4310076): dark and bright, by the threshold that parts them best."""
    return (cv2.threshold(_gray(picture), 0, 1, cv2.THRESH_BINARY | cv2.THRESH_OTSU)[1]).astype(np.int32)


def histogram(picture: np.ndarray, regions: int) -> np.ndarray:
    """Thresholds in the valleys of the gray values' histogram, which is smoothed until it has few enough.

    Source: Prewitt & Mendelsohn 1966 (https://doi.org/10.1111/j.1749-6632.1965.tb11715.x), for any number of peaks.
    """
    gray = _gray(picture)
    counts = np.bincount(gray.ravel(), minlength=256).astype(np.float32)[None]
    deviation = 1
    while len(thresholds := _valleys(cv2.GaussianBlur(counts, (0, 0), deviation)[0])) >= regions:
        deviation += 1
    return np.digitize(np.arange(256), thresholds)[gray].astype(np.int32)


def canny(picture: np.ndarray, regions: int) -> np.ndarray:
    """What edges (Canny 1986, https://doi.org/10.1109/TPAMI.1986.4767851) enclose; an edge belongs to what is nearest.

    The thresholds of the edges follow the picture: Otsu's of its gradient, and half of that.
    """
    smooth = cv2.GaussianBlur(picture, (BLUR, BLUR), 0)
    slope = [cv2.Sobel(smooth, cv2.CV_16S, *axis) for axis in ((1, 0), (0, 1))]  # of each colour; the strongest counts
    strength = np.clip(np.abs(slope[0]) + np.abs(slope[1]), 0, 255).max(axis=-1).astype(np.uint8)
    high = cv2.threshold(strength, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)[0]
    edges = cv2.dilate(cv2.Canny(*slope, high / 2, high), np.ones((GAP, GAP), np.uint8))
    return largest(_grown(edges == 0), regions)


def connected(labels: np.ndarray) -> np.ndarray:
    """Regions of the same number that do not touch get numbers of their own."""
    parts, count = np.zeros_like(labels), 0
    for label in np.unique(labels):
        found, numbers = cv2.connectedComponents((labels == label).astype(np.uint8), connectivity=4)
        parts += np.where(numbers > 0, numbers + (count - 1), 0)
        count += found - 1
    return parts


def largest(labels: np.ndarray, most: int) -> np.ndarray:
    """The `most` largest regions, the largest first; the pixels of others go to the nearest of these."""
    areas = np.bincount(labels.ravel())
    order = np.argsort(-areas, kind="stable")[: min(most, np.count_nonzero(areas))]
    number = np.full(len(areas), -1, np.int32)
    number[order] = np.arange(len(order))
    return _filled(number[labels])


def cluster_centres(points: np.ndarray, most: int, seed: int) -> np.ndarray:
    """At most `most` of float32 (points, features), (clusters, features). The same seed gives the same."""
    distinct = np.unique(points, axis=0)
    if len(distinct) <= most:
        return distinct
    cv2.setRNGSeed(seed)  # that of this thread
    return cv2.kmeans(points, most, None, KMEANS_UNTIL, 1, cv2.KMEANS_PP_CENTERS)[2]


def nearest(points: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """The number of the centre that is nearest to each of (points, features), int32."""
    distances = (centres**2).sum(axis=1) - 2 * points @ centres.T  # but for the points' own squares
    return distances.argmin(axis=1).astype(np.int32)


def _gray(picture: np.ndarray) -> np.ndarray:
    return cv2.GaussianBlur(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), (BLUR, BLUR), 0)


def _valleys(counts: np.ndarray) -> list[int]:
    """Where counts fall no more and rise next: the middle of each valley's bottom."""
    moves = [(place, change) for place, change in enumerate(np.sign(np.diff(counts)), 1) if change]
    return [(down + up) // 2 for (down, fall), (up, rise) in pairwise(moves) if fall < 0 < rise]


def _filled(numbers: np.ndarray) -> np.ndarray:
    """Pixels below 0 get the number of the nearest pixel that has one."""
    if (numbers >= 0).all():
        return numbers
    missing = (numbers < 0).astype(np.uint8)
    places = cv2.distanceTransformWithLabels(missing, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)[1]
    of_place = np.zeros(places.max() + 1, np.int32)
    of_place[places[missing == 0]] = numbers[missing == 0]
    return of_place[places]


def _grown(inside: np.ndarray) -> np.ndarray:
    """The connected parts of what is `inside`, bool (height, width), and around each what is nearest to it."""
    if not inside.any():
        return np.zeros(inside.shape, np.int32)
    return _filled(cv2.connectedComponents(inside.astype(np.uint8), connectivity=4)[1] - 1)


def _flooded(picture: np.ndarray, radius: float) -> np.ndarray:
    """Connected regions whose colours lie within `radius`, in each channel, of the pixel that a region grew from."""
    height, width = picture.shape[:2]
    numbers, flooded = np.zeros((height, width), np.int32), np.zeros((height + 2, width + 2), np.uint8)
    free, count = flooded[1:-1, 1:-1], 0
    slope = cv2.morphologyEx(picture, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)).max(axis=-1)
    for place in np.argsort(slope, axis=None, kind="stable").tolist():
        row, column = divmod(place, width)
        if free[row, column]:
            continue
        reach, flags = (radius,) * 3, 4 | cv2.FLOODFILL_FIXED_RANGE | cv2.FLOODFILL_MASK_ONLY | NEW << 8
        left, top, wide, high = cv2.floodFill(picture, flooded, (column, row), 0, reach, reach, flags)[3]
        box = slice(top, top + high), slice(left, left + wide)
        new = free[box] == NEW
        numbers[box][new] = count
        free[box][new] = OLD
        count += 1
    return numbers
