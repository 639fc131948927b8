"""A run in one file: a packed run, or a checkpoint alone. Both are Keras files with what prediction needs inside."""

import atexit
import hashlib
import os
import shutil
import tempfile
import zipfile
from contextlib import ExitStack
from functools import cache as cache_result
from pathlib import Path

from settings import SettingError, WorkError, bad_setting
from storage.archives import ARCHIVE_ERRORS, read_member
from storage.temporary import temporary_folder
from training.checkpoint_file import INSIDE, INSIDE_FOLDER, ROW_FILE
from training.run_folder import RunFolder

PACKED_SUFFIX = ".scenelab"

MAX_BYTES = 64 * 2**20
"""Of a file inside, so that a hostile archive cannot fill the disk. A list of 100,000 classes has 3 MB."""


def open_packed(file: Path) -> RunFolder:
    """The run in a packed file or a checkpoint. The checkpoint of a complete run is the run itself.

    It is unpacked once, into the user's folder for caches. Raises SettingError if the file holds no run, WorkError if
    it is damaged.
    """
    around = RunFolder(file.resolve().parent.parent)
    if file.resolve() == around.best.resolve() and around.exists():
        return around
    try:
        with zipfile.ZipFile(file) as archive:
            names = set(archive.namelist())
            if not {ROW_FILE, INSIDE_FOLDER + "config.json", INSIDE_FOLDER + "classes.csv"} <= names:
                problem = "holds no run: it is a checkpoint of an earlier version or of another program"
                raise SettingError(bad_setting("run", file, f"{problem}. Name the folder of its run"))
            return RunFolder(_unpacked(archive, file))
    except ARCHIVE_ERRORS as error:
        if isinstance(error, (WorkError, SettingError)):
            raise
        raise WorkError(f"{file} is damaged or not a packed run: {error}") from error


def _unpacked(archive: zipfile.ZipFile, file: Path) -> Path:
    """The folder of the run. The same content has the same folder in the cache, named after the file."""
    content = repr([(entry.filename, entry.file_size, entry.CRC) for entry in archive.infolist()])
    digest = hashlib.sha256(content.encode(errors="surrogateescape")).hexdigest()[:16]
    place = Path(digest) / file.stem
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "scenelab" / "runs"
    if not RunFolder(cache / place).exists():
        if not _can_be_written(cache):
            cache = _folder_of_this_process()
        if not RunFolder(cache / place).exists():
            _unpack(archive, file, cache / place)
    return cache / place


def _can_be_written(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return False
    return os.access(folder, os.W_OK)


@cache_result
def _folder_of_this_process() -> Path:
    """Is removed when the process ends, or by the next one if it was killed."""
    opened = ExitStack()
    atexit.register(opened.close)
    folder = opened.enter_context(temporary_folder(Path(tempfile.gettempdir()) / "scenelab"))
    folder.mkdir()
    return folder


def _unpack(archive: zipfile.ZipFile, file: Path, folder: Path) -> None:
    """Writes the run folder. It appears when it is complete, also if two commands unpack at once."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with temporary_folder(folder) as work:
        run = RunFolder(work)
        run.checkpoints.mkdir(parents=True)
        shutil.copyfile(file, run.best)
        for name in INSIDE:
            if INSIDE_FOLDER + name in archive.namelist():
                (work / name).write_bytes(read_member(archive, INSIDE_FOLDER + name, MAX_BYTES))
        try:
            work.rename(folder)
        except OSError:
            if not RunFolder(folder).exists():  # otherwise another command was faster
                raise
