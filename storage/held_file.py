"""Files that a process holds as long as it lives: the system ends the hold with the process, however that ends."""

import errno
import os
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows has no such locks: there nothing is held
    fcntl = None  # type: ignore[assignment]  # a missing module

CAN_HOLD = fcntl is not None


def hold(path: Path, flags: int) -> int | None:
    """Opens a file, never through a link, and holds it. Returns its descriptor; None if another process holds it.

    The hold ends when the descriptor is closed. Who holds a file, and only he, may remove it: so a file that was
    removed while this process waited for it is opened again by its path.

    Arguments:
        flags: for `os.open`.

    Raises OSError as `os.open` does, and if the file system knows no locks.
    """
    while True:
        descriptor = os.open(path, flags | getattr(os, "O_NOFOLLOW", 0), 0o666)
        try:
            if not fcntl:
                return descriptor
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _is_at(path, descriptor):
                return descriptor
        except BlockingIOError:
            os.close(descriptor)
            return None
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


def _is_at(path: Path, descriptor: int) -> bool:
    """Whether the open file is still the one at its path."""
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(path, follow_symlinks=False))
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ESTALE):  # stale: another machine has removed the file
            return False
        raise
