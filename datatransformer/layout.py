"""The layout of the data folder on disk. Only this module knows the names in it.

DATA/train/CLASS/image.jpg   DATA/val/CLASS/image.jpg                     classification
DATA/{train,val}/images/image.jpg   DATA/{train,val}/masks/image.png      segmentation
DATA/classes.csv    index,name[,red,green,blue]: the order of the classes
DATA/manifest.csv   one row per image: its path, split, class or mask, and source
DATA/rejected.csv   one row per source that was left out, with the reason
DATA/settings.json  the settings that it was made with
DATA/pixels.json    the number of pixels of each class in the training masks, once a training has counted them
"""

import os
import shutil
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from sys import intern
from typing import NamedTuple

from datatransformer.listing import Colour
from settings import SettingError, bad_setting
from storage.tables import (
    csv_safe,
    drop_incomplete_line,
    read_json,
    read_table,
    rows_of_table,
    write_json,
    write_table,
)

SPLITS = ("train", "val")
CLASSES, MANIFEST, REJECTED, SETTINGS = "classes.csv", "manifest.csv", "rejected.csv", "settings.json"
PIXELS = "pixels.json"
CLASSES_HEADER = ("index", "name")
COLOURS = ("red", "green", "blue")
REJECTED_HEADER = ("source", "reason")
MANIFEST_HEADERS = {
    "classification": ("image", "split", "class", "source"),
    "segmentation": ("image", "split", "mask", "source"),
}


class Row(NamedTuple):
    """One image of the manifest. `image` and `mask` are paths in the data folder; `class_name` or `mask` is empty."""

    image: str
    split: str
    class_name: str
    mask: str
    source: str

    def cells(self) -> tuple[str, ...]:
        return (self.image, self.split, self.mask or self.class_name, csv_safe(self.source))


@dataclass(frozen=True)
class DataFolder:
    """The content of a data folder, as training needs it."""

    path: Path
    task: str
    classes: tuple[str, ...]
    rows: tuple[Row, ...]

    def images(self, split: str) -> list[str]:
        return [str(self.path / row.image) for row in self.rows if row.split == split]

    def masks(self, split: str) -> list[str]:
        """The mask of each image, in the order of `images`."""
        return [str(self.path / row.mask) for row in self.rows if row.split == split]

    @property
    def colours(self) -> tuple[Colour | None, ...]:
        return read_colours(self.path)

    def labels(self, split: str) -> list[int]:
        """The class index of each image, in the order of `images`."""
        index = {name: number for number, name in enumerate(self.classes)}
        return [index[row.class_name] for row in self.rows if row.split == split]


def read_data_folder(path: Path, task: str | None) -> DataFolder:
    """Reads a data folder. Raises SettingError if it is incomplete or for another task, or if images are missing.

    `task`: classification or segmentation; None accepts both.
    """
    make = "python -m datatransformer makes one"
    if not path.is_dir():
        unfinished = " It is unfinished: run that command again to resume." if partial(path).is_dir() else ""
        raise SettingError(bad_setting("data", path, f"there is no such folder; {make}.{unfinished}"))
    if not (path / MANIFEST).is_file() or not (path / CLASSES).is_file():
        allowed = f"holds no {MANIFEST} and {CLASSES}, so it is no data folder; {make}"
        raise SettingError(bad_setting("data", path, allowed))
    rows = read_manifest(path)
    folder_task = "segmentation" if rows and rows[0].mask else "classification"
    if task and folder_task != task:
        raise SettingError(bad_setting("data", path, f"is for {folder_task}; this command needs one for {task}"))
    classes = read_classes(path)
    if fault := _fault(path, rows, classes):
        raise SettingError(
            bad_setting("data", path, f"{fault}; make it again with python -m datatransformer --overwrite")
        )
    return DataFolder(path, folder_task, classes, tuple(rows))


def _fault(path: Path, rows: list[Row], classes: Sequence[str]) -> str | None:
    """The reason why a data folder cannot be used, or None."""
    if unknown := {row.class_name for row in rows if row.class_name} - set(classes):
        return f"has been changed: {CLASSES} lacks {', '.join(sorted(unknown))}"
    if empty := [split for split in SPLITS if not any(row.split == split for row in rows)]:
        return f"has been changed: it has no images for {' and '.join(empty)}"
    if missing := _missing(path, rows):
        return f"lacks {len(missing)} images of its manifest, first {missing[0]}"
    return None


