"""Classes for regions: a codebook of how regions look and where they lie, each word with the class it mostly shows.

The words are clusters of the regions of training pictures, found without their masks (as bags of visual words have
them: Csurka et al. 2004). A word has the class of most of the pixels that the training masks give its regions. Another
picture's region has the class of the nearest word; its own mask is never looked at.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np

from datatransformer.mask_classes import VOID
from segmentation.regions import cluster_centres, connected, largest, nearest

WORDS = 2048
"""With kmeans on CamVid 128 had a mean IoU of 0.24, 512 of 0.29, 2048 of 0.32 (three seeds within 0.02)."""

MOST = 255
"""Regions of a picture that are told apart; smaller ones are part of those."""

SAMPLE = 50_000
"""Regions that words are made of, drawn by area: words are for pixels."""

LEAST_VARIED = 1e-3
"""Deviation of a feature that tells regions apart; less, in pictures without colours say, is rounding."""


class Described(NamedTuple):
    """The regions of a picture.

    Attributes:
        regions: their numbers, int32 (height, width).
        features: float32 (regions, 5): mean L, a, b of 0..255, mean row and column as shares of height and width.
        areas: (regions,) pixels.
    """

    regions: np.ndarray
    features: np.ndarray
    areas: np.ndarray


def describe(picture: np.ndarray, labels: np.ndarray) -> Described:
    """RGB uint8 (height, width, 3) and what a method made of it. What does not touch is not one region here."""
    regions = largest(connected(labels), MOST)
    height, width = regions.shape
    rows, columns = np.mgrid[0:height, 0:width]
    lab = np.moveaxis(cv2.cvtColor(picture, cv2.COLOR_RGB2LAB), -1, 0)
    flat = regions.ravel()
    areas = np.bincount(flat)
    values = (*lab, (rows + 0.5) / height, (columns + 0.5) / width)
    sums = [np.bincount(flat, value.ravel()) for value in values]
    return Described(regions, (np.stack(sums, axis=-1) / areas[:, None]).astype(np.float32), areas)


def votes(regions: np.ndarray, truth: np.ndarray, classes: int) -> np.ndarray:
    """How many pixels of each region are of each class, (regions, classes). Void has no vote."""
    counted = truth != VOID
    codes = regions[counted] * classes + truth[counted]
    return np.bincount(codes, minlength=(regions.max() + 1) * classes).reshape(-1, classes)


@dataclass(frozen=True)
class Codebook:
    """Words: their features (words, 5), less `mean` and over `scale`, and the class of each, uint8 (words,)."""

    mean: np.ndarray
    scale: np.ndarray
    words: np.ndarray
    class_of: np.ndarray

    def mask(self, described: Described) -> np.ndarray:
        """Class indices, uint8 (height, width)."""
        found = nearest((described.features - self.mean) / self.scale, self.words)
        return self.class_of[found][described.regions]


def make_codebook(pictures: Iterable[tuple[np.ndarray, np.ndarray, np.ndarray]], seed: int) -> Codebook:
    """Of the features, areas and votes of the regions of each training picture. Features weigh as they vary."""
    features, areas, counts = (np.concatenate(parts) for parts in zip(*pictures, strict=True))
    chosen = np.random.default_rng(seed).choice(len(features), SAMPLE, p=areas / areas.sum())
    mean, scale = features[chosen].mean(axis=0), features[chosen].std(axis=0)
    scale[scale < LEAST_VARIED] = 1
    features = (features - mean) / scale
    words = cluster_centres(features[chosen], WORDS, seed)
    of_word = np.zeros((len(words), counts.shape[1]), np.int64)
    np.add.at(of_word, nearest(features, words), counts)
    unseen = of_word.sum(axis=1) == 0
    of_word[unseen] = counts.sum(axis=0)
    return Codebook(mean, scale, words, of_word.argmax(axis=1).astype(np.uint8))
