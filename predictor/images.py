"""Finds the images to predict. They are ordered by name."""

import glob
import os
import re
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from datatransformer.folders.raw_files import files_below
from datatransformer.layout import DataFolder
from settings import SettingError, bad_setting
from storage.name_cells import told_apart, why_refused


class ImageFile(NamedTuple):
    """An image file and its name in the output: the path relative to the folder that the user gave.

    `refused`: why it is not read, because of its name; usually empty.
    """

    path: Path
    name: str
    refused: str = ""


def find_images(test_images: str, exclude: re.Pattern[str] | None = None) -> Iterator[ImageFile]:
    """The files of a folder with its subfolders, the matches of a pattern, or a single file. Folders are streamed.

    Arguments:
        exclude: matches the resolved paths of the predictor's own output files. They are skipped, unless
            `test_images` itself is a folder of them.

    Raises SettingError, when the first image is requested, if nothing is found.
    """
    path = Path(test_images).expanduser()
    folder = path.resolve() if path.is_dir() else None  # once: resolving each of a million files takes half a minute
    images = _list_files(path)
    if exclude and not (folder and exclude.fullmatch(folder.as_posix())):
        images = _without(exclude, images, folder)
    first = next(images, None)
    if first is None:
        problem = "contains no files" if folder else "is not a folder, not a file, and matches no files as a pattern"
        raise SettingError(bad_setting("test_images", test_images, problem))
    yield from map(_checked, chain([first], images))


def _checked(image: ImageFile) -> ImageFile:
    reason = why_refused(image.name)
    return ImageFile(image.path, told_apart(image.name), reason) if reason else image


def _list_files(path: Path) -> Iterator[ImageFile]:
    if path.is_dir():
        return (ImageFile(file, file.relative_to(path).as_posix()) for file in files_below(path))
    if path.is_file():
        return iter([ImageFile(path, path.name)])
    matches = sorted(glob.glob(str(path), recursive=True))
    return (ImageFile(Path(match), match) for match in matches if Path(match).is_file())


def _without(exclude: re.Pattern[str], images: Iterator[ImageFile], folder: Path | None) -> Iterator[ImageFile]:
    """The images whose resolved paths do not match. `folder` is the resolved folder that contains all of them."""
    for image in images:
        resolved = folder / image.name if folder else image.path.resolve()
        if not exclude.fullmatch(resolved.as_posix()):
            yield image


def evaluated_images(data: DataFolder) -> list[ImageFile]:
    """The validation or test images, named by their paths in the folder of the split, in the order of the manifest."""
    folder = data.path / data.evaluated
    return [ImageFile(Path(path), os.path.relpath(path, folder)) for path in data.images(data.evaluated)]


def evaluated_sources(data: DataFolder) -> list[str]:
    """The user's own file of each of these images."""
    return [row.source for row in data.rows if row.split == data.evaluated]


def evenly_spaced(count: int, maximum: int) -> list[int]:
    """At most `maximum` indices of 0..count-1, at equal distances."""
    import numpy as np  # not needed to refuse wrong settings

    return sorted({round(place) for place in np.linspace(0, count - 1, min(count, maximum))})
