"""The layout of the data folder on disk. Only this module and `manifest` know the names in it.

DATA/{train,val,test}/CLASS/image.jpg                                     classification; test only if there is one
DATA/{train,val,test}/images/image.jpg                                    several labels per image (task multilabel)
DATA/{train,val,test}/images/image.jpg   .../masks/image.png               segmentation
DATA/classes.csv    index,name[,red,green,blue]: the order of the classes
DATA/manifest.csv   one row per image: its path, split, class or labels or mask, source, and digest
DATA/rejected.csv   one row per source that was left out, with the reason
DATA/remarks.csv    one row per picture that was changed beyond its encoding, and how
DATA/pixel_range.json  the range by which pictures of more than 8 bits were scaled, if there are any
DATA/settings.json  the settings that it was made with
DATA/pixels.json    the number of pixels of each class in the training masks, once a training has counted them
"""

import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from datatransformer.data_records import read_class_rows, read_data_settings, read_range
from datatransformer.listing import Colour
from datatransformer.manifest import MANIFEST, SPLITS, Row, fault_of_rows, read_manifest, task_of, write_manifest
from settings import SettingError, bad_setting
from storage.tables import class_cell, original, write_json, write_table

if TYPE_CHECKING:
    from datatransformer.pictures.pixel_range import PixelRange

NEEDED = ("train", "val")
"""Splits that every data folder has. Test images are optional: nothing is ever chosen by them."""

CLASSES, REJECTED, SETTINGS = "classes.csv", "rejected.csv", "settings.json"
PIXELS = "pixels.json"
CLASSES_HEADER = ("index", "name")
COLOURS = ("red", "green", "blue")
REJECTED_HEADER = ("source", "reason")
REMARKS, REMARKS_HEADER = "remarks.csv", ("source", "remark")
PIXEL_RANGE = "pixel_range.json"
MASK_PIXELS, MASK_PIXELS_HEADER = "mask_pixels.csv", ("place", "pixels")
"""The pixels of each class in each mask: only in the unfinished folder."""

OF_ALL_SOURCES = ("source", "split", "val_list", "val_fraction", "seed")
"""Settings that every data folder is made with. So the `settings.json` of another program is not taken for ours."""

LATER_SETTINGS = ("test_list", "test_fraction")
"""Settings of all sources that data folders of earlier versions do not note."""

LINKS_LOOKED_AT = 3
"""Images of a folder of the data folder that are looked at, whether they are links to nothing."""


@dataclass(frozen=True)
class DataFolder:
    """The content of a data folder, as training needs it. `evaluated`: the split that evaluations take, val or test."""

    path: Path
    task: str
    classes: tuple[str, ...]
    rows: tuple[Row, ...]
    evaluated: str = "val"

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

    def label_sets(self, split: str) -> list[list[int]]:
        """The class indices of each image of a data folder with several labels per image, in the order of `images`."""
        index = {name: number for number, name in enumerate(self.classes)}
        return [[index[name] for name in row.labels] for row in self.rows if row.split == split]


def read_data_folder(path: Path, task: str | None) -> DataFolder:
    """Reads a data folder. Raises SettingError if it is incomplete or for another task, or if images are missing.

    `task`: one of MANIFEST_HEADERS; None accepts all.
    """
    make = "python -m datatransformer makes one"
    if not os.path.isdir(path):  # also for a path that is too long
        unfinished = " It is unfinished: run that command again to resume." if os.path.isdir(partial(path)) else ""
        raise SettingError(bad_setting("data", path, f"there is no such folder; {make}.{unfinished}"))
    if not is_data_folder(path):
        allowed = f"holds no {MANIFEST} and {CLASSES}, so it is no data folder; {make}"
        raise SettingError(bad_setting("data", path, allowed))
    rows = read_manifest(path)
    folder_task = task_of(path)
    if task and folder_task != task:
        raise SettingError(bad_setting("data", path, f"is for {folder_task}; this command needs one for {task}"))
    classes = read_classes(path)
    if fault := _fault(path, rows, classes, folder_task):
        raise SettingError(
            bad_setting("data", path, f"{fault}; make it again with python -m datatransformer --overwrite")
        )
    if link := _dead_link(path, rows):
        raise SettingError(
            bad_setting(
                "data",
                path,
                f"holds links to raw images, and {link}. Move it back; or, with its new path, make the data again with "
                "python -m datatransformer --overwrite",
            )
        )
    return DataFolder(path, folder_task, classes, tuple(rows))


def why_dead_link(path: str | Path) -> str:
    """The reason why a file of the data folder cannot be read, if it is a link to nothing; empty for other files."""
    if not os.path.islink(path) or os.path.exists(path):
        return ""
    return f"{path} leads nowhere, to {os.readlink(path)}, because the raw folder has been moved or removed"


