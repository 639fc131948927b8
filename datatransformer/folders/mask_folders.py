"""Finds the folder of masks that belongs to each folder of images, by their names or by what is in them."""

from pathlib import Path
from typing import NamedTuple

from datatransformer.folders.folder_words import is_image_folder, is_mask_folder
from datatransformer.folders.raw_files import FIRST_FOLDERS, holds_images, subfolders
from datatransformer.folders.sibling_masks import SiblingMasks
from datatransformer.naming import split_of_folder

MASK_FOLDERS = ("{}annot", "{}_annot", "{}_masks", "{}_mask", "{}_labels", "masks/{}", "labels/{}", "annotations/{}")
"""Names of the folder of masks beside a folder of images."""

FIRST_NAMES = ("masks", "mask", "labels", "label", "annotations")
"""Of several folders that are named like masks, these come first."""


class MaskFolder(NamedTuple):
    """A folder of images and its folder of masks.

    Attributes:
        others: folders beside them that may be the masks as well.
        is_named: the name of the folder says that it holds masks.
    """

    images: Path
    masks: Path
    others: tuple[Path, ...] = ()
    is_named: bool = True


def find_mask_folders(root: Path, count: int | None = None) -> list[MaskFolder]:
    """Folders of images, each with its folder of masks: in `root`, one level deeper, or `root` and a folder beside it.

    `count`: look only at the first entries of each folder.
    """
    look = SiblingMasks()
    named = folders_by_name(root, count)
    named = [(images, masks) for images, masks in named if holds_images(images) and holds_images(masks)]
    if named:
        claimed = {masks for _, masks in named}
        images, masks = named[0]
        claimed |= {other for path in subfolders(images.parent, FIRST_FOLDERS) if (other := masks_beside(path, count))}
        others = tuple(look.others(images, masks, claimed - {masks}))
        return [MaskFolder(images, masks, others), *(MaskFolder(*pair) for pair in named[1:])]
    return [
        MaskFolder(images, masks[0], tuple(masks[1:]), is_mask_folder(masks[0].name))
        for images, masks in look.below(root)
    ]


def folders_by_name(root: Path, count: int | None = None) -> list[tuple[Path, Path]]:
    """As `find_mask_folders`, by their names alone."""
    inside = subfolders(root, count)
    deeper = [folder for parent in inside for folder in subfolders(parent, count)]
    for candidates in (inside, deeper, [root]):
        pairs = [(images, masks) for images in candidates if (masks := masks_beside(images, count))]
        if pairs:
            return pairs
    return []


def masks_beside(images: Path, count: int | None) -> Path | None:
    """The folder of masks that is named as one of this folder of images. Upper and lower case do not matter."""
    images = images if images.name not in ("", "..") else images.resolve()
    parent, name = images.parent, images.name.lower()
    folders = subfolders(parent, count)
    folders += [folder for path in folders if path.name.lower() in FIRST_NAMES for folder in subfolders(path, count)]
    by_name = {path.relative_to(parent).as_posix().lower(): path for path in folders}
    possible = [pattern.format(name) for pattern in MASK_FOLDERS]
    if is_image_folder(name):
        possible += [*FIRST_NAMES, *(other for other in by_name if "/" not in other and _go_together(name, other))]
    return next((by_name[mask_name] for mask_name in possible if mask_name in by_name), None)


def _go_together(images: str, masks: str) -> bool:
    return is_mask_folder(masks) and split_of_folder(images) == split_of_folder(masks)
