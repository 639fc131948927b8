"""Images and masks in folders, matched by their names."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from datatransformer.folders.folder_split import folder_split
from datatransformer.folders.mask_folders import MaskFolder, find_mask_folders, folders_by_name
from datatransformer.folders.raw_files import FIRST_FOLDERS, holds_images, no_images, subfolders
from datatransformer.folders.sibling_masks import SiblingMasks
from datatransformer.folders.twin_masks import find_twins
from datatransformer.listing import Listing, Rejected
from datatransformer.masks.table_hint import tables_near_masks
from datatransformer.names.pairing import Pairs, pair_by_name
from datatransformer.naming import split_of_folder
from datatransformer.sources import Evidence
from settings import SettingError, WorkError, bad_setting

if TYPE_CHECKING:
    from config import DataTransformerConfig
    from datatransformer.report import Report

TASKS = ("segmentation",)
SETTINGS = (
    "raw_images", "raw_masks", "class_names", "merge_classes", "void", "threshold", "range", "max_pixels", "link",
)  # fmt: skip
NAMED_BY = ("raw_masks",)


def recognises(settings: "DataTransformerConfig") -> list[Evidence]:
    """A folder of images with a folder beside it that is named like masks or looks like them; masks among the images.

    These two would also look like class folders. But COVID/images and COVID/masks may be images of a class COVID.
    """
    root = settings.raw_images
    if root is None:
        return []
    if found := find_mask_folders(root, FIRST_FOLDERS):
        return _evidence(root, found[0])
    if twins := find_twins(root):
        reason = f"{root} holds masks beside their images, such as {twins.mask} of {twins.image}"
        return [Evidence(reason, {"raw_masks": root})]
    return []


def _evidence(root: Path, found: MaskFolder) -> list[Evidence]:
    images, masks, others, is_named = found
    parent = images.parent
    may_be_class = not is_named or (parent.parent == root and not split_of_folder(parent.name))
    overrides = () if may_be_class or images == root else ("folders",)
    holds = "holds the masks of" if is_named else "looks like the masks of"
    if others:
        return [
            Evidence(
                f"{folder} {'holds' if folder == masks and is_named else 'looks like'} the masks of {images}",
                {"raw_images": images, "raw_masks": folder},
                overrides,
            )
            for folder in (masks, *others)
        ]
    flags = {} if is_named or parent != root else {"raw_images": images, "raw_masks": masks}
    return [Evidence(f"{masks} {holds} {images}", flags, overrides)]


def read(settings: "DataTransformerConfig", report: "Report") -> Listing:
    """Raises SettingError if images or masks are not named, WorkError if no image has a mask."""
    from datatransformer.masks.listing import list_pairs

    root = settings.raw_images
    if root is None:
        raise SettingError(bad_setting("raw_images", None, "source masks needs the folder of images"))
    folders = [(root, settings.raw_masks)] if settings.raw_masks else _found_folders(root)
    if not folders:
        allowed = "source masks needs the folder of masks (no folder beside the images is named like one)"
        raise SettingError(bad_setting("raw_masks", None, allowed))
    pairs = Pairs()
    rejected: list[Rejected] = []
    for images, masks in folders:
        rejected += pair_by_name(images, masks, root, pairs, report)
    if not pairs:
        for path in (root, *(masks for _, masks in folders)):
            if not holds_images(path):
                raise SettingError(bad_setting("raw_images" if path == root else "raw_masks", path, no_images(path)))
        if settings.raw_masks and (inside := _folder_of_images(root, settings.raw_masks)):
            allowed = (
                f"holds more than the images of {settings.raw_masks}: name the folder that holds these alone, {inside}"
            )
            raise SettingError(bad_setting("raw_images", root, allowed))
        reason = f" {rejected[0].source}: {rejected[0].reason}." if rejected else ""
        raise WorkError(
            f"no image in {root} has a mask in {settings.raw_masks or root}.{reason} A mask has the name of its image, "
            "apart from a prefix and a suffix that all masks share, as in 7.jpg and 7_mask.png; rename the files so"
        )
    if settings.split == "auto" and (split := folder_split(pair.name for pair in pairs)):
        report.note(split.describe())
        pairs.set_splits(split.of)
    places = (root, *(masks.parent for _, masks in folders))
    is_named = settings.class_names is not None
    try:
        listing = list_pairs(pairs, rejected, settings, report)
    except SettingError as error:
        if is_named or not (near := tables_near_masks(places)):
            raise
        first, *others = error.errors
        raise SettingError(f"{first}\nThis file lies there and may name the classes: {near}", *others) from error
    are_numbers = not is_named and all(name.isdecimal() for name in listing.classes or ())
    if are_numbers and (near := tables_near_masks(places)):
        report.warn(f"The classes have numbers for names. This file lies there and may name them: {near}")
    return listing


def _found_folders(root: Path) -> list[tuple[Path, Path]]:
    """Raises SettingError if one folder of images may have its masks in several folders."""
    found = find_mask_folders(root)
    for images, masks, others, _ in found:
        if others:
            given = f"\n  --raw-images {shlex.quote(str(images))} --raw-masks "
            flags = "".join(given + shlex.quote(str(path)) for path in (masks, *others))
            allowed = f"the masks of {images} may be in {1 + len(others)} folders. Choose one:{flags}"
            raise SettingError(bad_setting("raw_masks", None, allowed))
    if not found and find_twins(root):
        return [(root, root)]
    return [(images, masks) for images, masks, *_ in found]


def _folder_of_images(root: Path, masks: Path) -> Path | None:
    """The folder in `root` whose images have their masks in `masks`."""
    look = SiblingMasks()
    folders = [path for path in subfolders(root, FIRST_FOLDERS) if path != masks and not masks.is_relative_to(path)]
    return next((path for path in folders if look.names_match(path, masks)), None)


def masks_beside(settings: "DataTransformerConfig") -> Path | None:
    """The folder of masks outside the folder of images, if no setting names it."""
    root = settings.raw_images
    folders = folders_by_name(root) if root and root.is_dir() and not settings.raw_masks else []
    return next((masks for images, masks in folders if images == root), None)
