"""A run in one file: a packed run, or a checkpoint alone. Both are Keras files with what prediction needs inside."""

import hashlib
import os
import shutil
import tempfile
import uuid
import zipfile
from pathlib import Path

from settings import SettingError, WorkError, bad_setting
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
            folder = _folder_for(archive, file.stem)
            if not RunFolder(folder).exists():
                _unpack(archive, file, folder)
    except (zipfile.BadZipFile, EOFError, RuntimeError, ValueError, OSError) as error:
        if isinstance(error, SettingError):
            raise
        raise WorkError(f"{file} is damaged or not a packed run: {error}") from error
    return RunFolder(folder)


def _folder_for(archive: zipfile.ZipFile, name: str) -> Path:
    """The same folder for the same content, named after the file."""
    content = repr([(entry.filename, entry.file_size, entry.CRC) for entry in archive.infolist()])
    digest = hashlib.sha256(content.encode(errors="surrogateescape")).hexdigest()[:16]
    return _cache() / digest / name


def _cache() -> Path:
    """A folder of the user that can be written."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    folder = Path(home) / "scenelab" / "runs"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if os.access(folder, os.W_OK):
            return folder
    except OSError:
        pass
    return Path(tempfile.mkdtemp(prefix="scenelab-"))


def _unpack(archive: zipfile.ZipFile, file: Path, folder: Path) -> None:
    """Writes the run folder. It appears when it is complete, also if two commands unpack at once."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    work = folder.parent / f".{uuid.uuid4().hex}"
    try:
        run = RunFolder(work)
        run.checkpoints.mkdir(parents=True)
        shutil.copyfile(file, run.best)
        for name in INSIDE:
            if INSIDE_FOLDER + name in archive.namelist():
                entry = archive.getinfo(INSIDE_FOLDER + name)
                if entry.file_size > MAX_BYTES:
                    raise ValueError(f"{entry.filename} in it has {entry.file_size:,} bytes")
                (work / name).write_bytes(archive.read(entry))
        if not RunFolder(folder).exists():
            work.rename(folder)
    finally:
        shutil.rmtree(work, ignore_errors=True)
