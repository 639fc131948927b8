"""The images of a data set of TensorFlow Datasets, by number."""

import io
import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from datatransformer.listing import EncodedPair
from datatransformer.masks.classes import MaskClasses
from datatransformer.masks.look import MaskLook, look_at
from datatransformer.masks.pairs import encode_pair, values_of
from datatransformer.masks.raw_masks import RawMask
from datatransformer.masks.survey import Known
from datatransformer.pictures.images import encode

if TYPE_CHECKING:
    import tensorflow_datasets as tfds

MASK = "segmentation_mask"

MAX_AHEAD = 1024
"""Records that are read and kept to reach one further on. For a record beyond them reading starts again there."""


class Records:
    """The images of one split by number. Reading is sequential, so it is fast if the numbers rise.

    `classes`: of the masks. None: only images are read.
    """

    def __init__(self, builder: "tfds.core.DatasetBuilder", split: str, classes: MaskClasses | None = None) -> None:
        self.builder, self.split, self.classes = builder, split, classes
        self.lock = threading.Lock()
        self.records: Iterator[dict] = iter(())
        self.next = -MAX_AHEAD
        self.ahead: dict[int, dict] = {}

    def labels(self) -> Iterator[int]:
        return (int(record["label"]) for record in self._only("label"))

    def looks(self, known: Known) -> Iterator[tuple[str, MaskLook]]:
        """The counts of each mask, with its name."""
        for number, record in enumerate(self._only(MASK)):
            yield f"{self.split}_{number:06d}", look_at(RawMask(_values(record[MASK])), known.has_class_colours)

    def make_pair(self, number: int) -> EncodedPair:
        """The image with this number, and its mask if there are classes. Several threads may call this.

        Records before it are kept for other threads.
        """
        with self.lock:
            if number not in self.ahead and not self.next <= number < self.next + MAX_AHEAD:
                self._start_at(number)
            while number not in self.ahead:
                self.ahead[self.next] = next(self.records)
                self.next += 1
            record = self.ahead.pop(number)
        encoded = encode(record["image"])
        if self.classes:
            values = values_of(RawMask(_values(record[MASK])), self.classes)
            pair = encode_pair(encoded, values, self.classes, io.BytesIO(record["image"]))
        else:
            pair = EncodedPair(encoded, b"")
        return pair._replace(image=replace(encoded, original=False))  # there is no file that a link could lead to

    def _start_at(self, number: int) -> None:
        import tensorflow_datasets as tfds

        features = {"image": True} | ({MASK: True} if self.classes else {})
        decoding = tfds.decode.PartialDecoding(features, decoders={"image": tfds.decode.SkipDecoding()})
        self.records = self._read(decoding, number)
        self.ahead, self.next = {}, number

    def _only(self, feature: str) -> Iterator[dict]:
        import tensorflow_datasets as tfds

        return self._read(tfds.decode.PartialDecoding({feature: True}))

    def _read(self, decoding: "tfds.decode.PartialDecoding", first: int = 0) -> Iterator[dict]:
        """Yields the records from number `first` on."""
        records = self.builder.as_dataset(split=self.split, decoders=decoding, shuffle_files=False)
        return records.skip(first).as_numpy_iterator()


def _values(mask: np.ndarray) -> np.ndarray:
    """A mask (height, width, 1) without its last axis; others as they are."""
    return mask.squeeze(-1) if mask.shape[-1] == 1 else mask
