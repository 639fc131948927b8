"""Data sets of TensorFlow Datasets, https://www.tensorflow.org/datasets: read if prepared, otherwise downloaded.

Images keep the bytes of their files. The package imports TensorFlow, so it is imported inside functions only.
"""

import difflib
import logging
from collections.abc import Iterator
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING

from command import import_tensorflow
from datatransformer.listing import EncodedPair, Listing, RawImage, Rejected
from datatransformer.sources import Evidence
from log import logger
from settings import SettingError, WorkError, bad_setting, errors_if_given

if TYPE_CHECKING:
    import tensorflow_datasets as tfds

    from config import DataTransformerConfig
    from datatransformer.report import Report
    from datatransformer.tfds_records import Records

TASKS = ("classification", "segmentation")
SETTINGS = ("tfds_name", "data_dir", "class_names", "merge_classes", "void", "threshold")
NAMED_BY = ("tfds_name",)

OF_MASKS = ("class_names", "merge_classes", "void", "threshold")
SPLITS = {"train": "train", "validation": "val", "test": "test"}
"""The splits of a data set, and those of the data folder. Without validation, it is a share of the training split."""

Splits = dict[str, str | None]
"""The splits to read, and the split of the data folder that each is for; None if that is not decided."""


def recognises(settings: "DataTransformerConfig") -> list[Evidence]:
    """Nothing: a data set is chosen by its name."""
    return []


def read(settings: "DataTransformerConfig", report: "Report") -> Listing:
    """Raises SettingError for an unknown or unsuitable data set, WorkError if a download fails."""
    if not settings.tfds_name:
        raise SettingError(bad_setting("tfds_name", "", "source tfds needs the name of a data set, such as cifar10"))
    if settings.task != "segmentation":
        why = "has no effect with source tfds without --task segmentation; leave it out"
        if errors := errors_if_given(settings, OF_MASKS, why):
            raise SettingError(*errors)
    builder = _prepare(settings.tfds_name, settings)
    splits = _splits(list(builder.info.splits))
    if settings.task == "segmentation":
        return _list_with_masks(builder, splits, settings, report)
    return _list_with_labels(builder, splits)


def _splits(names: list[str]) -> Splits:
    """The splits to read. Those of other names are read only beside none that is for training and another purpose."""
    known = [name for name in names if name in SPLITS]
    if "train" not in known or len(known) < 2:
        splits: Splits = dict.fromkeys(names)
    elif "validation" in known:
        splits = {name: SPLITS[name] for name in known}
    else:
        splits = dict.fromkeys(known)
    return splits | ({"test": "test"} if "test" in names and len(names) > 1 else {})


def _list_with_labels(builder: "tfds.core.DatasetBuilder", splits: Splits) -> Listing:
    from datatransformer.tfds_records import Records

    names = list(builder.info.features["label"].names)
    records = {split: Records(builder, split) for split in splits}

    def entries() -> Iterator[RawImage | Rejected]:
        for split, our_split in splits.items():
            for number, label in enumerate(records[split].labels()):
                name = f"{split}_{number:06d}"
                if 0 <= label < len(names):
                    yield RawImage(name, class_name=names[label], split=our_split)
                else:
                    yield Rejected(name, f"has the label {label}, which is no class")

    return Listing(entries(), names, partial(_make_pair, records))


def _list_with_masks(
    builder: "tfds.core.DatasetBuilder", splits: Splits, settings: "DataTransformerConfig", report: "Report"
) -> Listing:
    """Masks of TFDS usually have values from 1 on, without names."""
    from datatransformer.masks.listing import classes_of_masks
    from datatransformer.masks.survey import collect
    from datatransformer.tfds_records import Records

    classes = classes_of_masks(
        lambda known: collect(chain(*(Records(builder, split).looks(known) for split in splits)), known),
        settings,
        report,
    )
    records = {split: Records(builder, split, classes) for split in splits}
    images = (
        RawImage(f"{split}_{number:06d}", split=our_split)
        for split, our_split in splits.items()
        for number in range(builder.info.splits[split].num_examples)
    )
    return Listing(images, list(classes.names), partial(_make_pair, records), list(classes.colours))


def _make_pair(records: "dict[str, Records]", image: RawImage) -> EncodedPair:
    split, _, number = image.name.rpartition("_")
    return records[split].make_pair(int(number))


def _prepare(name: str, settings: "DataTransformerConfig") -> "tfds.core.DatasetBuilder":
    """The data set, downloaded if necessary."""
    import_tensorflow()
    import tensorflow_datasets as tfds

    logging.getLogger("absl").setLevel(logging.ERROR)
    try:
        builder = tfds.builder(name, data_dir=settings.data_dir)
    except tfds.core.DatasetNotFoundError as error:
        near = difflib.get_close_matches(name, tfds.list_builders(with_community_datasets=False), n=3)
        hint = f"did you mean {' or '.join(near)}?" if near else "https://www.tensorflow.org/datasets lists them"
        raise SettingError(bad_setting("tfds_name", name, f"there is no such data set; {hint}")) from error
    except (ValueError, AssertionError, RuntimeError) as error:
        raise SettingError(bad_setting("tfds_name", name, str(error).splitlines()[0])) from error
    _check_task(builder, name, settings.task)  # before a useless download
    if not builder.is_prepared():
        logger.info(f"{name} is not prepared in {builder.data_dir}: downloading")
        logging.getLogger("urllib3").setLevel(logging.ERROR)
        try:
            builder.download_and_prepare()
        except Exception as error:  # network, disk and servers raise exceptions of all kinds
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise WorkError(
                f"{name} could not be downloaded: {reason}\n"
                f"Prepare it on a machine with a network: --source tfds --tfds-name {name} --data-dir FOLDER. "
                "Then copy FOLDER here and name it by --data-dir."
            ) from error
    return builder


def _check_task(builder: "tfds.core.DatasetBuilder", name: str, task: str | None) -> None:
    import tensorflow_datasets as tfds

    from datatransformer.tfds_records import MASK

    features = builder.info.features
    kinds = {"image": tfds.features.Image}
    kinds |= {MASK: tfds.features.Image} if task == "segmentation" else {"label": tfds.features.ClassLabel}
    if any(key not in features or not isinstance(features[key], kind) for key, kind in kinds.items()):
        allowed = f"should have {' and '.join(kinds)} in each record; it has {', '.join(features)}"
        raise SettingError(bad_setting("tfds_name", name, allowed))
