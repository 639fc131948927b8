"""Pictures and masks in folders, which belong together by their names."""

from collections.abc import Iterable
from itertools import chain
from pathlib import Path, PurePosixPath

import numpy as np

from datatransformer.images import UnreadableImage
from datatransformer.listing import EncodedPair, Listing, Picture, Rejected
from datatransformer.mask_classes import VOID, Colour, RawClass, chosen_classes, numbered, packed
from datatransformer.masks import read_pair, read_values
from datatransformer.sources.pairing import Pair, pair
from settings import SettingError, WorkError, bad_setting
from storage.parallel import in_parallel

TASKS = ("segmentation",)
SETTINGS = ("raw_images", "raw_masks", "class_names", "merge_classes", "void", "link")

MASK_FOLDERS = ("{}annot", "{}_annot", "{}_masks", "{}_mask", "{}_labels", "masks/{}", "labels/{}", "annotations/{}")
"""How the folder of the masks is called beside a folder of pictures, if `raw_masks` does not say."""

IMAGES, MASKS = ("images", "image", "imgs"), ("masks", "mask", "labels", "label", "annotations")
"""What the two are also called, side by side."""

NAMED_SPLITS = {"train": "train", "training": "train", "val": "val", "valid": "val", "validation": "val"}
TEST = ("test", "testing")
"""Folders whose pictures are for neither where there are those for training and validation; else for validation."""


def read(settings) -> Listing:
    """Raises SettingError if pictures or masks are not named, WorkError if none belong together."""
    root = settings.raw_images
    if root is None:
        raise SettingError(bad_setting("raw_images", None, "source masks needs the folder of pictures"))
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
    classes = chosen_classes(settings, lambda: table or _of_masks(pairs))
    if border and classes.by_colour:
        classes.by_colour.setdefault(packed(border), VOID)
    pictures = (Picture(name, str(image), split=split, mask=str(mask)) for name, image, mask, split in pairs)

    def draw(picture: Picture) -> EncodedPair:
        return read_pair(Path(picture.path), Path(picture.mask), classes)

    return Listing(chain(rejected, pictures), list(classes.names), draw, list(classes.colours))


def _folders(root: Path) -> list[tuple[Path, Path]]:
    """Folders of pictures, each with its folder of masks: in `root`, in the folders in it, or `root` and one beside."""
    inside = _folders_in(root)
    deeper = [folder for parent in inside for folder in _folders_in(parent)]
    for candidates in (inside, deeper, [root]):
        found = [(images, masks) for images in candidates if (masks := _masks_beside(images))]
        if found:
            return found
    allowed = "source masks needs the folder of masks (none beside a folder of pictures is called as masks are)"
    raise SettingError(bad_setting("raw_masks", None, allowed))


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
        raise SettingError(bad_setting("class_names", None, allowed))
    return table
