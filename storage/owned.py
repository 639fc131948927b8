"""What this project may remove: the files that a list of ours names. Everything else is moved aside and named.

A folder is never removed as a whole, because people keep files of their own in it.
"""

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path, PurePath

from log import logger
from storage.tables import printable, read_json, write_json

LIST = ".scenelab.json"
"""Lists the files of a folder that has no manifest of its own."""

REPLACED, REMOVING = ".scenelab-replaced", ".scenelab-removing"
"""Files in a folder that another one replaces: before the other is in its place, and after."""

Names = Callable[[Path], Iterable[str]]
"""Our files in a folder, as paths from it. Those by which the folder is known come last."""


class Inside:
    """Paths below a folder that lead nowhere else."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.checked: dict[PurePath, bool] = {PurePath("."): True}

    def path(self, name: str) -> Path | None:
        """The path of `name` from the folder; None for an absolute path, for one with `..`, and if a link is in it.

        The last part may be a link: to remove it leaves alone what it leads to.
        """
        relative = PurePath(name)
        is_plain = bool(relative.parts) and not relative.is_absolute() and not relative.drive
        if not is_plain or ".." in relative.parts or "\0" in name or not self._is_free_of_links(relative.parent):
            return None
        return self.root / relative

    def _is_free_of_links(self, folder: PurePath) -> bool:
        if folder not in self.checked:
            self.checked[folder] = self._is_free_of_links(folder.parent) and not (self.root / folder).is_symlink()
        return self.checked[folder]


def remove_listed(folder: Path, names: Iterable[str]) -> None:
    """Removes the named files of a folder, and the folder. What is left then is moved aside, and a message names it."""
    if folder.is_symlink() or not folder.is_dir():
        if os.path.lexists(folder):
            move_aside(folder)
        return
    inside = Inside(folder)
    for name in names:
        if path := inside.path(name):
            with contextlib.suppress(OSError):  # what cannot be removed is moved aside
                path.unlink()
    remove_empty_folders(folder)
    if folder.exists():
        move_aside(folder)


def remove_empty_folders(root: Path) -> None:
    """Removes all folders that hold no file, `root` too."""
    for folder, _, _ in os.walk(root, topdown=False):
        if not os.listdir(folder):
            os.rmdir(folder)


def is_hollow(folder: Path) -> bool:
    """Whether it is a folder that holds no file, but for other such folders."""
    return folder.is_dir() and not folder.is_symlink() and next(files_below(folder), None) is None


def files_below(folder: Path) -> Iterator[str]:
    """All files, as paths from the folder. Links are not followed, and count as files."""
    for parent, folders, files in os.walk(folder):
        links = [name for name in folders if os.path.islink(os.path.join(parent, name))]
        yield from (os.path.relpath(os.path.join(parent, name), folder) for name in (*files, *links))


def move_aside(path: Path) -> Path:
    """Renames what is in the way to the first free name NAME.kept, NAME.kept-1 and so on. A message names it."""
    name = path.name.removeprefix(".").removesuffix(REPLACED)
    number, free = 0, path.with_name(f"{name}.kept")
    while os.path.lexists(free):
        number += 1
        free = path.with_name(f"{name}.kept-{number}")
    path.rename(free)
    first = next(files_below(free), "") if free.is_dir() and not free.is_symlink() else ""
    what = f", such as {printable(first)}" if first else ""
    logger.warning(f"{path} was in the way. It is kept as {free}, because SceneLab did not make all of it{what}")
    return free


def replace_folder(new: Path, target: Path, names: Names) -> None:
    """Puts a complete folder in the place of another one, whose files are removed then.

    `names`: our files in the folder that is replaced. A kill leaves a state that `finish_replacing` mends.
    """
    old = _replaced(target)
    if os.path.lexists(old):
        move_aside(old)
    if target.is_symlink() or target.is_file():
        move_aside(target)
    elif target.exists():
        (target / REPLACED).touch()
        target.rename(old)
    new.rename(target)
    finish_replacing(target, names)


def finish_replacing(target: Path, names: Names) -> None:
    """Removes the folder that another one has replaced; or puts it back, if a kill came before the other one."""
    old = _replaced(target)
    if old.is_symlink() or not old.is_dir():
        return
    if (old / REPLACED).is_file():
        if not os.path.lexists(target):
            old.rename(target)
            (target / REPLACED).unlink()
            return
        (old / REPLACED).rename(old / REMOVING)
    if (old / REMOVING).is_file() or is_hollow(old):
        remove_listed(old, [*names(old), REMOVING])


def has_replaced(target: Path) -> bool:
    """Whether a kill may have left the folder that `target` has replaced."""
    return _replaced(target).is_dir()


def write_list(folder: Path) -> None:
    """Writes the list of all files that are in a folder now."""
    write_json(folder / LIST, {"files": sorted(files_below(folder))})


def listed(folder: Path) -> list[str]:
    """The files that `write_list` has listed, and the list. Empty in folders of earlier versions."""
    content = read_json(folder / LIST)
    files = content.get("files") if content else None
    return [name for name in files if isinstance(name, str)] + [LIST] if isinstance(files, list) else []


def _replaced(target: Path) -> Path:
    return target.with_name(f".{target.name}{REPLACED}")
