"""Segmentation methods without training: they divide an image into regions by its colours and edges.

Each takes RGB uint8 (height, width, 3) and returns region numbers from 0, int32 (height, width). With `kmeans`, `otsu`
and `histogram` a number stands for a colour wherever it occurs, the darkest first. With `mean_shift` and `canny` a
number stands for one connected region, the largest first.
"""

from itertools import pairwise

import cv2
import numpy as np

BLUR_SIZE = 5
"""Kernel size in pixels of the Gaussian blur before thresholds and edges. Noise would make regions of single pixels."""

KMEANS_SAMPLE = 20_000
"""Pixels of an image from which k-means computes its centres, at most."""

KMEANS_CRITERIA = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 50, 0.1)

PYRAMID_LEVEL = 1
"""Mean shift starts at half the size, which is four times as fast."""

EDGE_GAP = 5
"""Kernel size in pixels of the dilation that closes gaps between the ends of edges."""

FREE, VISITED, NEW = 0, 1, 2
"""Values in the mask of a flood fill."""


def mean_shift(image: np.ndarray, regions: int, spatial_radius: int, colour_radius: float) -> np.ndarray:
    """Comaniciu & Meer 2002 (https://doi.org/10.1109/34.1000236): moves colours to the densest colours around them.

    A region is then a connected area whose colours are within `colour_radius` of the pixel where it starts. Regions
    start in flat areas first.
    """
    shifted = cv2.pyrMeanShiftFiltering(image, spatial_radius, colour_radius, maxLevel=PYRAMID_LEVEL)
    return keep_largest(_flood(shifted, colour_radius), regions)


