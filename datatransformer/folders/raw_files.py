"""The files of a raw folder: all of them, or a quick look at the first ones."""

import os
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

from datatransformer.folders.file_kinds import begins_like_an_image, describe_suffixes
from datatransformer.naming import IMAGE_SUFFIX
from storage.exhausted import raise_if_ran_out

FIRST_FILES = 100
"""Entries of a folder among which an image is looked for."""

FIRST_FOLDERS = 100
"""Folders of a folder that a quick look goes into."""

FIRST_BARE = 3
"""Files without a suffix that are looked into."""

DEPTH = 3
"""Levels of folders in which an image is looked for."""


JUNK = {
    "__macosx", "thumbs.db", "ehthumbs.db", "desktop.ini", "@eadir", "$recycle.bin", "lost+found",
    "system volume information", "icon\r",
}  # fmt: skip
"""Files and folders that systems leave behind, in small letters. They are skipped, as hidden ones are."""


def files_below(folder: Path) -> Iterator[Path]:
    """Yields files and links in a folder and its subfolders, by name. Skips hidden ones and junk; follows no links.

    A folder without read permission is yielded itself, so that it is reported as unreadable.
    """
    return (folder / name for name, _ in names_below(folder))


def names_of(files: Iterable[Path | None], root: Path) -> set[str]:
    """The paths relative to `root`, as `names_below` yields them, of those of the files that lie in it."""
    resolved = root.resolve()
    paths = [path.resolve() for path in files if path]
    return {path.relative_to(resolved).as_posix() for path in paths if path.is_relative_to(resolved)}


def names_below(root: Path, folder: str = "") -> Iterator[tuple[str, bool]]:
    """As `files_below`, but yields paths relative to `root`, each with whether it is a link.

    It takes a tenth of the time, which matters for millions of files.
    """
    names: list[str] = []
    folders: set[str] = set()
    links: set[str] = set()
    try:
        with os.scandir(root / folder) as entries:
            for entry in entries:
                if entry.name[0] != "." and entry.name.lower() not in JUNK:
                    names.append(entry.name)
                    if entry.is_dir(follow_symlinks=False):
                        folders.add(entry.name)
                    elif entry.is_symlink():
                        links.add(entry.name)
    except PermissionError:
        yield folder or ".", False
        return
    prefix = f"{folder}/" if folder else ""
    for name in sorted(names):
        if name in folders:
            yield from names_below(root, prefix + name)
        else:
            yield prefix + name, name in links


def why_outside(path: str | Path, root: Path) -> str | None:
    """The reason to refuse a link below `root` that leads to a folder or out of `root`; None for everything else."""
    if not os.path.islink(path):
        return None
    path = Path(path)
    try:
        target = path.resolve(strict=True)
    except (OSError, RuntimeError) as error:
        return f"is a link that leads nowhere: {error}"
    if not target.is_relative_to(root.resolve()):
        return f"is a link that leads out of the raw folder, to {target}; copy it, or name the real folder"
    if path.is_dir():
        return "is a link to a folder; copy the folder, or name the real one"
    return None


def first_entries(folder: Path, count: int | None, only_folders: bool = False) -> list[os.DirEntry[str]]:
    """Up to `count` visible entries of a folder, by name; all of them for None. Empty if the folder is unreadable.

    `only_folders`: the folders among them. The others need no memory.
    """
    try:
        with os.scandir(folder) as entries:
            visible = (entry for entry in entries if entry.name[0] != "." and entry.name.lower() not in JUNK)
            first = (entry for entry in islice(visible, count) if not only_folders or _is_folder(entry))
            return sorted(first, key=lambda entry: entry.name)
    except OSError as error:
        raise_if_ran_out(error)
        return []


def _is_folder(entry: os.DirEntry[str]) -> bool:
    return os.path.isdir(entry.path) if entry.is_symlink() else entry.is_dir()  # of a circle of links, too


def subfolders(folder: Path, count: int | None = None) -> list[Path]:
    """The visible folders among the first `count` entries of a folder, by name."""
    return [folder / entry.name for entry in first_entries(folder, count, only_folders=True)]


def holds_images(folder: Path, depth: int = DEPTH) -> bool:
    """Whether a quick look into a folder and its subfolders finds an image."""
    entries = first_entries(folder, FIRST_FILES)
    if has_images(entries):
        return True
    inner = (Path(entry.path) for entry in entries if entry.is_dir(follow_symlinks=False))
    return depth > 1 and any(holds_images(path, depth - 1) for path in inner)


def first_images(folder: Path, count: int, depth: int = DEPTH) -> list[Path]:
    """Up to `count` files with the suffix of an image, by a quick look into a folder and its subfolders."""
    entries = first_entries(folder, FIRST_FILES)
    images = [Path(entry.path) for entry in entries if IMAGE_SUFFIX.search(entry.name) and not entry.is_dir()]
    found = images[:: -(-len(images) // count) or 1]
    for entry in entries if depth > 1 else ():
        if len(found) < count and entry.is_dir(follow_symlinks=False):
            found += first_images(Path(entry.path), count - len(found), depth - 1)
    return found


def has_images(entries: Iterable[os.DirEntry[str]]) -> bool:
    """Whether a file among these has the suffix of an image, or no suffix and begins like one."""
    files = [entry for entry in entries if not entry.is_dir()]
    if any(IMAGE_SUFFIX.search(entry.name) for entry in files):
        return True
    bare = [entry.path for entry in files if "." not in entry.name]
    return any(map(begins_like_an_image, bare[:FIRST_BARE]))


def no_images(folder: Path) -> str:
    """The error for a folder without images: what lies there instead."""
    found = describe_suffixes(name for name, _ in names_below(folder))
    if not found:
        return "holds no images; name the folder that does"
    return (
        f"holds no images, but files of other kinds: {found}. Save them as PNG or TIFF, which keep 16 bits, or name "
        "the folder that holds images"
    )
