"""Images and masks in folders, matched by their names."""

from collections import Counter
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from datatransformer.listing import Listing, Rejected
from datatransformer.naming import split_of_folder
from datatransformer.raw_files import FIRST_FOLDERS, holds_images, subfolders
from datatransformer.sources import Evidence
from datatransformer.sources.pairing import Pairs, pair_by_name
from settings import SettingError, WorkError, bad_setting

if TYPE_CHECKING:
    from config import DataTransformerConfig
    from datatransformer.report import Report

TASKS = ("segmentation",)
SETTINGS = ("raw_images", "raw_masks", "class_names", "merge_classes", "void", "threshold", "range", "link")
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
    may_be_class = parent.parent == root and not split_of_folder(parent.name)
    overrides = () if may_be_class or images == root else ("folders",)
    return [Evidence(f"{masks} holds the masks of {images}", overrides=overrides)]


def read(settings: "DataTransformerConfig", report: "Report") -> Listing:
    """Raises SettingError if images or masks are not named, WorkError if no image has a mask."""
    from datatransformer.mask_listing import list_pairs

    root = settings.raw_images
    if root is None:
        raise SettingError(bad_setting("raw_images", None, "source masks needs the folder of images"))
    folders = [(root, settings.raw_masks)] if settings.raw_masks else _mask_folders(root)
    if not folders:
        allowed = "source masks needs the folder of masks (no folder beside the images is named like one)"
        raise SettingError(bad_setting("raw_masks", None, allowed))
    pairs = Pairs()
    rejected: list[Rejected] = []
    for images, masks in folders:
        rejected += pair_by_name(images, masks, root, pairs, report)
    if not pairs:
        reason = f" {rejected[0].source}: {rejected[0].reason}." if rejected else ""
        raise WorkError(
            f"no image in {root} has a mask in {settings.raw_masks or root}.{reason} A mask has the name of its image, "
            "apart from a prefix and a suffix that all masks share, as in 7.jpg and 7_mask.png; rename the files so"
        )
    if settings.split == "auto" and not settings.val_list:
        rejected += _split_by_folders(pairs, report)
    return list_pairs(pairs, rejected, settings, report)


def masks_beside(settings: "DataTransformerConfig") -> Path | None:
    """The folder of masks outside the folder of images, if no setting names it."""
    root = settings.raw_images
    folders = _mask_folders(root) if root and root.is_dir() and not settings.raw_masks else []
    return next((masks for images, masks in folders if images == root), None)


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


def _split_by_folders(pairs: Pairs, report: "Report") -> list[Rejected]:
    """Takes the split from names of folders, if there are folders for training and for validation.

    Images in a folder for testing are left out. Without a folder for validation they are for validation.
    """

    def split_in(name: str) -> str:
        return next(filter(None, map(split_of_folder, PurePosixPath(name).parts[:-1])), "")

    counts = Counter(split_in(pair.name) for pair in pairs)
    if not counts["train"] or not (counts["val"] or counts["test"]):
        return []
    of_test = None if counts["val"] else "val"
    test = "left out" if counts["val"] else "for validation, as no folder is for that"
    numbers = [f"{counts['train']} for training", *([f"{counts['val']} for validation"] if counts["val"] else [])]
    numbers += [f"{counts['test']} for testing ({test})"] if counts["test"] else []
    report.note(f"The split of the images follows from the names of their folders: {', '.join(numbers)}")
    splits = {"train": "train", "val": "val", "test": of_test}
    rejected = [Rejected(str(pair.image), "is for testing") for pair in pairs if split_in(pair.name) == "test"]
    pairs.set_splits(
        lambda name: splits.get(split_in(name)), leave_out=lambda name: split_in(name) == "test" and not of_test
    )
    return rejected if of_test is None else []
