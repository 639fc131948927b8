"""An exclusive lock on a folder or file, so that only one command works on it at a time."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from settings import WorkError

try:
    import fcntl
except ImportError:  # Windows has no such locks: there nothing keeps two commands apart
    fcntl = None  # type: ignore[assignment]  # a missing module


@contextlib.contextmanager
def exclusive_lock(path: Path) -> Iterator[None]:
    """Keeps other commands off `path` while the block runs. The lock ends with the process, however that ends.

    Raises WorkError if another command holds the lock.
    """
    is_new = not path.parent.exists()
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = path.with_name(f".{path.name}.lock")
    with lock.open("w") as file:
        try:
            if fcntl:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise WorkError(f"Another command is using {path}. Wait until it ends, or stop it.") from error
        try:
            yield
        finally:
            with contextlib.suppress(OSError):  # not every system removes an open file; the folder may be in use
                lock.unlink()
                if is_new:
                    path.parent.rmdir()
