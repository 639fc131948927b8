"""Masks in the folders of their images, told by their names: `7_mask.png` of `7.png`, or `7.png` of `7.jpg`."""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from datatransformer.folders.mask_content import are_masks
from datatransformer.folders.raw_files import FIRST_FILES, first_entries
from datatransformer.naming import IMAGE_SUFFIX

LEVELS, MOST_FOLDERS = 3, 30
"""Levels of folders, and folders of each, that are looked into."""

FEWEST = 2
"""Masks that make a rule."""

WORD = (
    r"(?:masks?|labels?|label[ _-]?ids|annot|annotations?|gt|ground[ _-]?truth|seg|segmentation|segmented|target|matte)"
)
BEHIND = re.compile(rf"(?P<core>.+?)[ _.-]+{WORD}(?:[ _-]?\d+)?", re.IGNORECASE)
BEFORE = re.compile(rf"{WORD}[ _.-]+(?P<core>.+)", re.IGNORECASE)

IMAGE_WORDS = ("sat", "image", "img", "rgb", "photo", "raw", "orig", "input")
"""Words of images beside their masks: `7_sat.jpg` of `7_mask.png`."""

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".tif", ".tiff", ".bmp")
LOSSY_SUFFIXES = (".jpg", ".jpeg")


class Twins(NamedTuple):
    """How masks lie beside their images, and an example.

    Attributes:
        mask, image: names of two files in one folder.
        by_suffix: they differ in the suffix alone.
    """

    mask: str
    image: str
    by_suffix: bool

    def image_of(self, path: str) -> str | None:
        """The name of the image whose mask this file is; None if it is no mask."""
        folder, _, name = path.rpartition("/")
        return _same_stem(folder, name) if self.by_suffix else _without_word(folder, name)


def find_twins(root: Path) -> Twins | None:
    """The rule for masks among the images of a raw folder, by a quick look. None if there are none."""
    files = list(_files(root))
    for by_suffix, image_of in ((False, _without_word), (True, _same_stem)):
        found = [(folder / name, folder / image) for folder, name in files if (image := image_of(str(folder), name))]
        masks, images = [mask for mask, _ in found], [image for _, image in found]
        if len(found) >= FEWEST and are_masks(masks) and not are_masks(images):
            return Twins(masks[0].name, images[0].name, by_suffix)
    return None


def _files(root: Path) -> Iterator[tuple[Path, str]]:
    """The folder and the name of images in the first folders, those of each level together."""
    folders = [root]
    for _ in range(LEVELS):
        inner: list[Path] = []
        for folder in folders:
            for entry in first_entries(folder, FIRST_FILES):
                if entry.is_dir(follow_symlinks=False):
                    inner.append(folder / entry.name)
                elif IMAGE_SUFFIX.search(entry.name):
                    yield folder, entry.name
        folders = inner[:MOST_FOLDERS]


def _without_word(folder: str, name: str) -> str | None:
    stem, suffix = os.path.splitext(name)
    match = BEHIND.fullmatch(stem) or BEFORE.fullmatch(stem)
    if not match:
        return None
    core, sign = match["core"], next((sign for sign in "_-. " if sign in stem), "_")
    words = [form for word in IMAGE_WORDS for form in (f"{core}{sign}{word}", f"{word}{sign}{core}")]
    found = (_existing(folder, name, (suffix, *IMAGE_SUFFIXES)) for name in (core, *words))
    return next(filter(None, found), None)


def _same_stem(folder: str, name: str) -> str | None:
    stem, suffix = os.path.splitext(name)
    return None if suffix.lower() in LOSSY_SUFFIXES else _existing(folder, stem, LOSSY_SUFFIXES)


def _existing(folder: str, stem: str, suffixes: tuple[str, ...]) -> str | None:
    names = (stem + form for suffix in dict.fromkeys(suffixes) for form in dict.fromkeys((suffix, suffix.upper())))
    return next((name for name in names if os.path.lexists(os.path.join(folder, name))), None)
