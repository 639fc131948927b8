"""Sets of TensorFlow Datasets, https://www.tensorflow.org/datasets: what is prepared is read, else it is downloaded.

Pictures come out as the files that they are kept as, byte for byte. The package brings TensorFlow along, which the
rest of this room does without, so it is imported once it is needed.
"""

import difflib
import logging
import threading
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from command import import_tensorflow
from datatransformer.images import encode
from datatransformer.sources import Drawn, Listing, Picture, Rejected
from settings import SettingError, WorkError, fault

if TYPE_CHECKING:
    import tensorflow_datasets as tfds

TASKS = ("classification",)
SETTINGS = ("tfds_name", "data_dir")
VALIDATION = ("validation", "test")
"""Splits that are for validation, the first that there is; without one, part of the training split is."""

FAR = 1024
"""A record so far ahead is gone to anew."""


def read(settings) -> Listing:
    """Raises SettingError if there is no such set or it has no pictures with labels, WorkError if a download fails."""
    if not settings.tfds_name:
        raise SettingError(fault("tfds_name", "", "source tfds needs the name of a set, such as cifar10"))
    builder = _prepared(settings)
    names = _class_names(builder, settings.tfds_name)
    validation = next((split for split in VALIDATION if split in builder.info.splits), None)
    if validation and "train" in builder.info.splits:
        splits = {"train": "train", validation: "val"}
    else:
        splits = dict.fromkeys(builder.info.splits)
    pictures, rejected = [], []
    for split, ours in splits.items():
        records = Records(builder, split)
        for number, label in enumerate(records.labels()):
            name = f"{split}_{number:06d}"
            if 0 <= label < len(names):
                pictures.append(Picture(name, names[label], draw=partial(records.draw, number), split=ours))
            else:
                rejected.append(Rejected(name, f"has the label {label}, which is none"))
    return Listing(pictures, names, rejected)


def _prepared(settings) -> "tfds.core.DatasetBuilder":
    import_tensorflow()
    import tensorflow_datasets as tfds

    name, folder = settings.tfds_name, settings.data_dir
    logging.getLogger("absl").setLevel(logging.ERROR)
    try:
        builder = tfds.builder(name, data_dir=folder)
    except tfds.core.DatasetNotFoundError as error:
        near = difflib.get_close_matches(name, tfds.list_builders(with_community_datasets=False), n=3)
        hint = f"did you mean {' or '.join(near)}?" if near else "https://www.tensorflow.org/datasets lists them"
        raise SettingError(fault("tfds_name", name, f"there is no such set; {hint}")) from error
    except (ValueError, AssertionError, RuntimeError) as error:
        raise SettingError(fault("tfds_name", name, str(error).splitlines()[0])) from error
    _class_names(builder, name)  # before a download that is of no use
    if not builder.is_prepared():
        print(f"{name} is not prepared in {builder.data_dir}: downloading")
        logging.getLogger("urllib3").setLevel(logging.ERROR)
        try:
            builder.download_and_prepare()
        except Exception as error:  # of the network, of the disk, of a server: of every kind
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise WorkError(
                f"{name} could not be downloaded: {reason}\n"
                f"Prepare it on a machine that has a network, by --source tfds --tfds-name {name} --data-dir FOLDER, "
                "copy FOLDER here and name it by --data-dir."
            ) from error
    return builder


def _class_names(builder: "tfds.core.DatasetBuilder", name: str) -> list[str]:
    import tensorflow_datasets as tfds

    features = builder.info.features
    kinds = {"image": tfds.features.Image, "label": tfds.features.ClassLabel}
    if any(key not in features or not isinstance(features[key], kind) for key, kind in kinds.items()):
        allowed = f"should have one image and one label a record; it has {', '.join(features)}"
        raise SettingError(fault("tfds_name", name, allowed))
    return list(features["label"].names)


class Records:
    """The pictures of one split by number. Records are read one after the other: fast if the numbers rise."""

    def __init__(self, builder: "tfds.core.DatasetBuilder", split: str):
        self.builder, self.split = builder, split
        self.lock = threading.Lock()
        self.images: Iterator[bytes] = iter(())
        self.next = -FAR
        self.ahead: dict[int, bytes] = {}

    def labels(self) -> list[int]:
        import tensorflow_datasets as tfds

        records = self._records(tfds.decode.PartialDecoding({"label": True}))
        return [int(record["label"]) for record in records.as_numpy_iterator()]

    def draw(self, number: int) -> Drawn:
        """The picture of that number, for any thread that asks. What lies before it is kept for the others."""
        with self.lock:
            if number not in self.ahead and not self.next <= number < self.next + FAR:
                self._begin_at(number)
            while number not in self.ahead:
                self.ahead[self.next] = next(self.images)
                self.next += 1
            content = self.ahead.pop(number)
        return Drawn(replace(encode(content), original=False), b"")

    def _begin_at(self, number: int) -> None:
        import tensorflow_datasets as tfds

        records = self._records({"image": tfds.decode.SkipDecoding()}).skip(number)
        self.images = (record["image"] for record in records.as_numpy_iterator())
        self.ahead, self.next = {}, number

    def _records(self, decoders):
        return self.builder.as_dataset(split=self.split, decoders=decoders, shuffle_files=False)
