"""Class folders: the pictures below RAW/beach are beaches."""

from datatransformer.sources import Listing, Picture, Rejected, files_below, why_outside
from datatransformer.split import natural_order
from datatransformer.tables import printable
from settings import SettingError, WorkError, fault

TASKS = ("classification",)
SETTINGS = ("raw_images", "link")


def read(settings) -> Listing:
    """Raises SettingError without `raw_images`, WorkError if there are no class folders."""
    root = settings.raw_images
    if root is None:
        raise SettingError(fault("raw_images", None, "source folders needs the folder that holds the class folders"))
    pictures, rejected = [], []
    for path in files_below(root):
        name = path.relative_to(root)
        if reason := why_outside(path, root):
            rejected.append(Rejected(str(path), reason))
        elif len(name.parts) == 1:
            rejected.append(Rejected(str(path), "lies in no class folder"))
        else:
            pictures.append(Picture(name.as_posix(), printable(name.parts[0]), path))
    if not pictures:
        raise WorkError(f"{root} holds no class folders with files. For pictures and a label file use --source labels.")
    return Listing(pictures, sorted({picture.class_name for picture in pictures}, key=natural_order), rejected)