def _missing(path: Path, rows: list[Row]) -> list[str]:
    """Images that do not exist. Lists each folder once instead of looking at each file."""
    by_folder: defaultdict[Path, list[str]] = defaultdict(list)
    for row in rows:
        by_folder[(path / row.image).parent].append(row.image)
    missing: list[str] = []
    for folder, images in by_folder.items():
        names = {file.name for file in folder.iterdir()} if folder.is_dir() else set()
        missing += [image for image in images if Path(image).name not in names]
    return missing


def read_manifest(path: Path) -> list[Row]:
    return list(rows_of_manifest(path))


def rows_of_manifest(path: Path) -> Iterator[Row]:
    """Yields the rows. They share the strings of splits and classes, since there may be millions of rows."""
    for row in rows_of_table(path / MANIFEST, ("image", "split", "source")):
        yield Row(row["image"], intern(row["split"]), intern(row.get("class", "")), row.get("mask", ""), row["source"])


def rows_of_unfinished(path: Path) -> Iterator[Row]:
    """As `rows_of_manifest`, for a folder whose run was stopped: the manifest may be missing or end in half a line."""
    drop_incomplete_line(path / MANIFEST)
    return rows_of_manifest(path) if (path / MANIFEST).exists() else iter(())


def write_manifest(path: Path, task: str, rows: Iterable[Row]) -> None:
    write_table(path / MANIFEST, MANIFEST_HEADERS[task], (row.cells() for row in rows))


def read_classes(folder: Path) -> tuple[str, ...]:
    return tuple(row["name"] for row in read_table(folder / CLASSES, CLASSES_HEADER))


def read_colours(folder: Path) -> tuple[Colour | None, ...]:
    """The colour of each class, None for a class without a known colour."""
    rows = read_table(folder / CLASSES, CLASSES_HEADER)
    return tuple((int(row["red"]), int(row["green"]), int(row["blue"])) if row.get("red") else None for row in rows)


def write_classes(folder: Path, names: Iterable[str], colours: Sequence[Colour | None] | None = None) -> None:
    if colours is None or not any(colours):
        write_table(folder / CLASSES, CLASSES_HEADER, enumerate(names))
        return
    rows = ((index, name, *(colours[index] or ("", "", ""))) for index, name in enumerate(names))
    write_table(folder / CLASSES, (*CLASSES_HEADER, *COLOURS), rows)


def read_settings_used(path: Path) -> dict | None:
    """The settings that the folder was made with; None if it has no such file."""
    return read_json(path / SETTINGS)


def write_settings_used(path: Path, used: dict) -> None:
    write_json(path / SETTINGS, used)


def write_view(data: DataFolder, rows: Iterable[Row], path: Path) -> None:
    """Writes a data folder with some images of another one. It holds symbolic links to them."""
    path.mkdir(parents=True, exist_ok=True)
    for split in SPLITS:
        (path / split).unlink(missing_ok=True)
        (path / split).symlink_to((data.path / split).resolve(), target_is_directory=True)
    write_classes(path, data.classes, data.colours)
    write_manifest(path, data.task, rows)


def partial(path: Path) -> Path:
    """The folder in which a data folder is built."""
    return path.with_name(path.name + ".partial")


def image_path(task: str, split: str, folder: str, stem: str, suffix: str) -> str:
    """The path of an image in the data folder; `folder` is the folder of its class."""
    return f"{split}/{folder}/{stem}{suffix}" if task == "classification" else f"{split}/images/{stem}{suffix}"


def folders(task: str, class_folders: Iterable[str]) -> list[str]:
    """All folders of images and masks; `class_folders` are the folders of the classes."""
    names = list(class_folders) if task == "classification" else ["images", "masks"]
    return [f"{split}/{name}" for split in SPLITS for name in names]


def mask_path(image: str) -> str:
    """The path of the mask of an image in a data folder for segmentation."""
    split, _, name = image.split("/", 2)
    return f"{split}/masks/{Path(name).stem}.png"


def in_split(image: str, split: str) -> str:
    """The path of an image or mask after its move to another split."""
    return f"{split}/{image.split('/', 1)[1]}"


def remove_made_here(folder: Path) -> None:
    """Removes a folder if it exists. Raises SettingError if python -m datatransformer did not make it."""
    if read_settings_used(folder) is not None:
        shutil.rmtree(folder)
    elif folder.exists():
        raise SettingError(
            bad_setting("data", folder, "was not made by python -m datatransformer; move it, or name another folder")
        )


def remove_empty_folders(root: Path) -> None:
    """Removes the folders of classes without any usable image."""
    for folder, _, _ in os.walk(root, topdown=False):
        if not os.listdir(folder):
            os.rmdir(folder)
