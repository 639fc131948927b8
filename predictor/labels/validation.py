"""The predictions of a run for its validation images, stored in the run folder for each checkpoint."""

import hashlib
import zipfile
import zlib
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from tqdm import tqdm

from datatransformer.layout import DataFolder, read_data_folder
from predictor.images import validation_images
from predictor.labels.ensemble import Member, predictions
from predictor.reading import ImageReader
from settings import SettingError, WorkError
from storage.tables import replacing_shared


@dataclass(frozen=True)
class Validation:
    """Names of the validation images, their class indices (images,), and probabilities (images, classes)."""

    names: tuple[str, ...]
    labels: np.ndarray
    probabilities: np.ndarray

    @property
    def correct(self) -> np.ndarray:
        """Whether the most probable class is the true one, bool (images,)."""
        return self.probabilities.argmax(axis=1) == self.labels

    def same_images(self, other: "Validation") -> bool:
        return self.names == other.names and np.array_equal(self.labels, other.labels)


def validate(member: Member, tta: str = "none", data: DataFolder | None = None) -> Validation:
    """Returns the stored predictions, or predicts the validation images and stores them in the run folder.

    Arguments:
        data: the data folder of the run; None: it is read from where the run was trained.

    Raises WorkError if the predictions are not stored and the data folder is missing, damaged or has other classes.
    """
    variant = tta if member.precision == "f32" else f"{tta}-{member.precision}"  # all engines agree in f32
    file = member.run.validation / f"{variant}.npz"
    checkpoint = member.run.best.stat()
    stamp = f"{checkpoint.st_size} {checkpoint.st_mtime_ns}"
    try:
        data = data or read_data_folder(Path(member.run.config()["settings"]["data"]), "classification")
    except SettingError as error:
        if stored := _read(file, stamp):  # without the data folder, the stored predictions are still valid
            return stored
        raise WorkError(f"{member.run.path} has to be validated, but {error}") from error
    stamp += f" {_digest(data)}"
    if stored := _read(file, stamp):
        return stored
    if data.classes != member.classes:
        raise WorkError(f"The classes of {data.path} have changed since {member.run.path} was trained on it")
    validation = _predict(member, tta, data)
    _write(file, stamp, validation)
    return validation


def _predict(member: Member, tta: str, data: DataFolder) -> Validation:
    images = validation_images(data)
    rejected: dict[str, str] = {}
    title = f"validating {member.run.path.name}"
    progress = partial(tqdm, desc=title, total=len(images), unit=" images", disable=None, leave=False)
    reader = ImageReader(images, rejected.__setitem__, progress=progress)
    batches = list(predictions([member], reader, tta))
    if rejected:
        name, reason = next(iter(rejected.items()))
        raise WorkError(f"{len(rejected)} validation images of {data.path} cannot be read; {name}: {reason}")
    probabilities = np.concatenate([batch.probabilities[0] for batch in batches])
    return Validation(tuple(image.name for image in images), np.array(data.labels("val")), probabilities)


def _digest(data: DataFolder) -> str:
    """Identifies the validation images and their classes."""
    rows = [f"{row.image}\t{row.class_name}\t{row.source}" for row in data.rows if row.split == "val"]
    return hashlib.sha256("\n".join([*data.classes, *rows]).encode()).hexdigest()


def _write(file: Path, stamp: str, validation: Validation) -> None:
    file.parent.mkdir(exist_ok=True)
    with replacing_shared(file) as work:  # several shards may write it at the same time
        np.savez_compressed(
            work,
            stamp=np.array(stamp),
            names=np.array(validation.names),
            labels=validation.labels,
            probabilities=validation.probabilities,
        )


def _read(file: Path, stamp: str) -> Validation | None:
    """The stored predictions if their stamp starts with `stamp`, else None."""
    try:
        with np.load(file, allow_pickle=False) as stored:
            if not str(stored["stamp"]).startswith(stamp):
                return None
            return Validation(tuple(stored["names"].tolist()), stored["labels"], stored["probabilities"])
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error):
        return None
