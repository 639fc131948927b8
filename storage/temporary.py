"""Temporary files and folders beside what they become. What a dead process has left is removed by the next command.

Their names are hidden: 16 random hexadecimal digits between `.` and `.work`, then the suffix of what they become. Each
is held by its process (see `held_file`), so one that nobody holds is dead: in every process, on every machine.
"""

import contextlib
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

from storage.held_file import CAN_HOLD, hold

NAME = re.compile(r"\.[0-9a-f]{16}\.work(\.[^./]{1,16})?")
LOCK_SUFFIX, START = ".lock", b"SceneLab: "
"""The name and the first bytes of a lock file (see `lock`). Earlier versions left it empty."""

HELD = ".held"
"""The file in a temporary folder that its process holds."""

_searched: set[Path] = set()
"""Folders in which this process has already looked for what is dead."""


@contextlib.contextmanager
def temporary_file(target: Path) -> Iterator[Path]:
    """A new, empty file in the folder of `target`, with its suffix. It is removed at the end, unless it was renamed."""
    _search_once(target.parent)
    path, descriptor = _new_file(target)
    try:
        yield path
    finally:
        try:
            path.unlink(missing_ok=True)
        finally:
            os.close(descriptor)


@contextlib.contextmanager
def temporary_folder(target: Path) -> Iterator[Path]:
    """The path, with the name of `target`, of something to be made on the same disk and renamed.

    Nothing is there yet, and what is there at the end is removed.
    """
    _search_once(target.parent)
    folder, descriptor = _new_folder(target.parent)
    try:
        yield folder / target.name
    finally:
        try:
            _remove_folder(folder)
        finally:
            os.close(descriptor)


def remove_dead(folder: Path) -> None:
    """Removes temporary files and folders in a folder whose processes have ended. Others' files are left alone."""
    if not CAN_HOLD:
        return
    with contextlib.suppress(OSError), os.scandir(folder) as entries:  # no such folder, or it may not be read
        for entry in [entry for entry in entries if not entry.is_symlink() and _is_ours(entry)]:
            with contextlib.suppress(OSError):  # another process was faster, or the folder may not be changed
                _remove_if_dead(Path(entry.path), entry.is_dir())


def link_or_copy(file: Path, place: Path) -> None:
    """Gives a file a second path, which replaces what was there: a hard link if the disk allows it, or a copy."""
    with contextlib.suppress(OSError):
        os.link(file, place)
        return
    with temporary_folder(place) as work:
        try:
            os.link(file, work)
        except OSError:
            shutil.copyfile(file, work)
        os.replace(work, place)


def _search_once(folder: Path) -> None:
    folder = folder.absolute()
    if folder not in _searched:
        _searched.add(folder)
        remove_dead(folder)


def _new_file(target: Path) -> tuple[Path, int]:
    suffix = target.suffix if NAME.fullmatch(f".{'0' * 16}.work{target.suffix}") else ""
    while True:
        path = target.with_name(f".{secrets.token_hex(8)}.work{suffix}")
        with contextlib.suppress(FileExistsError):
            if (descriptor := _held(path)) is not None:
                return path, descriptor


def _new_folder(parent: Path) -> tuple[Path, int]:
    while True:
        folder = parent / f".{secrets.token_hex(8)}.work"
        with contextlib.suppress(FileExistsError):
            folder.mkdir()
            try:
                if (descriptor := _held(folder / HELD)) is not None:
                    return folder, descriptor
            except FileNotFoundError:
                if not parent.is_dir():
                    raise
                # else another process took the empty folder for a dead one


def _held(path: Path) -> int | None:
    """Makes a file and holds it. Where the file system knows no locks it is only made, and nobody removes it."""
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL
    try:
        return hold(path, flags)
    except (FileExistsError, FileNotFoundError):
        raise
    except OSError:
        if not path.exists():  # it could not even be made
            raise
        return os.open(path, os.O_RDWR)


def _is_ours(entry: os.DirEntry) -> bool:
    if entry.name.startswith(".") and entry.name.endswith(LOCK_SUFFIX) and entry.is_file():
        with open(entry.path, "rb") as file:
            return file.read(len(START)) == START
    return bool(NAME.fullmatch(entry.name))


def _remove_if_dead(path: Path, is_folder: bool) -> None:
    try:
        descriptor = hold(path / HELD if is_folder else path, os.O_RDWR)
    except FileNotFoundError:
        path.rmdir()  # its process was killed at once; a folder that is not empty stays
        return
    if descriptor is None:
        return
    try:
        if is_folder:
            _remove_folder(path)
        else:
            path.unlink()
    finally:
        os.close(descriptor)


def _remove_folder(folder: Path) -> None:
    """Removes what is held last, so that a kill leaves a folder which is known to be dead."""
    for entry in list(os.scandir(folder)):
        if entry.name != HELD:
            if entry.is_dir(follow_symlinks=False):
                shutil.rmtree(entry.path)
            else:
                os.unlink(entry.path)
    (folder / HELD).unlink(missing_ok=True)
    folder.rmdir()
