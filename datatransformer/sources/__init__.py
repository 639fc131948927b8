"""One reader a kind of raw data. A new kind is a new module here with `TASKS`, the `SETTINGS` it uses, and `read`."""

import importlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
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
    Its file is `folder`, which ends in a slash, and the name; or else `draw()` makes it. `class_name` is empty for
    segmentation. `split` is set where the source itself says what is for validation, `origin` to the file that
    what is drawn comes from.
    """

    name: str
    class_name: str = ""
    folder: str = ""
    draw: Callable[[], Drawn] | None = None
    split: str | None = None
    origin: str = ""

    @property
    def path(self) -> str:
        """Not kept, as for millions that would take more memory than all else."""
        return self.folder + self.name

    @property
    def source(self) -> str:
        return self.origin or self.path


@dataclass(frozen=True)
class Listing:
    """All that a source has: the pictures, the classes in their order, and what was left out at once.

    `colours`: of the classes, RGB of 0..255 or None each, where the raw data have them.
    """

    pictures: list[Picture]
    classes: list[str]
    rejected: list[Rejected] = field(default_factory=list)
    colours: list[tuple[int, int, int] | None] | None = None


def reader(source: str):
    """The module that reads `source`."""
    return importlib.import_module(f"datatransformer.sources.{source}")


def files_below(folder: Path) -> Iterator[Path]:
    """Files and links in all folders below, by name. Hidden ones are passed over, links to folders not followed.

    A folder that may not be read is given as itself, to be reported as what it is: no picture.
    """
    return (folder / name for name in names_below(folder))


def names_below(root: Path, folder: str = "") -> Iterator[str]:
    """As `files_below`, as paths in `root`: a tenth of the time, where there are millions."""
    names, folders = [], set()
    try:
        with os.scandir(root / folder) as entries:
            for entry in entries:
                if not entry.name.startswith("."):
                    names.append(entry.name)
                    if entry.is_dir(follow_symlinks=False):
                        folders.add(entry.name)
    except PermissionError:
        yield folder or "."
        return
    inside = f"{folder}/" if folder else ""
    for name in sorted(names):
        if name in folders:
            yield from names_below(root, inside + name)
        else:
            yield inside + name


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
