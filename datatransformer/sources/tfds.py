"""Sets of TensorFlow Datasets, https://www.tensorflow.org/datasets: what is prepared is read, else it is downloaded.

Pictures come out as the files that they are kept as, byte for byte. The package brings TensorFlow along, which the
rest of this room does without, so it is imported once it is needed.
"""

import difflib
import io
import logging
import threading
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from command import import_tensorflow
from datatransformer.images import encode
from datatransformer.listing import EncodedPair, Listing, Picture, Rejected
from datatransformer.mask_classes import MaskClasses, chosen_classes, numbered
from datatransformer.masks import paired
from settings import SettingError, WorkError, bad_setting

if TYPE_CHECKING:
    import tensorflow_datasets as tfds

TASKS = ("classification", "segmentation")
SETTINGS = ("tfds_name", "data_dir", "class_names", "merge_classes", "void")
MASK = "segmentation_mask"
VALIDATION = ("validation", "test")
"""Splits that are for validation, the first that there is; without one, part of the training split is."""

FAR = 1024
"""A record so far ahead is gone to anew."""


def read(settings) -> Listing:
    """Raises SettingError if there is no such set or not for this task, WorkError if a download fails."""
    if not settings.tfds_name:
        raise SettingError(bad_setting("tfds_name", "", "source tfds needs the name of a set, such as cifar10"))
    builder = _prepared(settings)
    validation = next((split for split in VALIDATION if split in builder.info.splits), None)
    if validation and "train" in builder.info.splits:
        splits = {"train": "train", validation: "val"}
    else:
        splits = dict.fromkeys(builder.info.splits)
    return (_with_masks if settings.task == "segmentation" else _with_labels)(builder, splits, settings)


def _with_labels(builder: "tfds.core.DatasetBuilder", splits: dict[str, str | None], settings) -> Listing:
    names = list(builder.info.features["label"].names)
    records = {split: Records(builder, split) for split in splits}

    def entries() -> Iterator[Picture | Rejected]:
        for split, ours in splits.items():
            for number, label in enumerate(records[split].labels()):
                name = f"{split}_{number:06d}"
                if 0 <= label < len(names):
                    yield Picture(name, class_name=names[label], split=ours)
                else:
                    yield Rejected(name, f"has the label {label}, which is none")

    return Listing(entries(), names, partial(_draw, records))


def _with_masks(builder: "tfds.core.DatasetBuilder", splits: dict[str, str | None], settings) -> Listing:
    """Masks of TFDS hold values from 1 on, as a rule, and no names."""
    classes = chosen_classes(
        settings, lambda: numbered(set().union(*(Records(builder, split).mask_values() for split in splits)))
    )
    records = {split: Records(builder, split, classes) for split in splits}
    pictures = (
        Picture(f"{split}_{number:06d}", split=ours)
        for split, ours in splits.items()
        for number in range(builder.info.splits[split].num_examples)
    )
    return Listing(pictures, list(classes.names), partial(_draw, records), list(classes.colours))


def _draw(records: "dict[str, Records]", picture: Picture) -> EncodedPair:
    split, _, number = picture.name.rpartition("_")
    return records[split].draw(int(number))


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
        raise SettingError(bad_setting("tfds_name", name, f"there is no such set; {hint}")) from error
    except (ValueError, AssertionError, RuntimeError) as error:
        raise SettingError(bad_setting("tfds_name", name, str(error).splitlines()[0])) from error
    _check_task(builder, settings)  # before a download that is of no use
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


def _check_task(builder: "tfds.core.DatasetBuilder", settings) -> None:
    import tensorflow_datasets as tfds

    features = builder.info.features
    kinds = {"image": tfds.features.Image}
    kinds |= {MASK: tfds.features.Image} if settings.task == "segmentation" else {"label": tfds.features.ClassLabel}
    if any(key not in features or not isinstance(features[key], kind) for key, kind in kinds.items()):
        allowed = f"should have {' and '.join(kinds)} in each record; it has {', '.join(features)}"
        raise SettingError(bad_setting("tfds_name", settings.tfds_name, allowed))


class Records:
    """The pictures of one split by number. Records are read one after the other: fast if the numbers rise."""

    def __init__(self, builder: "tfds.core.DatasetBuilder", split: str, classes: MaskClasses | None = None):
        self.builder, self.split, self.classes = builder, split, classes
        self.lock = threading.Lock()
        self.records: Iterator[dict] = iter(())
        self.next = -FAR
        self.ahead: dict[int, dict] = {}

    def labels(self) -> Iterator[int]:
        return (int(record["label"]) for record in self._only("label"))

    def mask_values(self) -> set[int]:
        return set().union(*(np.unique(record[MASK]).tolist() for record in self._only(MASK)))

    def draw(self, number: int) -> EncodedPair:
        """The picture of that number, for any thread that asks. What lies before it is kept for the others."""
        with self.lock:
            if number not in self.ahead and not self.next <= number < self.next + FAR:
                self._begin_at(number)
            while number not in self.ahead:
                self.ahead[self.next] = next(self.records)
                self.next += 1
            record = self.ahead.pop(number)
        encoded = encode(record["image"])
        if self.classes:
            values = record[MASK].squeeze(-1) if record[MASK].shape[-1] == 1 else record[MASK]
            drawn = paired(encoded, values, self.classes, io.BytesIO(record["image"]))
        else:
            drawn = EncodedPair(encoded, b"")
        return drawn._replace(image=replace(encoded, original=False))  # there is no file to link to

    def _begin_at(self, number: int) -> None:
        import tensorflow_datasets as tfds

        wanted = {"image": True} | ({MASK: True} if self.classes else {})
        records = self._read(tfds.decode.PartialDecoding(wanted, decoders={"image": tfds.decode.SkipDecoding()}))
        self.records = records.skip(number).as_numpy_iterator()
        self.ahead, self.next = {}, number

    def _only(self, feature: str) -> Iterator[dict]:
        import tensorflow_datasets as tfds

        return self._read(tfds.decode.PartialDecoding({feature: True})).as_numpy_iterator()

    def _read(self, decoders):
        return self.builder.as_dataset(split=self.split, decoders=decoders, shuffle_files=False)
