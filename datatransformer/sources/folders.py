"""Class folders: the images below RAW/beach have the class beach; split folders such as RAW/train may hold them."""

import os
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from datatransformer.folders.class_folders import ClassFolders, class_names, find_class_folders
from datatransformer.folders.folder_split import LEFT_OUT
from datatransformer.folders.folder_words import is_image_folder, is_mask_folder
from datatransformer.folders.masks_among_images import MasksAmongImages, find_masks
from datatransformer.folders.raw_files import FIRST_FOLDERS, names_below, names_of, why_outside
from datatransformer.listing import Listing, RawImage, Rejected
from datatransformer.naming import split_of_folder
from datatransformer.sources import Evidence
from datatransformer.tables.class_table_hint import class_tables_beside, offer
from datatransformer.tables.label_names import LabelNames, told_label_names
from datatransformer.tables.label_search import label_files
from settings import SettingError, WorkError, bad_setting
from storage.tables import printable

if TYPE_CHECKING:
    from config import DataTransformerConfig
    from datatransformer.report import Report

TASKS = ("classification",)
SETTINGS = ("raw_images", "class_names", "range", "max_pixels", "frames", "link", "verify")
NAMED_BY = ()

EXAMPLES = 3
"""Classes that a reason names."""


def recognises(settings: "DataTransformerConfig") -> list[Evidence]:
    """Two or more folders with images, or with folders of images for each split."""
    root = settings.raw_images
    if root is None:
        return []
    try:
        found = find_class_folders(root, FIRST_FOLDERS)
    except SettingError:  # raised again by `read`, if no other source is meant
        return [Evidence(f"{root} holds folders of images, some named like splits")]
    names = class_names(root, found, FIRST_FOLDERS)
    splits = [prefix for prefix, split in found.roots.items() if split]
    if len(names) < 2 or _are_images_and_masks(names):
        return []
    if not splits and all(map(split_of_folder, names)):
        return []
    if not splits and any(found.roots) and label_files(root, root):
        return []
    if splits:
        said = " and ".join(prefix.rstrip("/") for prefix in splits)
        return [Evidence(f"{root} holds {said} with folders of images in each")]
    more = ", ..." if len(names) > EXAMPLES else ""
    place = root / (min(found.roots) if len(found.roots) == 1 else "")
    return [Evidence(f"{place} holds folders of images: {', '.join(map(printable, names[:EXAMPLES]))}{more}")]


def _are_images_and_masks(names: Sequence[str]) -> bool:
    """Whether all folders are named like images or masks, so that they are no classes."""
    return all(is_image_folder(name) or is_mask_folder(name) for name in names)


def read(settings: "DataTransformerConfig", report: "Report") -> Listing:
    """Raises SettingError without `raw_images` and for folders of which only some are named like splits.

    Iterating its entries raises WorkError without class folders.
    """
    root = settings.raw_images
    if root is None:
        raise SettingError(
            bad_setting("raw_images", None, "source folders needs the folder that holds the class folders")
        )
    found = find_class_folders(root)
    for note in found.notes:
        report.note(note)
    for warning in found.warnings:
        report.warn(warning)
    if any(found.roots.values()) or found.inner:
        if settings.split != "auto":
            report.note(f"Images of all split folders are taken together, because of --split {settings.split}")
            found.roots, found.inner = dict.fromkeys(found.roots, ""), dict.fromkeys(found.inner, "")
        elif found.bad_split and not settings.val_list:
            raise SettingError(bad_setting("raw_images", root, found.bad_split))
        elif settings.val_list:
            report.note("Of the split folders only that for testing counts, because of --val-list")
    folders = {printable(found.classes.get(name, name)) for name in class_names(root, found)}
    names = told_label_names(settings.class_names, folders, report) if settings.class_names else None
    offered = {} if names else class_tables_beside([], root, folders)
    if offered:
        report.warn(offer(offered))
    masks = find_masks(root, found.roots, report)
    tables = names_of((settings.class_names, *offered), root)
    return Listing(_entries(root, found, masks, names, tables), names.classes if names else None)


def _entries(
    root: Path, found: ClassFolders, masks: MasksAmongImages, names: LabelNames | None, tables: Collection[str]
) -> Iterator[RawImage | Rejected]:
    prefix, is_empty, outside = os.path.join(root, ""), True, ""
    for name, is_link in names_below(root):
        if name in tables:
            continue
        path = prefix + name
        top = next((top for top in found.roots if name.startswith(top)), None)
        class_folder, inside, below = (name[len(top) :] if top is not None else "").partition("/")
        split = found.roots.get(top or "", "") or (found.inner.get(below.partition("/")[0], "") if found.inner else "")
        if is_link and (reason := why_outside(path, root)):
            outside = outside or f"{path} {reason}"
            yield Rejected(path, reason)
        elif split == LEFT_OUT:
            yield Rejected(path, "is for testing")
        elif not inside:
            yield Rejected(path, "is not in a class folder")
        elif reason := masks.reason(path):
            yield Rejected(path, reason)
        else:
            folder = printable(found.classes.get(class_folder, class_folder))
            class_name = names.of(folder) if names else folder
            if class_name is None:
                yield Rejected(path, f"its class folder {folder} is not in the file of class names")
                continue
            yield RawImage(name, path, class_name, split if split == "test" or (split and found.has_split) else None)
            is_empty = False
    if is_empty and outside:
        raise WorkError(f"{root} holds no class folders with files of their own: {outside}.")
    if is_empty:
        raise WorkError(f"{root} holds no class folders with files. For images with a label file use --source labels.")
