"""What is known of an image whose predicted mask becomes an annotation, and where its files are."""

import os
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from datatransformer.naming import without_suffix
from log import logger
from predictor.image_names import fitting, place_below, with_digest
from predictor.masks.annotations.regions import Region
from storage.tables import csv_safe

PARTS = ".images"
"""The folder beside a file for all images with the text of each of them."""


class AnnotatedPicture(NamedTuple):
    """An image with the regions that are predicted on it.

    Attributes:
        row: its name in the CSV.
        name: its path below `folder`.
        folder: the folder of all images.
        size: width and height.
        classes: the names of the classes, by the labels of the regions.
    """

    row: str
    name: str
    folder: Path
    size: tuple[int, int]
    classes: Sequence[str]
    regions: Sequence[Region]

    @property
    def path(self) -> Path:
        return self.folder / self.name


def place_of_part(folder: Path, name: str) -> Path:
    """The path of the JSON text that an image adds to a file for all images. `name` is that in the CSV, escaped or not.

    These files stay: so a command that was killed goes on, and shards are merged.
    """
    place = place_below(folder / PARTS, csv_safe(name))
    return place.with_name(fitting(place.name, ".json"))


def place_by_stem(folder: Path, name: str, image: Path, suffix: str) -> Path:
    """The path of an image's own file: named as the image, with another suffix, as annotation tools look for it.

    If another image beside it has the same name without suffix, the suffix of the image is kept, and this is said.
    """
    place = PurePosixPath(place_below(Path(), name).as_posix())
    stems, ambiguous = _stems(image.parent)
    if without_suffix(place.name).casefold() not in ambiguous:
        return folder / place.parent / fitting(without_suffix(place.name), suffix)
    if place.name.casefold() in stems:  # a.jpg, beside a.png and a.jpg.png, whose file is called so
        return folder / place.parent / with_digest(place.name, suffix)
    return folder / place.parent / fitting(place.name, suffix)


@lru_cache(maxsize=2)
def _stems(folder: Path) -> tuple[frozenset[str], frozenset[str]]:
    """The names without suffix of the files in a folder, in small letters, and those that several files have.

    Warns if there are any of the latter.
    """
    seen: set[str] = set()
    twice: set[str] = set()
    names = os.listdir(folder) if folder.is_dir() else []
    for stem in (without_suffix(name).casefold() for name in names):
        (twice if stem in seen else seen).add(stem)
    if twice:
        logger.warning(
            f"{folder} has {len(twice)} names that differ only in their suffixes, such as {min(twice)}. labelme and "
            "YOLO look for one file for all of them. So theirs are called NAME.jpg.json and NAME.jpg.txt, which these "
            "tools do not find: rename the images."
        )
    return frozenset(seen), frozenset(twice)
