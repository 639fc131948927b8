"""One command at a time on one folder or file."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from settings import WorkError

try:
    import fcntl
except ImportError:  # Windows has other locks; there it is up to the user
    fcntl = None


@contextlib.contextmanager
def exclusive_lock(path: Path) -> Iterator[None]:
    """Keeps other commands off `path` while the block runs. The lock ends with the process, however that ends.

    Raises WorkError if another command is at it.
    """
    is_new = not path.parent.exists()
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = path.with_name(f".{path.name}.lock")
    with lock.open("w") as file:
        try:
            if fcntl:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise WorkError(f"Another command is at work on {path}. Wait for it, or stop it.") from error
        try:
            yield
        finally:
            with contextlib.suppress(OSError):  # an open file cannot be removed everywhere, nor a folder in use
                lock.unlink()
                if is_new:
                    path.parent.rmdir()
