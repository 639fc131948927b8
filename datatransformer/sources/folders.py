"""Class folders: the pictures below RAW/beach are beaches."""

import os
from sys import intern

from datatransformer.sources import Listing, Picture, Rejected, names_below, why_outside
from datatransformer.split import natural_order
from datatransformer.tables import printable
from settings import SettingError, WorkError, fault

TASKS = ("classification",)
SETTINGS = ("raw_images", "link", "verify")


def read(settings) -> Listing:
    """Raises SettingError without `raw_images`, WorkError if there are no class folders."""
    root = settings.raw_images
    if root is None:
        raise SettingError(fault("raw_images", None, "source folders needs the folder that holds the class folders"))
    pictures, rejected, raw = [], [], os.path.join(root, "")
    for name in names_below(root):
        path = raw + name
        class_folder, inside, _ = name.partition("/")
        if reason := why_outside(path, root):
            rejected.append(Rejected(path, reason))
        elif not inside:
            rejected.append(Rejected(path, "lies in no class folder"))
        else:
            pictures.append(Picture(name, intern(printable(class_folder)), raw))
    if not pictures:
        raise WorkError(f"{root} holds no class folders with files. For pictures and a label file use --source labels.")
    return Listing(pictures, sorted({picture.class_name for picture in pictures}, key=natural_order), rejected)
