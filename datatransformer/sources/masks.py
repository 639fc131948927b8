"""Pictures and masks in folders, which belong together by their names."""

from collections import Counter
from collections.abc import Iterable
from functools import partial
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import numpy as np

from datatransformer.images import UnreadableImage
from datatransformer.mask_classes import (
    VOID,
    Colour,
    RawClass,
    mask_classes,
    numbered,
    packed,
    read_mask_classes,
    read_merge,
)
from datatransformer.masks import read_pair, read_values
from datatransformer.parallel import in_parallel
from datatransformer.sources import Listing, Picture, Rejected, files_below, why_outside
from datatransformer.split import PICTURE_SUFFIX, without_suffix
from settings import SettingError, WorkError, fault

TASKS = ("segmentation",)
SETTINGS = ("raw_images", "raw_masks", "class_names", "merge_classes", "void", "link")

MASK_FOLDERS = ("{}annot", "{}_annot", "{}_masks", "{}_mask", "{}_labels", "masks/{}", "labels/{}", "annotations/{}")
"""How the folder of the masks is called beside a folder of pictures, if `raw_masks` does not say."""

IMAGES, MASKS = ("images", "image", "imgs"), ("masks", "mask", "labels", "label", "annotations")
"""What the two are also called, side by side."""

NAMED_SPLITS = {"train": "train", "training": "train", "val": "val", "valid": "val", "validation": "val"}
TEST = ("test", "testing")
"""Folders whose pictures are for neither where there are those for training and validation; else for validation."""

EXAMPLES = 200
"""Pictures from whose names is read how the masks are called."""


class Pair(NamedTuple):
    """A picture and its mask. `name` is the picture's path in the raw folder."""

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
    for images, masks in [(root, settings.raw_masks)] if settings.raw_masks else _folders(root):
        found, alone = pair(images, masks, root)
        pairs += found
        rejected += alone
    if not pairs:
        reason = f" {rejected[0].source}: {rejected[0].reason}" if rejected else ""
        raise WorkError(f"no picture in {root} has a mask in {settings.raw_masks or root}.{reason}")
    if settings.split == "auto" and not settings.val_list:
        pairs, without = _split_by_folders(pairs)
        rejected += without
    return listing(pairs, rejected, settings)


def listing(
    pairs: list[Pair],
    rejected: list[Rejected],
    settings,
    table: list[RawClass] | None = None,
    border: Colour | None = None,
) -> Listing:
    """`table` holds if the settings name none; without one classes are the values that occur.

    `border`: a colour that is void besides what the settings say.
    """
    if settings.class_names:
        table = read_mask_classes(settings.class_names)
    classes = mask_classes(
        table or _of_masks(pairs),
        settings.void,
        read_merge(settings.merge_classes) if settings.merge_classes else None,
    )
    if border and classes.by_colour:
        classes.by_colour.setdefault(packed(border), VOID)
    pictures = [
        Picture(name, path=image, draw=partial(read_pair, image, mask, classes), split=split)
        for name, image, mask, split in pairs
    ]
    return Listing(pictures, list(classes.names), rejected, list(classes.colours))


def pair(images: Path, masks: Path, root: Path) -> tuple[list[Pair], list[Rejected]]:
    """The pictures below `images` with their masks below `masks`, and those that have none.

    A mask has its picture's place and name, with a prefix and a suffix that all of them share (`ann_7` and `7`,
    `0001_L` and `0001`); what most have is taken. One of the folders may lie in the other, or be it.
    """
    pictures, drawn, rejected = _pictures_below(images), _pictures_below(masks), []
    if images.resolve() == masks.resolve():
        pictures, drawn = _told_apart(pictures, images)
    else:
        pictures, drawn = _without(pictures, images, masks), _without(drawn, masks, images)
    below: dict[str, Path] = {}
    for path in sorted(drawn, key=_may_be_jpeg):
        first = below.setdefault(_name(path, masks), path)
        if first != path:
            rejected.append(Rejected(str(path), f"is a mask for what has one, {first.name}"))
    before, after = _affixes([_name(path, images) for path in pictures], below)
    pairs, taken = [], {}
    for path in pictures:
        key = _affixed(_name(path, images), before, after)
        mask = below.get(key)
        if reason := why_outside(path, root):
            rejected.append(Rejected(str(path), reason))
        elif mask is None:
            rejected.append(Rejected(str(path), f"has no mask {key} in {masks}"))
        elif key in taken:
            rejected.append(Rejected(str(path), f"has the mask of {taken[key].name}, which has the same name"))
        elif reason := why_outside(mask, masks):
            rejected.append(Rejected(str(path), f"has the mask {mask.name}, which {reason}"))
        else:
            pairs.append(Pair(path.relative_to(root).as_posix(), path, mask))
        taken.setdefault(key, path)
    alone = (path for key, path in below.items() if key not in taken)
    rejected += [Rejected(str(path), f"is a mask without a picture in {images}") for path in alone]
    return pairs, rejected


def _folders(root: Path) -> list[tuple[Path, Path]]:
    """Folders of pictures, each with its folder of masks: in `root`, in the folders in it, or `root` and one beside."""
    inside = _folders_in(root)
    deeper = [folder for parent in inside for folder in _folders_in(parent)]
    for candidates in (inside, deeper, [root]):
        found = [(images, masks) for images in candidates if (masks := _masks_beside(images))]
        if found:
            return found
    allowed = "source masks needs the folder of masks (none beside a folder of pictures is called as masks are)"
    raise SettingError(fault("raw_masks", None, allowed))


