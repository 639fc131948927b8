"""Images and masks in folders, matched by their names."""

from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from datatransformer.listing import Listing, Rejected
from datatransformer.naming import SPLIT_FOLDERS, TEST_FOLDERS
from datatransformer.raw_files import FIRST_FOLDERS, holds_images, subfolders
from datatransformer.sources import Evidence
from datatransformer.sources.pairing import Pair, pair_by_name
from settings import SettingError, WorkError, bad_setting

if TYPE_CHECKING:
    from config import DataTransformerConfig

TASKS = ("segmentation",)
SETTINGS = ("raw_images", "raw_masks", "class_names", "merge_classes", "void", "link")
NAMED_BY = ("raw_masks",)

MASK_FOLDERS = ("{}annot", "{}_annot", "{}_masks", "{}_mask", "{}_labels", "masks/{}", "labels/{}", "annotations/{}")
"""Names of the folder of masks beside a folder of images, if `raw_masks` is empty."""

IMAGES, MASKS = ("images", "image", "imgs"), ("masks", "mask", "labels", "label", "annotations")
"""Other names of the two folders, side by side."""


def recognises(settings: "DataTransformerConfig") -> list[Evidence]:
    """A folder of images with a folder beside it that is named like masks and holds images too.

    These two would also look like class folders. But COVID/images and COVID/masks may be images of a class COVID.
    """
    root = settings.raw_images
    if root is None:
        return []
    pairs = _mask_folders(root, FIRST_FOLDERS)
    pairs = [(images, masks) for images, masks in pairs if holds_images(images) and holds_images(masks)]
    if not pairs:
        return []
    images, masks = pairs[0]
    parent = images.parent
    may_be_class = parent.parent == root and parent.name.lower() not in (*SPLIT_FOLDERS, *TEST_FOLDERS)
    overrides = () if may_be_class or images == root else ("folders",)
    return [Evidence(f"{masks} holds the masks of {images}", overrides=overrides)]


def read(settings: "DataTransformerConfig") -> Listing:
    """Raises SettingError if images or masks are not named, WorkError if no image has a mask."""
    from datatransformer.mask_listing import list_pairs

    root = settings.raw_images
    if root is None:
        raise SettingError(bad_setting("raw_images", None, "source masks needs the folder of images"))
    folders = [(root, settings.raw_masks)] if settings.raw_masks else _mask_folders(root)
    if not folders:
        allowed = "source masks needs the folder of masks (no folder beside the images is named like one)"
        raise SettingError(bad_setting("raw_masks", None, allowed))
    pairs: list[Pair] = []
    rejected: list[Rejected] = []
    for images, masks in folders:
        matched, unmatched = pair_by_name(images, masks, root)
        pairs += matched
        rejected += unmatched
    if not pairs:
        reason = f" {rejected[0].source}: {rejected[0].reason}" if rejected else ""
        raise WorkError(f"no image in {root} has a mask in {settings.raw_masks or root}.{reason}")
    if settings.split == "auto" and not settings.val_list:
        pairs, for_testing = _split_by_folders(pairs)
        rejected += for_testing
    return list_pairs(pairs, rejected, settings)


def _mask_folders(root: Path, count: int | None = None) -> list[tuple[Path, Path]]:
    """Folders of images, each with its folder of masks: in `root`, one level deeper, or `root` and a folder beside it.

    `count`: look only at the first entries of each folder.
    """
    inside = subfolders(root, count)
    deeper = [folder for parent in inside for folder in subfolders(parent, count)]
    for candidates in (inside, deeper, [root]):
        pairs = [(images, masks) for images in candidates if (masks := _masks_beside(images, count))]
        if pairs:
            return pairs
    return []


def _masks_beside(images: Path, count: int | None) -> Path | None:
    """The folder of masks that belongs to a folder of images. Upper and lower case do not matter."""
    images = images if images.name not in ("", "..") else images.resolve()
    parent, name = images.parent, images.name.lower()
    folders = subfolders(parent, count)
    folders += [folder for path in folders if path.name.lower() in MASKS for folder in subfolders(path, count)]
    by_name = {path.relative_to(parent).as_posix().lower(): path for path in folders}
    possible = [pattern.format(name) for pattern in MASK_FOLDERS] + [*(MASKS if name in IMAGES else ())]
    return next((by_name[mask_name] for mask_name in possible if mask_name in by_name), None)


def _split_by_folders(pairs: list[Pair]) -> tuple[list[Pair], list[Rejected]]:
    """Takes the split from names of folders, if there are folders for training and for validation.

    Images in a folder for testing are left out. Without a folder for validation they are for validation.
    """

    def folder_in(pair: Pair, names: Iterable[str]) -> str:
        return next((part for part in PurePosixPath(pair.name.lower()).parts[:-1] if part in names), "")

    with_split = [pair._replace(split=SPLIT_FOLDERS.get(folder_in(pair, SPLIT_FOLDERS))) for pair in pairs]
    test = {pair.name for pair in with_split if pair.split is None and folder_in(pair, TEST_FOLDERS)}
    splits = {pair.split for pair in with_split}
    if {"train", "val"} <= splits:
        for_testing = [Rejected(str(pair.image), "is for testing") for pair in with_split if pair.name in test]
        return [pair for pair in with_split if pair.name not in test], for_testing
    if "train" in splits and test:
        return [pair._replace(split="val") if pair.name in test else pair for pair in with_split], []
    return pairs, []
