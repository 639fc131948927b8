"""Class folders: the pictures below RAW/beach are beaches."""

import os
from collections.abc import Iterator
from pathlib import Path

from datatransformer.listing import Listing, Picture, Rejected
from datatransformer.raw_files import names_below, why_outside
from settings import SettingError, WorkError, bad_setting
from storage.tables import printable

TASKS = ("classification",)
SETTINGS = ("raw_images", "link", "verify")


def read(settings) -> Listing:
    """Raises SettingError without `raw_images`; taking its entries, WorkError if there are no class folders."""
    root = settings.raw_images
    if root is None:
        raise SettingError(
            bad_setting("raw_images", None, "source folders needs the folder that holds the class folders")
        )
    return Listing(_entries(root))


def _entries(root: Path) -> Iterator[Picture | Rejected]:
    raw, is_empty = os.path.join(root, ""), True
    for name, is_link in names_below(root):
        path = raw + name
        class_folder, inside, _ = name.partition("/")
        if is_link and (reason := why_outside(path, root)):
            yield Rejected(path, reason)
        elif not inside:
            yield Rejected(path, "lies in no class folder")
        else:
            yield Picture(name, path, printable(class_folder))
            is_empty = False
    if is_empty:
        raise WorkError(f"{root} holds no class folders with files. For pictures and a label file use --source labels.")
