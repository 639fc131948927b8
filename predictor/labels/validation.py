"""The predictions of a run for its validation images, stored in the run folder for each checkpoint."""

import hashlib
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from tqdm import tqdm

from datatransformer.layout import DataFolder
from log import logger
from predictor.images import evaluated_images
from predictor.labels.ensemble import Member, predictions
from predictor.labels.truth import true_labels
from predictor.reading import ImageReader
from settings import SettingError, WorkError
from storage.archives import ARCHIVE_ERRORS
from storage.tables import printable, replacing_binary
from training.data_record import read_data_of_run
from training.run_folder import RunFolder


@dataclass(frozen=True)
class Validation:
    """Names of the validation images, their labels, and probabilities (images, classes).

    Labels are class indices (images,) or, if an image may have several, bool (images, classes). `digest` identifies
    the images with their labels.
    """

    names: tuple[str, ...]
    labels: np.ndarray
    probabilities: np.ndarray
    digest: str = ""

    @property
    def correct(self) -> np.ndarray:
        """With one class per image: whether the most probable class is the true one, bool (images,)."""
        return self.probabilities.argmax(axis=1) == self.labels

    def same_images(self, other: "Validation") -> bool:
        same_names = self.names == other.names and np.array_equal(self.labels, other.labels)
        return same_names and self.digest == other.digest


def validate(member: Member, tta: str = "none", data: DataFolder | None = None) -> Validation:
    """Returns the stored predictions, or predicts the validation images and stores them in the run folder.

    Arguments:
        data: the data folder of the run; None: it is read from where the run was trained.

    Raises WorkError if the predictions are not stored and the data folder is missing or damaged, or holds other data.
    """
    variant = tta if member.precision == "f32" else f"{tta}-{member.precision}"  # all engines agree in f32
    file = member.run.validation / f"{variant}.npz"
    checkpoint = member.run.best.stat()
    stamp = f"{checkpoint.st_size} {checkpoint.st_mtime_ns}"
    try:
        data = data or read_data_of_run(member.run)
    except SettingError as error:
        if stored := _read(file, stamp):  # they are of the images that the run was validated on
            logger.info(f"The stored validation of {member.run.path} is used: {error}")
            return stored
        raise WorkError(f"{member.run.path} has to be validated, but {error}") from error
    digest = _digest(data)
    stored = _read(file, stamp)
    if stored and stored.digest == digest:
        return stored
    if data.classes != member.classes:
        raise WorkError(f"The classes of {data.path} have changed since {member.run.path} was trained on it")
    if stored:
        logger.warning(
            f"The validation images of {data.path} are not those that {member.run.path} was validated on before: they "
            "are predicted now. If they were training images then, the scores are too high"
        )
    validation = _predict(member, tta, data, digest)
    _write(file, f"{stamp} {digest}", validation)
    return validation


def validation_digest(run: RunFolder) -> str | None:
    """Identifies the validation images of a run with their labels; None if its data folder is missing or changed."""
    try:
        return _digest(read_data_of_run(run))
    except SettingError:
        return None


def _predict(member: Member, tta: str, data: DataFolder, digest: str) -> Validation:
    images = evaluated_images(data)
    rejected: dict[str, str] = {}
    title = f"validating {printable(member.run.path.name)}"
    progress = partial(tqdm, desc=title, total=len(images), unit=" images", disable=None, leave=False)
    reader = ImageReader(images, rejected.__setitem__, progress=progress)
    batches = list(predictions([member], reader, tta))
    if rejected:
        name, reason = next(iter(rejected.items()))
        raise WorkError(f"{len(rejected)} validation images of {data.path} cannot be read; {name}: {reason}")
    probabilities = np.concatenate([batch.probabilities[0] for batch in batches])
    return Validation(tuple(image.name for image in images), true_labels(data, "val"), probabilities, digest)


def _digest(data: DataFolder) -> str:
    """Identifies the validation images and their classes."""
    rows = [
        f"{row.image}\t{row.class_name or row.labels}\t{row.digest or row.source}"
        for row in data.rows
        if row.split == "val"
    ]
    return hashlib.sha256("\n".join([*data.classes, *rows]).encode()).hexdigest()


def _write(file: Path, stamp: str, validation: Validation) -> None:
    file.parent.mkdir(exist_ok=True)
    with replacing_binary(file) as work:  # several shards may write it at the same time
        np.savez_compressed(
            work,
            stamp=np.array(stamp),
            names=np.array(validation.names),
            labels=validation.labels,
            probabilities=validation.probabilities,
        )


def _read(file: Path, stamp: str) -> Validation | None:
    """The stored predictions if they are of the checkpoint with this stamp, else None."""
    try:
        with np.load(file, allow_pickle=False) as stored:
            size_and_time, _, digest = str(stored["stamp"]).rpartition(" ")
            if size_and_time != stamp:
                return None
            return Validation(tuple(stored["names"].tolist()), stored["labels"], stored["probabilities"], digest)
    except ARCHIVE_ERRORS:
        return None
