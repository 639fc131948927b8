"""What a run says of its validation images; kept in its folder, so that it is worked out once for each checkpoint."""

import hashlib
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tqdm import tqdm

from datatransformer.layout import DataFolder, read_data_folder
from predictor.labels.ensemble import Member, predictions
from predictor.pictures import validation_images
from predictor.reading import ImageReader
from settings import SettingError, WorkError
from storage.tables import replacing_shared

BATCH_SIZE = 64


@dataclass(frozen=True)
class Validation:
    """Names of the images, their class indices (images,), and probabilities (images, classes)."""

    names: tuple[str, ...]
    labels: np.ndarray
    probabilities: np.ndarray

    @property
    def right(self) -> np.ndarray:
        """(images,), whether the most probable class is the true one."""
        return self.probabilities.argmax(axis=1) == self.labels

    def same_images(self, other: "Validation") -> bool:
        return self.names == other.names and np.array_equal(self.labels, other.labels)


def validate(member: Member, tta: str = "none", data: DataFolder | None = None) -> Validation:
    """From the run's folder, or by prediction. Raises WorkError if the data folder of the run is gone by then.

    `data` is that folder, unless it is where it was.
    """
    made_with = tta if member.precision == "f32" else f"{tta}-{member.precision}"  # engines agree in f32
    file = member.run.validation / f"{made_with}.npz"
    checkpoint = member.run.best.stat()
    stamp = f"{checkpoint.st_size} {checkpoint.st_mtime_ns}"
    try:
        data = data or read_data_folder(Path(member.run.config()["settings"]["data"]), "classification")
    except SettingError as error:
        if kept := _read(file, stamp):  # the data are gone, and what was said of them still holds
            return kept
        raise WorkError(f"What {member.run.path} says of its validation images is needed, but {error}") from error
    stamp += f" {_digest(data)}"
    if kept := _read(file, stamp):
        return kept
    if data.classes != member.classes:
        raise WorkError(f"{data.path} has other classes now than when {member.run.path} was trained on it")
    pictures = validation_images(data)
    rejected: dict[str, str] = {}
    reading = ImageReader(pictures, rejected.__setitem__, shown=_bar(member, len(pictures)))
    found = list(predictions([member], reading, tta, BATCH_SIZE))
    if rejected:
        name, reason = next(iter(rejected.items()))
        raise WorkError(f"{len(rejected)} validation images of {data.path} cannot be read; {name}: {reason}")
    names = tuple(picture.name for picture in pictures)
    validation = Validation(
        names, np.array(data.labels("val")), np.concatenate([batch.probabilities[0] for batch in found])
    )
    file.parent.mkdir(exist_ok=True)
    arrays = {"names": np.array(names), "labels": validation.labels, "probabilities": validation.probabilities}
    with replacing_shared(file) as work:  # several shards may be at it
        np.savez_compressed(work, stamp=np.array(stamp), **arrays)
    return validation


def _bar(member: Member, total: int):
    return lambda opened: tqdm(
        opened, f"validating {member.run.path.name}", total, unit=" images", disable=None, leave=False
    )


def _digest(data: DataFolder) -> str:
    """Of which images are for validation, and of which class."""
    rows = [f"{row.image}\t{row.class_name}\t{row.source}" for row in data.rows if row.split == "val"]
    return hashlib.sha256("\n".join([*data.classes, *rows]).encode()).hexdigest()


def _read(file: Path, stamp: str) -> Validation | None:
    """What is kept there if its stamp begins so."""
    try:
        with np.load(file, allow_pickle=False) as kept:
            if not str(kept["stamp"]).startswith(stamp):
                return None
            return Validation(tuple(kept["names"].tolist()), kept["labels"], kept["probabilities"])
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error):
        return None
