"""Which file was written after which, also where the clock was set back meanwhile."""

import contextlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

SECOND = 10**9


def make_later(file: Path, others: Iterable[Path]) -> None:
    """Gives a file that was just written a time after those of `others`, if the clock says that it is older."""
    newest = _newest(others)
    if newest and file.stat().st_mtime_ns <= newest:
        os.utime(file, ns=(newest + SECOND, newest + SECOND))


def make_not_earlier(file: Path, others: Iterable[Path]) -> None:
    """Gives a file that was just written at least the time of the newest of `others`."""
    newest = _newest(others)
    if file.stat().st_mtime_ns < newest:
        os.utime(file, ns=(newest, newest))


@contextlib.contextmanager
def written_from(others: Iterable[Path], folder: Path) -> Iterator[None]:
    """The files that the block writes into `folder` are made of `others`, so they are not earlier than these."""
    before = _times(folder)
    yield
    for file, time in _times(folder).items():
        if before.get(file) != time:
            make_not_earlier(file, others)


def _newest(files: Iterable[Path]) -> int:
    return max((file.stat().st_mtime_ns for file in files if file.exists()), default=0)


def _times(folder: Path) -> dict[Path, int]:
    return {file: file.stat().st_mtime_ns for file in folder.glob("*") if file.is_file()}
