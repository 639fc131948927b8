"""The data folder on disk: the one place that knows its names.

DATA/train/CLASS/picture.jpg   DATA/val/CLASS/picture.jpg                     classification
DATA/{train,val}/images/picture.jpg   DATA/{train,val}/masks/picture.png      segmentation
DATA/classes.csv    index,name[,red,green,blue]: the one order of the classes
DATA/manifest.csv   one row an image: where it is, its split, its class or mask, its source
DATA/rejected.csv   one row a source that was left out, and why
DATA/settings.json  what it was made with
DATA/pixels.json    how many pixels the training masks have of each class, once training has counted them
"""

import os
import shutil
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from sys import intern
from typing import NamedTuple

from settings import SettingError, bad_setting
from storage.tables import (
    csv_safe,
    drop_torn_line,
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
Colour = tuple[int, int, int]
REJECTED_HEADER = ("source", "reason")
MANIFEST_HEADERS = {
    "classification": ("image", "split", "class", "source"),
    "segmentation": ("image", "split", "mask", "source"),
}


class Row(NamedTuple):
    """One image of the manifest; `image` and `mask` are paths in the data folder, `class_name` or `mask` is empty."""

    image: str
    split: str
    class_name: str
    mask: str
    source: str

    def cells(self) -> tuple[str, ...]:
        return (self.image, self.split, self.mask or self.class_name, csv_safe(self.source))


@dataclass(frozen=True)
class DataFolder:
    """What training needs to know of a data folder."""

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
    """Raises SettingError if there is no whole data folder for this task, or if images of its manifest are gone.

    Without a task that of the folder is right.
    """
    make = "python -m datatransformer makes one"
    if not path.is_dir():
        unfinished = " It is unfinished: run that again and it goes on." if partial(path).is_dir() else ""
        raise SettingError(bad_setting("data", path, f"there is no such folder; {make}.{unfinished}"))
    if not (path / MANIFEST).is_file() or not (path / CLASSES).is_file():
        raise SettingError(
            bad_setting("data", path, f"holds no {MANIFEST} and {CLASSES}, so it is no data folder; {make}")
        )
    rows = read_manifest(path)
    found = "segmentation" if rows and rows[0].mask else "classification"
    if task and found != task:
        raise SettingError(bad_setting("data", path, f"is for {found}; this command needs one for {task}"))
    classes = read_classes(path)
    unknown = {row.class_name for row in rows if row.class_name} - set(classes)
    empty = [split for split in SPLITS if not any(row.split == split for row in rows)]
    if unknown or empty:
        what = f"{CLASSES} lacks {', '.join(sorted(unknown))}" if unknown else f"no images for {' and '.join(empty)}"
        raise SettingError(bad_setting("data", path, f"is not as it was made: {what}; {make} anew by --overwrite"))
    gone = _missing(path, rows)
    if gone:
        raise SettingError(
            bad_setting(
                "data",
                path,
                f"{len(gone)} images of its manifest are gone, the first is {gone[0]}; {make} anew by --overwrite",
            )
        )
    return DataFolder(path, found, classes, tuple(rows))


def _missing(path: Path, rows: list[Row]) -> list[str]:
    """One look into each folder, not one at each file."""
    by_folder = defaultdict(list)
    for row in rows:
        by_folder[(path / row.image).parent].append(row.image)
    gone = []
    for folder, images in by_folder.items():
        there = {file.name for file in folder.iterdir()} if folder.is_dir() else set()
        gone += [image for image in images if Path(image).name not in there]
    return gone


def read_manifest(path: Path) -> list[Row]:
    return list(rows_of_manifest(path))


def rows_of_manifest(path: Path) -> Iterator[Row]:
    """Names of splits and classes are shared by the rows: there may be millions."""
    for row in rows_of_table(path / MANIFEST, ("image", "split", "source")):
        yield Row(row["image"], intern(row["split"]), intern(row.get("class", "")), row.get("mask", ""), row["source"])


def rows_of_unfinished(path: Path) -> Iterator[Row]:
    """As `rows_of_manifest` where a run was stopped: there may be no manifest yet, or a torn line at its end."""
    drop_torn_line(path / MANIFEST)
    return rows_of_manifest(path) if (path / MANIFEST).exists() else iter(())


def write_manifest(path: Path, task: str, rows: Iterable[Row]) -> None:
    write_table(path / MANIFEST, MANIFEST_HEADERS[task], (row.cells() for row in rows))


def read_classes(folder: Path) -> tuple[str, ...]:
    return tuple(row["name"] for row in read_table(folder / CLASSES, CLASSES_HEADER))


def read_colours(folder: Path) -> tuple[Colour | None, ...]:
    """RGB of 0..255 of each class, None where no colour is known."""
    rows = read_table(folder / CLASSES, CLASSES_HEADER)
    return tuple(tuple(int(row[key]) for key in COLOURS) if row.get(COLOURS[0]) else None for row in rows)


def write_classes(folder: Path, names: Iterable[str], colours: Sequence[Colour | None] | None = None) -> None:
    if colours is None or not any(colours):
        write_table(folder / CLASSES, CLASSES_HEADER, enumerate(names))
        return
    rows = ((index, name, *(colours[index] or ("", "", ""))) for index, name in enumerate(names))
    write_table(folder / CLASSES, (*CLASSES_HEADER, *COLOURS), rows)


def read_settings_used(path: Path) -> dict | None:
    """What the folder was made with; None if that is not written there."""
    return read_json(path / SETTINGS)


def write_settings_used(path: Path, used: dict) -> None:
    write_json(path / SETTINGS, used)


def write_view(data: DataFolder, rows: Iterable[Row], path: Path) -> None:
    """A data folder with some images of another; they stay where they are, symbolic links lead to them."""
    path.mkdir(parents=True, exist_ok=True)
    for split in SPLITS:
        (path / split).unlink(missing_ok=True)
        (path / split).symlink_to((data.path / split).resolve(), target_is_directory=True)
    write_classes(path, data.classes, data.colours)
    write_manifest(path, data.task, rows)


def partial(path: Path) -> Path:
    """The folder in which DATA is built."""
    return path.with_name(path.name + ".partial")


def image_path(task: str, split: str, folder: str, stem: str, suffix: str) -> str:
    """Where an image lies in the data folder; `folder` is that of its class."""
    return f"{split}/{folder}/{stem}{suffix}" if task == "classification" else f"{split}/images/{stem}{suffix}"


def folders(task: str, of_classes: Iterable[str]) -> list[str]:
    """Those in which `image_path` and `mask_path` lie; `of_classes` are the folders of the classes."""
    names = list(of_classes) if task == "classification" else ["images", "masks"]
    return [f"{split}/{name}" for split in SPLITS for name in names]


def mask_path(image: str) -> str:
    """The mask that belongs to an image of a data folder for segmentation."""
    split, _, name = image.split("/", 2)
    return f"{split}/masks/{Path(name).stem}.png"


def in_split(image: str, split: str) -> str:
    """The path that an image (or mask) has in another split."""
    return f"{split}/{image.split('/', 1)[1]}"


def remove_made_here(folder: Path) -> None:
    """Removes a folder that was made here, if there is one; raises SettingError if it was not."""
    if read_settings_used(folder) is not None:
        shutil.rmtree(folder)
    elif folder.exists():
        raise SettingError(
            bad_setting("data", folder, "is in the way and was not made here; move it, or name another folder")
        )


def remove_empty_folders(root: Path) -> None:
    """Those that classes without any good image have left."""
    for folder, _, _ in os.walk(root, topdown=False):
        if not os.listdir(folder):
            os.rmdir(folder)