def kmeans(image: np.ndarray, regions: int, seed: int) -> np.ndarray:
    """Lloyd 1982 (https://doi.org/10.1109/TIT.1982.1056489) on the colours in Lab, where distances match perception."""
    lab = cv2.cvtColor(image, cv2.COLOR_RGB2LAB)
    pixels = lab.reshape(-1, 3)
    step = -(-len(pixels) // KMEANS_SAMPLE)
    centres = cluster_centres(pixels[::step].astype(np.float32), regions, seed)
    centres = centres[np.argsort(centres[:, 0], kind="stable")]
    return np.stack([nearest_centre(row.astype(np.float32), centres) for row in lab])


def otsu(image: np.ndarray) -> np.ndarray:
    """Otsu 1979 (https://doi.org/10.1109/TSMC.1979.4310076): the threshold that separates dark and bright best."""
    return (cv2.threshold(_blurred_gray(image), 0, 1, cv2.THRESH_BINARY | cv2.THRESH_OTSU)[1]).astype(np.int32)


def histogram(image: np.ndarray, regions: int) -> np.ndarray:
    """Thresholds in the valleys of the histogram of gray values. It is smoothed until it has few enough valleys.

    Source: Prewitt & Mendelsohn 1966 (https://doi.org/10.1111/j.1749-6632.1965.tb11715.x), for any number of peaks.
    """
    gray = _blurred_gray(image)
    counts = np.bincount(gray.ravel(), minlength=256).astype(np.float32)[None]
    deviation = 1
    while len(thresholds := _valleys(cv2.GaussianBlur(counts, (0, 0), deviation)[0])) >= regions:
        deviation += 1
    return np.digitize(np.arange(256), thresholds)[gray].astype(np.int32)


def canny(image: np.ndarray, regions: int) -> np.ndarray:
    """Areas enclosed by edges (Canny 1986, https://doi.org/10.1109/TPAMI.1986.4767851). Edges join the nearest area.

    The upper threshold of the edges is Otsu's threshold of the image's gradient, the lower one is half of it.
    """
    smooth = cv2.GaussianBlur(image, (BLUR_SIZE, BLUR_SIZE), 0)
    dx, dy = cv2.Sobel(smooth, cv2.CV_16S, 1, 0), cv2.Sobel(smooth, cv2.CV_16S, 0, 1)
    strength = np.clip(np.abs(dx) + np.abs(dy), 0, 255).max(axis=-1).astype(np.uint8)  # of the strongest channel
    high = cv2.threshold(strength, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)[0]
    edges = cv2.dilate(cv2.Canny(dx, dy, high / 2, high), np.ones((EDGE_GAP, EDGE_GAP), np.uint8))
    return keep_largest(_enclosed_areas(edges == 0), regions)


def split_unconnected(labels: np.ndarray) -> np.ndarray:
    """Gives each connected part of a region a number of its own."""
    parts, count = np.zeros_like(labels), 0
    for label in np.unique(labels):
        components, numbers = cv2.connectedComponents((labels == label).astype(np.uint8), connectivity=4)
        parts += np.where(numbers > 0, numbers + (count - 1), 0)
        count += components - 1
    return parts


def keep_largest(labels: np.ndarray, maximum: int) -> np.ndarray:
    """The `maximum` largest regions, the largest first. Pixels of other regions join the nearest of these."""
    areas = np.bincount(labels.ravel())
    order = np.argsort(-areas, kind="stable")[: min(maximum, np.count_nonzero(areas))]
    numbers = np.full(len(areas), -1, np.int32)
    numbers[order] = np.arange(len(order))
    return _fill_from_nearest(numbers[labels])


def cluster_centres(points: np.ndarray, maximum: int, seed: int) -> np.ndarray:
    """Centres (clusters, features) of float32 (points, features), at most `maximum`. The same seed gives the same."""
    distinct = np.unique(points, axis=0)
    if len(distinct) <= maximum:
        return distinct
    cv2.setRNGSeed(seed)  # OpenCV has one for each thread
    labels = np.empty((len(points), 1), np.int32)
    return np.asarray(cv2.kmeans(points, maximum, labels, KMEANS_CRITERIA, 1, cv2.KMEANS_PP_CENTERS)[2])


def nearest_centre(points: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """The index of the nearest centre of each of the points (points, features), int32."""
    distances = (centres**2).sum(axis=1) - 2 * points @ centres.T  # without the square of the point, which is constant
    return distances.argmin(axis=1).astype(np.int32)


def _blurred_gray(image: np.ndarray) -> np.ndarray:
    return cv2.GaussianBlur(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), (BLUR_SIZE, BLUR_SIZE), 0)


def _valleys(counts: np.ndarray) -> list[int]:
    """The middle of each valley's bottom: between the last fall and the next rise."""
    changes = [(index, change) for index, change in enumerate(np.sign(np.diff(counts)), 1) if change]
    return [(down + up) // 2 for (down, fall), (up, rise) in pairwise(changes) if fall < 0 < rise]


def _fill_from_nearest(numbers: np.ndarray) -> np.ndarray:
    """Gives pixels below 0 the number of the nearest pixel that has one."""
    if (numbers >= 0).all():
        return numbers
    missing = (numbers < 0).astype(np.uint8)
    nearest = cv2.distanceTransformWithLabels(missing, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)[1]
    number_of = np.zeros(nearest.max() + 1, np.int32)
    number_of[nearest[missing == 0]] = numbers[missing == 0]
    return number_of[nearest]


def _enclosed_areas(inside: np.ndarray) -> np.ndarray:
    """The connected areas of `inside`, bool (height, width). All other pixels join the nearest area."""
    if not inside.any():
        return np.zeros(inside.shape, np.int32)
    return _fill_from_nearest(cv2.connectedComponents(inside.astype(np.uint8), connectivity=4)[1] - 1)


def _flood(image: np.ndarray, radius: float) -> np.ndarray:
    """Connected regions whose colours are within `radius`, in each channel, of the pixel where the region starts."""
    height, width = image.shape[:2]
    numbers, padded = np.zeros((height, width), np.int32), np.zeros((height + 2, width + 2), np.uint8)
    state, count = padded[1:-1, 1:-1], 0
    gradient = cv2.morphologyEx(image, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)).max(axis=-1)
    difference, flags = (radius,) * 3, 4 | cv2.FLOODFILL_FIXED_RANGE | cv2.FLOODFILL_MASK_ONLY | NEW << 8
    for start in np.argsort(gradient, axis=None, kind="stable").tolist():
        row, column = divmod(start, width)
        if state[row, column] != FREE:
            continue
        left, top, box_width, box_height = cv2.floodFill(
            image, padded, (column, row), (0,), difference, difference, flags
        )[3]
        box = slice(top, top + box_height), slice(left, left + box_width)
        new = state[box] == NEW
        numbers[box][new] = count
        state[box][new] = VISITED
        count += 1
    return numbers