def _folders_in(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))


def _masks_beside(images: Path) -> Path | None:
    """The folder of masks that belongs to a folder of pictures, in whatever case its name is."""
    images = images if images.name not in ("", "..") else images.resolve()
    parent, name = images.parent, images.name.lower()
    below = _folders_in(parent)
    below += [folder for path in below if path.name.lower() in MASKS for folder in _folders_in(path)]
    there = {path.relative_to(parent).as_posix().lower(): path for path in below}
    wanted = [pattern.format(name) for pattern in MASK_FOLDERS] + [*(MASKS if name in IMAGES else ())]
    return next((there[one] for one in wanted if one in there), None)


def _split_by_folders(pairs: list[Pair]) -> tuple[list[Pair], list[Rejected]]:
    """The split that a folder's name tells, if some are for training and some for validation."""

    def folder_of(one: Pair, names: Iterable[str]) -> str | None:
        return next((part for part in PurePosixPath(one.name.lower()).parts[:-1] if part in names), None)

    named = [one._replace(split=NAMED_SPLITS.get(folder_of(one, NAMED_SPLITS))) for one in pairs]
    test = {one.name for one in named if one.split is None and folder_of(one, TEST)}
    splits = {one.split for one in named}
    if {"train", "val"} <= splits:
        left_out = [Rejected(str(one.image), "is for testing") for one in named if one.name in test]
        return [one for one in named if one.name not in test], left_out
    if "train" in splits and test:
        return [one._replace(split="val") if one.name in test else one for one in named], []
    return pairs, []


def _pictures_below(folder: Path) -> list[Path]:
    return [path for path in files_below(folder) if PICTURE_SUFFIX.search(path.name) or path.is_dir()]


def _without(paths: list[Path], folder: Path, other: Path) -> list[Path]:
    """Those of `paths`, which lie below `folder`, that are not in `other`."""
    if not other.resolve().is_relative_to(folder.resolve()):
        return paths
    inner = folder / other.resolve().relative_to(folder.resolve())
    return [path for path in paths if not path.is_relative_to(inner)]


def _name(path: Path, folder: Path) -> str:
    return without_suffix(path.relative_to(folder).as_posix())


def _may_be_jpeg(path: Path) -> bool:
    return path.suffix.lower() in (".jpg", ".jpeg")


def _told_apart(paths: list[Path], folder: Path) -> tuple[list[Path], list[Path]]:
    """Pictures and masks of one folder: masks have a longer name, or are those beside a JPEG of their name."""
    names = {path: _name(path, folder) for path in paths}
    jpegs = {names[path] for path in paths if _may_be_jpeg(path)}
    masks = {path for path in paths if names[path] in jpegs and not _may_be_jpeg(path)}
    if not masks:
        before, after = _affixes(names.values(), names.values(), longer=True)
        wanted = {_affixed(name, before, after) for name in names.values()} if before + after else set()
        masks = {path for path in paths if names[path] in wanted}
    return [path for path in paths if path not in masks], sorted(masks)


def _affixed(name: str, before: str, after: str) -> str:
    place = PurePosixPath(name)
    return (place.parent / f"{before}{place.name}{after}").as_posix()


def _affixes(names: Iterable[str], masks: Iterable[str], longer: bool = False) -> tuple[str, str]:
    """What stands before and behind the names of pictures in those of their masks, most often.

    `longer`: masks with the very names do not count.
    """
    names, masks = sorted(names), sorted(masks)
    exact = len(set(names) & set(masks))
    if not longer and exact * 2 >= min(len(names), len(masks)):
        return "", ""
    by_folder: dict[PurePosixPath, list[str]] = {}
    for mask in map(PurePosixPath, masks):
        by_folder.setdefault(mask.parent, []).append(mask.name)
    votes: Counter[tuple[str, str]] = Counter()
    for place in map(PurePosixPath, sorted(names, key=len, reverse=True)[:EXAMPLES]):  # long ones: fewer by chance
        for mask in by_folder.get(place.parent, []):
            before, found, after = mask.partition(place.name)
            if found and mask != place.name:
                votes[before, after] += 1
    return votes.most_common(1)[0][0] if votes else ("", "")


def _of_masks(pairs: list[Pair]) -> list[RawClass]:
    """The values in all masks as classes. Raises SettingError if they are colours, or fewer than two."""

    def values_in(one: Pair) -> set[int] | str:
        try:
            values = read_values(one.mask)
        except UnreadableImage as error:  # reported when the picture's turn comes
            return str(error)
        if values.ndim == 3 and (values != values[..., :1]).any():
            return f"the mask {one.mask.name} is in colour"
        values = values[..., 0] if values.ndim == 3 else values
        return set(np.flatnonzero(np.bincount(values[(values >= 0) & (values <= VOID)])).tolist())

    found = list(in_parallel(values_in, pairs))
    table = numbered(set().union(*(values for values in found if isinstance(values, set))))
    if len(table) < 2:
        why = next((f" ({reason})" for reason in found if isinstance(reason, str)), "")
        allowed = (
            f"is needed: the masks alone tell of {len(table)} classes{why}. "
            "Name a table with lines of R G B name, or a CSV of index,name"
        )
        raise SettingError(fault("class_names", None, allowed))
    return table
