"""One reader a kind of raw data. A new kind is a new module here with `TASKS`, the `SETTINGS` it uses, and `read`."""

import importlib
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from datatransformer.images import Encoded


class Rejected(NamedTuple):
    """A source that was left out, and why."""

    source: str
    reason: str


class Drawn(NamedTuple):
    """What a generator makes: a picture and its mask, whose values are class indices."""

    image: Encoded
    mask: bytes


class Picture(NamedTuple):
    """One raw picture that has a label. There may be millions of them.

    `name` is what tells it from the others, and what its split is drawn from: its path in the raw folder.
    `path` and `mask` are its files, if it has any. `class_name` is empty for segmentation. `split` is set where the
    source itself says what is for validation.
    """

    name: str
    path: str = ""
    class_name: str = ""
    split: str | None = None
    mask: str = ""

    @property
    def source(self) -> str:
        return self.path or self.name


Draw = Callable[[Picture], Drawn]


@dataclass(frozen=True)
class Listing:
    """What a source has.

    Attributes:
        entries: the pictures, and what is left out at once. They can be taken once, one after the other.
        classes: in their order. None: those that pictures are of, in natural order.
        draw: makes a picture; without it the picture is what its file holds.
        colours: of the classes, RGB of 0..255 or None each, where the raw data have them.
    """

    entries: Iterable[Picture | Rejected]
    classes: list[str] | None = None
    draw: Draw | None = None
    colours: list[tuple[int, int, int] | None] | None = None


def reader(source: str):
    """The module that reads `source`."""
    return importlib.import_module(f"datatransformer.sources.{source}")


def files_below(folder: Path) -> Iterator[Path]:
    """Files and links in all folders below, by name. Hidden ones are passed over, links to folders not followed.

    A folder that may not be read is given as itself, to be reported as what it is: no picture.
    """
    return (folder / name for name, _ in names_below(folder))


def names_below(root: Path, folder: str = "") -> Iterator[tuple[str, bool]]:
    """As `files_below`, as paths in `root`, each with whether it is a link: a tenth of the time for millions."""
    names, folders, links = [], set(), set()
    try:
        with os.scandir(root / folder) as entries:
            for entry in entries:
                if not entry.name.startswith("."):
                    names.append(entry.name)
                    if entry.is_dir(follow_symlinks=False):
                        folders.add(entry.name)
                    elif entry.is_symlink():
                        links.add(entry.name)
    except PermissionError:
        yield folder or ".", False
        return
    inside = f"{folder}/" if folder else ""
    for name in sorted(names):
        if name in folders:
            yield from names_below(root, inside + name)
        else:
            yield inside + name, name in links


def why_outside(path: str | Path, root: Path) -> str | None:
    """The reason to refuse one of `files_below(root)` that is a link to a folder or to somewhere else; else None."""
    if not os.path.islink(path):
        return None
    path = Path(path)
    try:
        target = path.resolve(strict=True)
    except (OSError, RuntimeError) as error:
        return f"is a link that leads nowhere: {error}"
    if not target.is_relative_to(root.resolve()):
        return f"leads out of the raw folder, to {target}"
    if path.is_dir():
        return "is a link to a folder"
    return None
