"""The files that belong to an image, beside the CSV: each image has its own, which its name alone decides."""

import hashlib
from collections.abc import Callable, Iterable
from pathlib import Path

from datatransformer.naming import IMAGE_SUFFIX, shorten_name, without_suffix
from storage.name_cells import on_any_disk

MAX_BYTES = 255
"""Bytes that file systems allow in a name."""


def image_path(output: Path, folder: str, name: str) -> Path:
    """The path of a PNG that belongs to an image: in NAME.`folder` beside NAME.csv, named like the image."""
    place = place_below(output.with_name(f"{output.stem}.{folder}"), name)
    return place.with_name(png_name(place.name))


def place_below(folder: Path, name: str) -> Path:
    """The path of an image's copy in a folder. It never leads out of the folder."""
    return folder.joinpath(*("_" if part == ".." else part for part in name.split("/") if part))


def png_name(name: str) -> str:
    """`a.jpg` becomes `a.jpg.png`, `a.png` stays. No two names become the same one.

    So that they do not, `a.jpg.png` becomes `a.jpg.png.png`, and `a`, without a suffix, too: `a.png.png`.
    """
    bare = without_suffix(name)
    if bare == name:
        return fitting(name, ".png.png")
    if name.endswith(".png") and not IMAGE_SUFFIX.search(bare):
        return name
    return fitting(name, ".png")


def fitting(name: str, suffix: str) -> str:
    """The name with a suffix. If that is too long for a file, the name is shortened and a digest of it added."""
    if len(name.encode(errors="surrogateescape")) + len(suffix) <= MAX_BYTES:
        return name + suffix
    return with_digest(name, suffix)


def with_digest(name: str, suffix: str) -> str:
    """The beginning of the name, a digest of all of it, and the suffix."""
    digest = hashlib.sha256(name.encode(errors="surrogateescape")).hexdigest()[:16]
    return f"{shorten_name(name)}-{digest}{suffix}"


def names_that_meet(list_names: Callable[[], Iterable[str]]) -> list[str]:
    """The first names that differ in upper and lower case or in forms of Unicode alone; usually none.

    `list_names` starts a new pass over the names. It needs eight bytes a name.
    """
    import numpy as np  # not needed to refuse wrong settings

    digests = np.sort(np.fromiter((hash(on_any_disk(name)) for name in list_names()), np.int64))
    again = digests[1:][digests[1:] == digests[:-1]]
    return [name for name in list_names() if hash(on_any_disk(name)) == again[0]] if len(again) else []
