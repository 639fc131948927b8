"""The data of a run: which pictures, classes and split it was trained on, and where they are now.

RUN/config.json has `data`: the identity of the data, and their path from the run, for runs that move with their data.
RUN/data.csv.gz has a row per image: its path, split, label and digest. It tells what has changed in other data.
"""

import csv
import gzip
import io
import os
import re
from collections.abc import Mapping
from pathlib import Path

from datatransformer.identity import Content, DataIdentity, content_of, difference, identity_of, trained_images
from datatransformer.layout import DataFolder, read_data_folder
from datatransformer.manifest import SPLIT_NAMES, record_of_rows, rows_of_record
from log import logger
from settings import SettingError, bad_setting
from storage.tables import replacing_binary
from training.run_folder import RunFolder

DATA = "data"
RELATIVE_PATH = "path_from_run"
COUNTS_IN_LOG = re.compile(r": (\d+) training and (\d+) validation images of (\d+) classes")
ADVICE = (
    "Give the folder that it was trained on by --data; or train a new run: another --name, or --resume never, which "
    "moves this one away"
)


def describe_data(run: RunFolder, data: DataFolder) -> dict[str, object]:
    """The entry for `config.json`."""
    try:
        relative = os.path.relpath(data.path.resolve(), run.path.resolve())
    except ValueError:  # on another drive of Windows
        relative = ""
    return {**identity_of(content_of(data))._asdict(), RELATIVE_PATH: Path(relative).as_posix() if relative else ""}


def write_record(run: RunFolder, data: DataFolder, entry: Mapping[str, object]) -> None:
    """Writes the list of images, unless it is there."""
    if run.data_record.exists() and run.exists() and data_identity(run) == _as_identity(entry):
        return
    run.path.mkdir(parents=True, exist_ok=True)
    with (
        replacing_binary(run.data_record) as file,
        gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0) as packed,
        io.TextIOWrapper(packed, encoding="utf-8", newline="") as text,
    ):
        csv.writer(text, lineterminator="\n").writerows(record_of_rows(data.task, data.rows))


def read_record(run: RunFolder) -> Content | None:
    """What the run was trained on, without the sources; None for runs of earlier versions and for a damaged file."""
    try:
        with gzip.open(run.data_record, "rt", encoding="utf-8", newline="") as file:
            return Content(run.classes(), list(rows_of_record(file)))
    except (OSError, EOFError, ValueError, KeyError, csv.Error):
        return None


def check_same_data(run: RunFolder, data: DataFolder) -> None:
    """Raises SettingError if these are not the data that the run was started with. Says if they are at a new path."""
    before = _recorded_path(run)
    moved = before.resolve() != data.path.resolve()
    if data_identity(run) is None:
        _check_by_path(run, data, before if moved else None)
    elif changes := changes_of_data(run, data):
        place = f"; that was {before}" if moved else ""
        found = f"these are not the data that {run.path} was started with{place}: {'; '.join(changes)}"
        raise SettingError(bad_setting("data", data.path, f"{found}. {ADVICE}"))
    elif moved:
        logger.info(f"{data.path} holds the data that {run.path} was started with. Their path was {before}")


def changes_of_data(run: RunFolder, data: DataFolder) -> list[str]:
    """What differs from the data that the run was trained on, in words. Empty if nothing does, or if it is unknown."""
    recorded = data_identity(run)
    if recorded is None:
        return []
    now = identity_of(content_of(data))
    if now == recorded:
        return []
    record = read_record(run)
    if record is not None:
        return difference(record, content_of(data)).sentences()
    names = {"classes": "other classes", "labels": "other images or labels", "split": "another split"}
    return [words for field, words in names.items() if getattr(now, field) != getattr(recorded, field)]


def read_data_of_run(run: RunFolder, moved: Path | None = None) -> DataFolder:
    """The data folder that a run was trained on.

    `moved`: its path, if that has changed. None: the path that the run has noted, or else the same place seen from the
    run, for runs that were moved with their data. Raises SettingError if it is missing, or holds other data.
    """
    task, errors = run.kind.task, []
    for path in [moved] if moved else paths_of_data(run):
        try:
            data = read_data_folder(path, task)
        except SettingError as error:
            errors.append(error)
            continue
        changes = changes_of_data(run, data)
        if not changes:
            return data
        found = f"these are not the data that {run.path} was trained on: {'; '.join(changes)}"
        errors.insert(0, SettingError(bad_setting("data", path, found)))
    raise errors[0]


def paths_of_data(run: RunFolder) -> list[Path]:
    """Where the data of a run may be, the likeliest path first."""
    recorded, entry = _recorded_path(run), run.config().get(DATA) or {}
    relative = entry.get(RELATIVE_PATH)
    paths = [recorded, Path(os.path.normpath(run.path.resolve() / relative))] if relative else [recorded]
    return sorted(dict.fromkeys(paths), key=lambda path: not os.path.isdir(path))  # also for a path that is too long


def warn_if_trained_on(run: RunFolder, data: DataFolder, consequence: str) -> None:
    """Warns if evaluated images of `data` were training images of the run."""
    recorded = data_identity(run)
    if recorded is None or recorded == identity_of(content_of(data)):
        return
    record = read_record(run)
    images = trained_images(record.rows, data) if record else []
    if images:
        total = len(data.images(data.evaluated))
        evaluated = f"{total} {SPLIT_NAMES[data.evaluated]} images of {data.path}"
        logger.warning(
            f"{len(images)} of the {evaluated} were training images of {run.path}, such as {images[0]}: {consequence}"
        )


def _recorded_path(run: RunFolder) -> Path:
    return Path(run.config()["settings"].get(DATA) or "")


def data_identity(run: RunFolder) -> DataIdentity | None:
    """The identity of the data that the run was trained on; None for a run of an earlier version."""
    return _as_identity(run.config().get(DATA) or {})


def _as_identity(entry: Mapping[str, object]) -> DataIdentity | None:
    known = {name: entry[name] for name in DataIdentity._fields if name in entry}
    return DataIdentity(**known) if len(known) == len(DataIdentity._fields) else None  # type: ignore[arg-type]


def _check_by_path(run: RunFolder, data: DataFolder, before: Path | None) -> None:
    """For runs of earlier versions, which have noted no more than the path. `before`: the path, if it is another one.

    Raises SettingError if the data are others, as far as this can be told.
    """
    if before and before.is_dir():
        raise SettingError(bad_setting("data", data.path, f"this run was started with {str(before)!r}. {ADVICE}"))
    counts = _logged_counts(run)
    now = (len(data.images("train")), len(data.images("val")), len(data.classes))
    if counts and counts != now:
        found = "this run was started with {} training and {} validation images of {} classes, not {} and {} of {}"
        raise SettingError(bad_setting("data", data.path, f"{found.format(*counts, *now)}. {ADVICE}"))
    if before:
        logger.warning(
            f"{run.path} was started with {before}, which is gone. An earlier version noted no more about its data, so "
            f"{data.path} is taken for them. If they are others, stop now, and use another --name"
        )


def _logged_counts(run: RunFolder) -> tuple[int, ...] | None:
    """Training images, validation images and classes by the last start in the log."""
    if not run.log.exists():
        return None
    found = COUNTS_IN_LOG.findall(run.log.read_text(encoding="utf-8", errors="replace"))
    return tuple(map(int, found[-1])) if found else None
