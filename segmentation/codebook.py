"""A codebook that gives regions classes: each word is a typical region, with the class that such regions mostly have.

The words are clusters of the regions of the training images, as in bags of visual words (Csurka et al. 2004,
"Visual categorization with bags of keypoints"). Clustering does not use the masks. A word has the class of most pixels
of its regions in the training masks. A region of another image gets the class of the nearest word.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np

from datatransformer.masks.classes import VOID
from segmentation.classical_methods import cluster_centres, keep_largest, nearest_centre, split_unconnected

WORDS = 2048
"""Size of the codebook. With kmeans on CamVid, 128 words gave a mean IoU of 0.24, 512 of 0.29 and 2048 of 0.32 (three
seeds within 0.02)."""

MAX_REGIONS = 255
"""Regions of an image that are kept apart. Smaller ones are merged into these."""

SAMPLED_REGIONS = 50_000
"""Regions that are clustered. They are drawn in proportion to their areas, because a mask is scored by its pixels."""

MIN_DEVIATION = 1e-3
"""Deviation of a feature below which its differences count as rounding errors, as in images without colours."""


class Regions(NamedTuple):
    """The connected regions of an image.

    Attributes:
        numbers: the region of each pixel, int32 (height, width).
        features: float32 (regions, 5): mean L, a, b of 0..255, mean row and column as shares of height and width.
        areas: pixels of each region, (regions,).
    """

    numbers: np.ndarray
    features: np.ndarray
    areas: np.ndarray


class RegionVotes(NamedTuple):
    """The regions of a training image: their features, their areas, and their pixels of each class.

    The arrays are (regions, 5), (regions,) and (regions, classes).
    """

    features: np.ndarray
    areas: np.ndarray
    votes: np.ndarray


def describe_regions(image: np.ndarray, labels: np.ndarray) -> Regions:
    """Describes the connected regions of RGB uint8 (height, width, 3), given the labels of a classical method."""
    numbers = keep_largest(split_unconnected(labels), MAX_REGIONS)
    height, width = numbers.shape
    rows, columns = np.mgrid[0:height, 0:width]
    lab = np.moveaxis(cv2.cvtColor(image, cv2.COLOR_RGB2LAB), -1, 0)
    flat = numbers.ravel()
    areas = np.bincount(flat)
    values = (*lab, (rows + 0.5) / height, (columns + 0.5) / width)
    sums = [np.bincount(flat, value.ravel()) for value in values]
    return Regions(numbers, (np.stack(sums, axis=-1) / areas[:, None]).astype(np.float32), areas)


def count_votes(numbers: np.ndarray, mask: np.ndarray, classes: int) -> np.ndarray:
    """The number of pixels of each class in each region, (regions, classes). Void has no vote."""
    counted = mask != VOID
    codes = numbers[counted] * classes + mask[counted]
    return np.bincount(codes, minlength=(numbers.max() + 1) * classes).reshape(-1, classes)


@dataclass(frozen=True)
class Codebook:
    """Words and their classes.

    Attributes:
        mean, deviation: (5,), by which features are standardised.
        words: standardised features, (words, 5).
        word_classes: the class index of each word, uint8 (words,).
    """

    mean: np.ndarray
    deviation: np.ndarray
    words: np.ndarray
    word_classes: np.ndarray

    def mask(self, regions: Regions) -> np.ndarray:
        """Class indices, uint8 (height, width)."""
        words = nearest_centre((regions.features - self.mean) / self.deviation, self.words)
        return self.word_classes[words][regions.numbers]


def make_codebook(images: Iterable[RegionVotes], seed: int) -> Codebook:
    """Makes the codebook of the training images. A word without votes gets the most frequent class."""
    features, areas, votes = (np.concatenate(parts) for parts in zip(*images, strict=True))
    sample = np.random.default_rng(seed).choice(len(features), SAMPLED_REGIONS, p=areas / areas.sum())
    mean, deviation = features[sample].mean(axis=0), features[sample].std(axis=0)
    deviation[deviation < MIN_DEVIATION] = 1
    features = (features - mean) / deviation
    words = cluster_centres(features[sample], WORDS, seed)
    word_votes = np.zeros((len(words), votes.shape[1]), np.int64)
    np.add.at(word_votes, nearest_centre(features, words), votes)
    word_votes[word_votes.sum(axis=1) == 0] = votes.sum(axis=0)
    return Codebook(mean, deviation, words, word_votes.argmax(axis=1).astype(np.uint8))
