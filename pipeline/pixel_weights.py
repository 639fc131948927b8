"""How many pixels each class has in the training masks, and what they count in the loss."""

import contextlib
import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from datatransformer.layout import PIXELS, DataFolder
from datatransformer.mask_classes import VOID
from pipeline.class_weights import weights_from_file
from settings import SettingError, bad_setting
from storage.parallel import in_parallel
from storage.tables import read_json, write_json

SEGNET_CAMVID = (
    0.2595, 0.1826, 4.5640, 0.1417, 0.9051, 0.3826, 9.6446, 1.8418, 0.6823, 6.2478, 7.3614,
)  # fmt: skip
"""As SegNet's authors published them for the 11 classes of CamVid in their order."""

COUNTED = ("balanced", "median-frequency")
"""For these the masks are read."""

NAMES = "none, balanced, median-frequency, background:W, segnet-camvid, or a CSV file of name,weight"


class PixelCounts(NamedTuple):
    """Of each class: its pixels in all masks, and all pixels (void too) of the masks that it occurs in."""

    pixels: np.ndarray
    where_it_occurs: np.ndarray


def kept_counts(data: DataFolder) -> PixelCounts:
    """Of the training masks: counted once and kept in the data folder, for as long as the masks are the same."""
    masks, classes = data.masks("train"), len(data.classes)
    files = [(mask, status.st_size, status.st_mtime_ns) for mask in masks if (status := os.stat(mask))]
    digest = hashlib.sha256(repr((classes, files)).encode()).hexdigest()
    kept = read_json(data.path / PIXELS)
    if kept and kept.get("of") == digest:
        return PixelCounts(np.array(kept["pixels"]), np.array(kept["where_it_occurs"]))
    counts = count_pixels(masks, classes)
    with contextlib.suppress(OSError):  # a folder that only others may write: then they are counted each time
        write_json(
            data.path / PIXELS, {"of": digest} | {key: value.tolist() for key, value in counts._asdict().items()}
        )
    return counts


def count_pixels(masks: Sequence[str], classes: int) -> PixelCounts:
    """Each mask is read once."""
    pixels, around = np.zeros(classes, np.int64), np.zeros(classes, np.int64)
    for counts in in_parallel(_counts, masks):
        pixels += counts[:classes]
        around += (counts[:classes] > 0) * counts.sum()
    return PixelCounts(pixels, around)


def pixel_weights(name: str, counts: PixelCounts, classes: Sequence[str]) -> np.ndarray | None:
    """(classes,) float32; None for `none`. A class without a pixel weighs 0 where its pixels are divided by.

    balanced: all pixels / (classes * pixels of the class). median-frequency (Eigen & Fergus 2015,
    https://arxiv.org/abs/1411.4734): the median of the classes' frequencies over that of the class, a frequency being
    the class's share of the pixels of the masks that it occurs in. background:W: the first class weighs W, others 1.
    """
    if name == "none":
        return None
    present = counts.pixels > 0
    if name == "balanced":
        weights = counts.pixels.sum() / (present.sum() * np.maximum(counts.pixels, 1))
    elif name == "median-frequency":
        frequency = counts.pixels / np.maximum(counts.where_it_occurs, 1)
        weights = np.median(frequency[present]) / np.where(present, frequency, 1)
    elif name.startswith("background:"):
        return np.array([background_weight(name), *[1] * (len(classes) - 1)], np.float32)
    elif name == "segnet-camvid":
        if len(classes) != len(SEGNET_CAMVID):
            raise SettingError(
                bad_setting("class_weights", name, f"has {len(SEGNET_CAMVID)} weights, not {len(classes)}")
            )
        return np.array(SEGNET_CAMVID, np.float32)
    else:
        return weights_from_file(Path(name).expanduser(), classes, NAMES)
    return np.where(present, weights, 0).astype(np.float32)


def background_weight(name: str) -> float:
    """The W of `background:W`. Raises SettingError."""
    try:
        weight = float(name.partition(":")[2])
    except ValueError:
        weight = -1.0
    if not 0 <= weight < float("inf"):
        raise SettingError(bad_setting("class_weights", name, "needs a weight, such as background:0.1"))
    return weight


def _counts(path: str) -> np.ndarray:
    mask = cv2.imdecode(np.frombuffer(Path(path).read_bytes(), np.uint8), cv2.IMREAD_GRAYSCALE)
    return np.bincount(mask.ravel(), minlength=VOID + 1)
