"""Class folders: the images below RAW/beach have the class beach."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from datatransformer.listing import Listing, RawImage, Rejected
from datatransformer.naming import SPLIT_FOLDERS, TEST_FOLDERS
from datatransformer.raw_files import FIRST_FOLDERS, holds_images, names_below, subfolders, why_outside
from datatransformer.sources import Evidence
from settings import SettingError, WorkError, bad_setting
from storage.tables import printable

if TYPE_CHECKING:
    from config import DataTransformerConfig

TASKS = ("classification",)
SETTINGS = ("raw_images", "link", "verify")
NAMED_BY = ()

EXAMPLES = 3
"""Classes that a reason names."""


def recognises(settings: "DataTransformerConfig") -> list[Evidence]:
    """Two or more folders with images. Folders that are all named like splits are not taken for classes."""
    root = settings.raw_images
    names = [path.name for path in subfolders(root, FIRST_FOLDERS) if holds_images(path)] if root else []
    if len(names) < 2 or all(name.lower() in (*SPLIT_FOLDERS, *TEST_FOLDERS) for name in names):
        return []
    more = ", ..." if len(names) > EXAMPLES else ""
    return [Evidence(f"{root} holds folders of images: {', '.join(map(printable, names[:EXAMPLES]))}{more}")]


def read(settings: "DataTransformerConfig") -> Listing:
    """Raises SettingError without `raw_images`. Iterating its entries raises WorkError without class folders."""
    root = settings.raw_images
    if root is None:
        raise SettingError(
            bad_setting("raw_images", None, "source folders needs the folder that holds the class folders")
        )
    return Listing(_entries(root))


def _entries(root: Path) -> Iterator[RawImage | Rejected]:
    prefix, is_empty = os.path.join(root, ""), True
    for name, is_link in names_below(root):
        path = prefix + name
        class_folder, inside, _ = name.partition("/")
        if is_link and (reason := why_outside(path, root)):
            yield Rejected(path, reason)
        elif not inside:
            yield Rejected(path, "is not in a class folder")
        else:
            yield RawImage(name, path, printable(class_folder))
            is_empty = False
    if is_empty:
        raise WorkError(f"{root} holds no class folders with files. For images with a label file use --source labels.")
