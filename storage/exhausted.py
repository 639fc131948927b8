"""Recognises that memory or file descriptors ran out. That is no fault of the file that is read at that moment."""

import contextlib
import errno
import re
from collections.abc import Iterator

from log import visible
from settings import WorkError

OUT_OF_FILES = re.compile(r"too many open files", re.IGNORECASE)
OUT_OF_MEMORY = re.compile(
    r"out of memory|insufficient memory|failed to allocate|cannot allocate memory|OOM when allocating|bad_alloc",
    re.IGNORECASE,
)
"""What OpenCV, Pillow, TensorFlow and operating systems say, in errors of several classes."""

FILES = "Too many files are open at once"
MORE_FILES = "`ulimit -n` shows how many may be, and `ulimit -n 4096` allows more; or use fewer --workers"
MEMORY = "Memory ran out"
LESS_MEMORY = "Use fewer --workers or a smaller --batch-size where the command has them, or close other programs"


def what_ran_out(error: BaseException) -> str:
    """What ran out, in words, if an error is for that reason; else empty."""
    number = getattr(error, "errno", None)
    if number in (errno.EMFILE, errno.ENFILE) or OUT_OF_FILES.search(str(error)):
        return FILES
    if number == errno.ENOMEM or isinstance(error, MemoryError) or OUT_OF_MEMORY.search(str(error)):
        return MEMORY
    return ""


def advice(ran_out: str) -> str:
    """What to do about it."""
    return MORE_FILES if ran_out == FILES else LESS_MEMORY


def raise_if_ran_out(error: Exception) -> None:
    """Raises the error again, unless a file is to blame for it."""
    if what_ran_out(error):
        raise error


@contextlib.contextmanager
def naming_what_was_read(name: str) -> Iterator[None]:
    """Ends the command with WorkError if memory or file descriptors run out: the file is not to blame."""
    try:
        yield
    except WorkError:
        raise
    except Exception as error:
        if ran_out := what_ran_out(error):
            raise WorkError(
                f"{ran_out}, while {visible(name)} was read. {advice(ran_out)}. The same command then goes on."
            ) from error
        raise
