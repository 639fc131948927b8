"""The pictures that are to be predicted, in the order of their names."""

import glob
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from datatransformer.layout import DataFolder
from datatransformer.raw_files import files_below
from settings import SettingError, bad_setting


class ImageFile(NamedTuple):
    """A file and the name it gets in the output: its path within the folder that was asked for."""

    path: Path
    name: str


def find_images(test_images: str, leave_out: re.Pattern | None = None) -> Iterator[ImageFile]:
    """Those of a folder and all folders in it, of a pattern, or the one of a file; a folder is streamed.

    Files whose resolved path `leave_out` matches, those that the predictor itself writes, are none of them unless their
    folder is what was asked for. Raises SettingError, at the first, if nothing is there.
    """
    path = Path(test_images).expanduser()
    root = path.resolve() if path.is_dir() else None  # once: to resolve each of a million files takes half a minute

    def is_left_out(picture: ImageFile) -> bool:
        place = root / picture.name if root else picture.path.resolve()
        return bool(leave_out.fullmatch(place.as_posix()))

    if root:
        found = (ImageFile(file, file.relative_to(path).as_posix()) for file in files_below(path))
    elif path.is_file():
        found = iter([ImageFile(path, path.name)])
    else:
        names = sorted(glob.glob(str(path), recursive=True))
        found = (ImageFile(Path(name), name) for name in names if Path(name).is_file())
    if leave_out and not (root and leave_out.fullmatch(root.as_posix())):
        found = (picture for picture in found if not is_left_out(picture))
    first = next(found, None)
    if first is None:
        what = "holds no files" if root else "is no folder, no file, and no pattern that a file matches"
        raise SettingError(bad_setting("test_images", test_images, what))
    yield first
    yield from found


def validation_images(data: DataFolder) -> list[ImageFile]:
    """Named after their place in the validation folder, in the order of the manifest."""
    return [ImageFile(Path(path), os.path.relpath(path, data.path / "val")) for path in data.images("val")]


def evenly_spaced(count: int, most: int) -> list[int]:
    """At most so many of 0..count-1, evenly."""
    return sorted({round(place) for place in np.linspace(0, count - 1, min(count, most))})
