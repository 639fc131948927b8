"""The files that belong to an image, beside the CSV: each image has its own, which its name alone decides."""

import hashlib
from pathlib import Path

from datatransformer.naming import IMAGE_SUFFIX, shorten_name, without_suffix

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