def _dead_link(path: Path, rows: list[Row]) -> str:
    """The first dead link among a few images of each folder: a raw folder that was moved concerns all of them."""
    seen: Counter[str] = Counter()
    for row in rows:
        folder = row.image.rpartition("/")[0]
        seen[folder] += 1
        if seen[folder] <= LINKS_LOOKED_AT and (reason := why_dead_link(path / row.image)):
            return reason
    return ""


def _fault(path: Path, rows: list[Row], classes: Sequence[str], task: str) -> str | None:
    """The reason why a data folder cannot be used, or None."""
    if damage := fault_of_rows(rows, task):
        return f"has been changed: {MANIFEST} is damaged, because {damage}"
    used = {row.class_name for row in rows if row.class_name}.union(*{row.labels for row in rows})
    if unknown := used - set(classes):
        return f"has been changed: {CLASSES} lacks {', '.join(sorted(unknown))}"
    if empty := [split for split in NEEDED if not any(row.split == split for row in rows)]:
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


def is_data_folder(path: Path) -> bool:
    return (path / MANIFEST).is_file() and (path / CLASSES).is_file()


def read_classes(folder: Path) -> tuple[str, ...]:
    """The names of the classes, in the order of their indices."""
    return tuple(original(row.name) for row in read_class_rows(folder / CLASSES))


def read_colours(folder: Path) -> tuple[Colour | None, ...]:
    """The colour of each class, None for a class without a known colour."""
    return tuple(row.colour for row in read_class_rows(folder / CLASSES))


def write_classes(folder: Path, names: Iterable[str], colours: Sequence[Colour | None] | None = None) -> None:
    if colours is None or not any(colours):
        write_table(folder / CLASSES, CLASSES_HEADER, ((index, class_cell(name)) for index, name in enumerate(names)))
        return
    rows = ((index, class_cell(name), *(colours[index] or ("", "", ""))) for index, name in enumerate(names))
    write_table(folder / CLASSES, (*CLASSES_HEADER, *COLOURS), rows)


def read_settings_used(path: Path) -> dict | None:
    """The settings that the folder was made with; None if python -m datatransformer did not make or begin it."""
    return read_data_settings(path / SETTINGS, (*OF_ALL_SOURCES, "task"))


def write_settings_used(path: Path, used: dict) -> None:
    write_json(path / SETTINGS, used)


def read_pixel_range(path: Path) -> "PixelRange | None":
    """The range by which pictures of more than 8 bits were scaled; None if there are none."""
    from datatransformer.pictures.pixel_range import PixelRange  # imports numpy

    return PixelRange(*content.range) if (content := read_range(path / PIXEL_RANGE)) else None


def copy_pixel_range(data: Path, folder: Path) -> None:
    """Copies that range of a data folder into another folder, if there is one."""
    if content := read_range(data / PIXEL_RANGE):
        write_json(folder / PIXEL_RANGE, content.content())


def write_view(data: DataFolder, rows: Iterable[Row], path: Path) -> None:
    """Writes a data folder with some images of another one. It holds symbolic links to them."""
    path.mkdir(parents=True, exist_ok=True)
    for split in SPLITS:
        if os.path.lexists(path / split) and not (path / split).is_symlink():
            raise SettingError(bad_setting("data", path / split, "is in the way; move it, or name another folder"))
        (path / split).unlink(missing_ok=True)
        if (data.path / split).is_dir():
            (path / split).symlink_to((data.path / split).resolve(), target_is_directory=True)
    write_classes(path, data.classes, data.colours)
    copy_pixel_range(data.path, path)
    write_manifest(path, data.task, rows)


def partial(path: Path) -> Path:
    """The folder in which a data folder is built."""
    return path.with_name(path.name + ".partial")


def image_path(task: str, split: str, folder: str, stem: str, suffix: str) -> str:
    """The path of an image in the data folder; `folder` is the folder of its class."""
    return f"{split}/{folder}/{stem}{suffix}" if task == "classification" else f"{split}/images/{stem}{suffix}"


def folders(task: str, class_folders: Iterable[str], splits: Iterable[str]) -> list[str]:
    """All folders of images and masks of these splits; `class_folders` are the folders of the classes."""
    names = {"classification": list(class_folders), "multilabel": ["images"]}.get(task, ["images", "masks"])
    return [f"{split}/{name}" for split in splits for name in names]


def mask_path(image: str) -> str:
    """The path of the mask of an image in a data folder for segmentation."""
    split, _, name = image.split("/", 2)
    return f"{split}/masks/{Path(name).stem}.png"


def in_split(image: str, split: str) -> str:
    """The path of an image or mask after its move to another split."""
    return f"{split}/{image.split('/', 1)[1]}"
