"""Pictures and masks in folders, which belong together by their names."""

import re
from collections import Counter
from collections.abc import Iterable
from functools import partial
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from datatransformer.images import UnreadableImage
from datatransformer.mask_classes import RawClass, mask_classes, numbered, read_mask_classes, read_merge
from datatransformer.masks import read_pair, read_values
from datatransformer.parallel import in_parallel
from datatransformer.sources import Listing, Picture, Rejected, files_below, why_outside
from settings import SettingError, WorkError, fault

TASKS = ("segmentation",)
SETTINGS = ("raw_images", "raw_masks", "class_names", "merge_classes", "void", "link")

MASK_FOLDERS = ("{}annot", "{}_annot", "{}_masks", "{}_mask", "{}_labels", "masks/{}", "labels/{}", "annotations/{}")
"""How the folder of the masks is called beside a folder of pictures, if `raw_masks` does not say."""

NAMED_SPLITS = {"train": "train", "training": "train", "val": "val", "valid": "val", "validation": "val"}
PICTURE_SUFFIXES = re.compile(r"\.(jpe?g|png|tiff?|bmp|webp|gif|ppm|tga|avif|jp2)$", re.IGNORECASE)
EXAMPLES = 200
"""Pictures from whose names is read how the masks are called."""


class Pair(NamedTuple):
    """A picture and its mask. `name` is the picture's path in the raw folder, without suffix."""

    name: str
    image: Path
    mask: Path
    split: str | None = None


def read(settings) -> Listing:
    """Raises SettingError if pictures or masks are not named, WorkError if none belong together."""
    root = settings.raw_images
    if root is None:
        raise SettingError(fault("raw_images", None, "source masks needs the folder of pictures"))
    pairs, rejected = [], []
    for images, masks, split in _folders(settings):
        found, alone = pair(images, masks, root, split)
        pairs += found
        rejected += alone
    if not pairs:
        reason = f" {rejected[0].source}: {rejected[0].reason}" if rejected else ""
        raise WorkError(f"no picture in {root} has a mask in {settings.raw_masks or root}.{reason}")
    return listing(pairs, rejected, settings)


def listing(
    pairs: list[Pair],
    rejected: list[Rejected],
    settings,
    table: list[RawClass] | None = None,
    void: str | None = None,
) -> Listing:
    """`table` and `void` hold if the settings name none; without a table classes are the values that occur."""
    if settings.class_names:
        table = read_mask_classes(settings.class_names)
    classes = mask_classes(
        table or numbered(_occurring(pairs)),
        settings.void or void,
        read_merge(settings.merge_classes) if settings.merge_classes else None,
    )
    pictures = [
        Picture(name, path=image, draw=partial(read_pair, image, mask, classes), split=split)
        for name, image, mask, split in pairs
    ]
    return Listing(pictures, list(classes.names), rejected, list(classes.colours))


def pair(images: Path, masks: Path, root: Path, split: str | None = None) -> tuple[list[Pair], list[Rejected]]:
    """The pictures below `images` with their masks below `masks`, and those that have none.

    A mask has its picture's place and name, with a prefix and a suffix that all of them share (`ann_7` and `7`,
    `0001_L` and `0001`); what most have is taken.
    """
    found = {path: path.relative_to(images).with_suffix("").as_posix() for path in _pictures_below(images)}
    below = {path.relative_to(masks).with_suffix("").as_posix(): path for path in _pictures_below(masks)}
    before, after = _affixes(found.values(), below)
    pairs, rejected = [], []
    for path, name in found.items():
        place = PurePosixPath(name)
        mask = below.pop((place.parent / f"{before}{place.name}{after}").as_posix(), None)
        if reason := why_outside(path, root):
            rejected.append(Rejected(str(path), reason))
        elif mask is None:
            rejected.append(Rejected(str(path), f"has no mask {before}{place.name}{after} in {masks}"))
        else:
            pairs.append(Pair(path.relative_to(root).with_suffix("").as_posix(), path, mask, split))
    if images != masks:
        rejected += [Rejected(str(path), f"is a mask without a picture in {images}") for path in below.values()]
    return pairs, rejected


def _folders(settings) -> list[tuple[Path, Path, str | None]]:
    """Folders of pictures, their folders of masks, and the split if their names tell it."""
    root = settings.raw_images
    if settings.raw_masks:
        return [(root, settings.raw_masks, None)]
    found = []
    for images in sorted(path for path in root.iterdir() if path.is_dir()):
        for pattern in MASK_FOLDERS:
            masks = root / pattern.format(images.name)
            if masks.is_dir():
                found.append((images, masks, NAMED_SPLITS.get(images.name.lower())))
                break
    for name in ("masks", "labels", "annotations"):
        if not found and (root / "images").is_dir() and (root / name).is_dir():
            found.append((root / "images", root / name, None))
    if not found:
        allowed = "source masks needs the folder of masks (none beside a folder of pictures is called as masks are)"
        raise SettingError(fault("raw_masks", None, allowed))
    return found if len({split for *_, split in found}) > 1 else [(a, b, None) for a, b, _ in found]


def _pictures_below(folder: Path) -> Iterable[Path]:
    return (path for path in files_below(folder) if PICTURE_SUFFIXES.search(path.name))


def _affixes(names: Iterable[str], masks: Iterable[str]) -> tuple[str, str]:
    """What stands before and behind the names of pictures in those of their masks, most often."""
    names, masks = list(names), set(masks)
    exact = sum(name in masks for name in names)
    if exact * 2 >= min(len(names), len(masks)):
        return "", ""
    by_folder: dict[str, list[str]] = {}
    for mask in masks:
        place = PurePosixPath(mask)
        by_folder.setdefault(place.parent.as_posix(), []).append(place.name)
    votes: Counter[tuple[str, str]] = Counter()
    for name in sorted(names, key=len, reverse=True)[:EXAMPLES]:  # long names are in few others by chance
        place = PurePosixPath(name)
        for mask in by_folder.get(place.parent.as_posix(), []):
            if place.name in mask:
                before, _, after = mask.partition(place.name)
                votes[before, after] += 1
    return votes.most_common(1)[0][0] if votes else ("", "")


def _occurring(pairs: list[Pair]) -> set[int]:
    """The values in all masks."""

    def values(one: Pair) -> set[int]:
        try:
            found = read_values(one.mask)
        except UnreadableImage:  # reported when the picture's turn comes
            return set()
        return set(found[..., 0].ravel().tolist() if found.ndim == 3 else found.ravel().tolist())

    occurring = set().union(*in_parallel(values, pairs))
    return {value for value in occurring if 0 <= value <= 255}
