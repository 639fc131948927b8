"""An exclusive lock on a folder or file, so that only one command works on it at a time."""

import contextlib
import errno
import hashlib
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

from settings import WorkError
from storage.held_file import hold
from storage.temporary import START, remove_dead

MAX_NAME = 255
"""Bytes of the longest file name."""

TRIES, SHORT_TRIES = 100, 5
IN_THE_WAY = "is in the way: it is not a lock of SceneLab, and is left as it is. Move or rename it."


@contextlib.contextmanager
def exclusive_lock(path: Path) -> Iterator[None]:
    """Keeps other commands off `path` while the block runs. The lock ends with the process, however that ends.

    The lock is a file `.NAME.lock` beside `path`, on whose disk all machines see it. It is removed by its holder alone.
    Temporary files of dead processes in and beside `path` are removed first.
    Raises WorkError if another command holds the lock, or if there can be none.
    """
    lock, made = _lock_file(path), []
    for _ in range(TRIES):
        made += _make_folders(path.parent)
        with contextlib.suppress(FileNotFoundError):  # another command has just removed the folder that it had made
            descriptor = _hold(path, lock)
            break
    else:
        raise WorkError(f"{path.parent} disappears each time it is made.")
    try:
        for folder in (path.parent, path, *_folders_in(path)):
            remove_dead(folder)
        yield
    finally:
        with contextlib.suppress(OSError):  # not every system removes an open file; the folder may be in use
            lock.unlink()
        os.close(descriptor)
        with contextlib.suppress(OSError):
            for folder in reversed(made):
                folder.rmdir()


def was_locked(path: Path) -> bool:
    """Whether a command uses `path`, or was killed while it did."""
    return os.path.lexists(_lock_file(path))


def _lock_file(path: Path) -> Path:
    name = f".{path.name}.lock"
    if len(os.fsencode(name)) > MAX_NAME:
        name = f".{hashlib.sha256(os.fsencode(path.name)).hexdigest()[:32]}.lock"
    return path.with_name(name)


def _make_folders(folder: Path) -> list[Path]:
    """Makes a folder and those above it. Returns the new ones, the uppermost first."""
    missing = [above for above in (folder, *folder.parents) if not above.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    return missing[::-1]


def _folders_in(path: Path) -> list[Path]:
    if not path.is_dir():
        return []
    with os.scandir(path) as entries:
        return [Path(entry.path) for entry in entries if entry.is_dir(follow_symlinks=False)]


def _hold(path: Path, lock: Path) -> int:
    """Holds the lock file. Returns its descriptor."""
    try:
        descriptor = _hold_soon(lock)
    except FileNotFoundError:
        raise
    except OSError as error:
        if error.errno == errno.ELOOP or lock.is_dir():
            raise WorkError(f"{lock} {IN_THE_WAY}") from error
        if error.errno in (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL):
            problem = "has no locks, which keep two commands from writing the same files; use a folder on another disk"
            raise WorkError(f"The file system of {path.parent} {problem} ({error.strerror}).") from error
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            raise WorkError(
                f"{path} cannot be written: in {path.parent} no file can be made ({error.strerror})."
            ) from error
        raise
    if descriptor is None:
        raise WorkError(f"Another command is using {path}{_holder(lock)}. Wait until it ends, or stop it.")
    before = os.pread(descriptor, len(START), 0)
    if before and before != START:
        os.close(descriptor)
        raise WorkError(f"{lock} {IN_THE_WAY}")
    with contextlib.suppress(OSError):  # a full disk: nobody is named, but the lock holds
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, START + f"process {os.getpid()} on {socket.gethostname()}".encode(), 0)
    return descriptor


def _hold_soon(lock: Path) -> int | None:
    """As `hold`, but tries again: for a moment the lock of a dead process is held by whoever removes it."""
    for _ in range(SHORT_TRIES):
        if (descriptor := hold(lock, os.O_RDWR | os.O_CREAT)) is not None:
            return descriptor
        time.sleep(0.02)
    return None


def _holder(lock: Path) -> str:
    """Who holds the lock, if the file says it."""
    with contextlib.suppress(OSError):
        text = lock.read_bytes()[:300]
        if text.startswith(START):
            return f": {text.removeprefix(START).decode(errors='replace')}"
    return ""
