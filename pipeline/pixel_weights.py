"""Class weights of segmentation, from the number of pixels of each class in the training masks."""

import contextlib
import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

from pydantic import Field

from datatransformer.layout import PIXELS, DataFolder
from pipeline.class_weights import weights_from_file
from settings import SettingError, WorkError, bad_setting
from storage.parallel import in_parallel
from storage.records import Record
from storage.tables import write_json

if TYPE_CHECKING:
    import numpy as np

SEGNET_CAMVID = (
    0.2595, 0.1826, 4.5640, 0.1417, 0.9051, 0.3826, 9.6446, 1.8418, 0.6823, 6.2478, 7.3614,
)  # fmt: skip
"""The weights that SegNet's authors published for the 11 classes of CamVid, in their order."""

NEEDS_PIXEL_COUNTS = ("balanced", "median-frequency", "root-frequency")
"""Weights for which the pixels of all masks are counted."""

NAMES = "none, balanced, median-frequency, root-frequency, background:W, segnet-camvid, or a CSV file of name,weight"


class PixelCounts(NamedTuple):
    """Counts for each class, (classes,) int64.

    Attributes:
        pixels: its pixels in all masks.
        where_it_occurs: all pixels, with void, of the masks in which it occurs.
    """

    pixels: "np.ndarray"
    where_it_occurs: "np.ndarray"


class SavedPixels(Record):
    """`pixels.json`. `of` is a digest of the masks and of the counts, so that no damaged count is taken."""

    of: str
    pixels: list[Annotated[int, Field(ge=0, lt=2**63)]]
    where_it_occurs: list[Annotated[int, Field(ge=0, lt=2**63)]]


def load_or_count_pixels(data: DataFolder) -> PixelCounts:
    """The counts of the training masks. They are kept in the data folder until the masks change."""
    import numpy as np

    masks, classes = data.masks("train"), len(data.classes)
    files = [(mask, status.st_size, status.st_mtime_ns) for mask in masks if (status := os.stat(mask))]

    def digest(counts: list[list[int]]) -> str:
        return hashlib.sha256(repr((classes, files, counts)).encode()).hexdigest()

    with contextlib.suppress(WorkError):  # missing or damaged; the pixels are counted again
        saved = SavedPixels.read(data.path / PIXELS, "")
        if saved.of == digest([saved.pixels, saved.where_it_occurs]):
            return PixelCounts(np.array(saved.pixels), np.array(saved.where_it_occurs))
    counts = count_pixels(masks, classes)
    lists = {name: values.tolist() for name, values in counts._asdict().items()}
    with contextlib.suppress(OSError):  # the folder is read-only; the pixels are then counted each time
        write_json(data.path / PIXELS, {"of": digest(list(lists.values())), **lists})
    return counts


def count_pixels(masks: Sequence[str], classes: int) -> PixelCounts:
    """Counts the pixels of these mask files."""
    import numpy as np

    pixels, where_it_occurs = np.zeros(classes, np.int64), np.zeros(classes, np.int64)
    for counts in in_parallel(_count, masks):
        pixels += counts[:classes]
        where_it_occurs += (counts[:classes] > 0) * counts.sum()
    return PixelCounts(pixels, where_it_occurs)


def pixel_weights(name: str, counts: PixelCounts, classes: Sequence[str]) -> "np.ndarray | None":
    """The weight of each class, (classes,) float32; None for `none`.

    balanced: all pixels / (classes * pixels of the class).
    median-frequency (Eigen & Fergus 2015, https://arxiv.org/abs/1411.4734): the median of all frequencies / the
    frequency of the class, which is its share of the pixels of the masks in which it occurs.
    root-frequency: the square root of that, so that rare classes count more, but not as much as they are rare.
    background:W: the first class has the weight W, the others 1.
    A class without pixels has the weight 0 in the first three. Raises SettingError for other names and weights.
    """
    import numpy as np

    if name == "none":
        return None
    present = counts.pixels > 0
    if name == "balanced":
        weights = counts.pixels.sum() / (present.sum() * np.maximum(counts.pixels, 1))
    elif name in ("median-frequency", "root-frequency"):
        frequency = counts.pixels / np.maximum(counts.where_it_occurs, 1)
        weights = np.median(frequency[present]) / np.where(present, frequency, 1)
        weights = np.sqrt(weights) if name == "root-frequency" else weights
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
    """The W of `background:W`. Raises SettingError if it is not a weight."""
    try:
        weight = float(name.partition(":")[2])
    except ValueError:
        weight = -1.0
    if not 0 <= weight < float("inf"):
        raise SettingError(bad_setting("class_weights", name, "needs a weight, such as background:0.1"))
    return weight


def _count(path: str) -> "np.ndarray":
    import cv2
    import numpy as np

    from datatransformer.masks.classes import VOID

    mask = np.asarray(cv2.imdecode(np.frombuffer(Path(path).read_bytes(), np.uint8), cv2.IMREAD_GRAYSCALE))
    return np.bincount(mask.ravel(), minlength=VOID + 1)
