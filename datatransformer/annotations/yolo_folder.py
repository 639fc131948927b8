"""A folder of data for YOLO: the names of the classes, and the images of each split."""

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datatransformer.folders.folder_split import split_of_path
from datatransformer.folders.raw_files import first_entries, names_below
from datatransformer.listing import Rejected
from datatransformer.names.matching import FileNames
from datatransformer.naming import IMAGE_SUFFIX, without_suffix
from datatransformer.tables.class_tables import read_class_table
from datatransformer.temporary_database import open_temporary_database
from settings import SettingError, WorkError, bad_setting
from storage.tables import printable

if TYPE_CHECKING:
    from config import DataTransformerConfig
    from datatransformer.report import Report

NAME_FILES = ("classes.txt", "obj.names", "_darknet.labels", "predefined_classes.txt")
"""Files with a name per line, which other programs write beside the text files of YOLO."""

OTHER_TEXTS = re.compile(r"(^|/)(classes|predefined_classes|train|val|valid|test|readme[^/]*|requirements)\.txt$", re.I)
"""Text files that are not those of an image."""

SPLIT_KEYS = {"train": "train", "val": "val", "valid": "val", "validation": "val", "test": "test"}
MAX_BYTES = 2**26

TABLES = "CREATE TABLE listed (name TEXT, split TEXT, PRIMARY KEY (name, split)) WITHOUT ROWID;"


@dataclass
class YoloFolder:
    """What a description says.

    Attributes:
        description: for messages.
        names: of the classes, by their index; empty if nothing names them.
        folders: paths in the raw folder that hold the images of a split: with a slash at the end, or empty for all.
        lists: files that list images, each with its split.
        has_keypoints: lines have points behind the box.
    """

    root: Path
    description: str
    names: dict[int, str] = field(default_factory=dict)
    folders: dict[str, set[str]] = field(default_factory=dict)
    lists: list[tuple[Path, str]] = field(default_factory=list)
    has_keypoints: bool = False

    def name_of(self, index: int) -> str | None:
        """The name of a class; its number if nothing names classes; None if others have names."""
        if not self.names and index >= 0:
            return str(index)
        return self.names.get(index)

    def images(self) -> Iterator[tuple[str, str]]:
        """Yields the path of each image in the raw folder and its split: train, val, test, or empty."""
        names = (name for name, _ in names_below(self.root) if IMAGE_SUFFIX.search(name))
        if not self.lists:
            yield from ((name, self._split_of(name)) for name in names)
            return
        with open_temporary_database(TABLES) as table:
            files = FileNames(table, names)
            for path, split in self.lists:
                for line in path.read_text(encoding="utf-8-sig", errors="replace").splitlines():
                    if line.strip() and len(found := files.find(line.strip())) == 1:
                        insert = "INSERT OR IGNORE INTO listed SELECT CAST(? AS TEXT), ?"
                        table(insert, *table.text(found[0]), split)
            rows = table("SELECT name, group_concat(split) FROM listed GROUP BY name ORDER BY name")
            yield from ((name, split if "," not in split else "") for name, split in rows)

    def _split_of(self, name: str) -> str:
        """The one split whose folders hold an image; without folders, as the folders in its path are called."""
        if self.folders:
            splits = {split for split, folders in self.folders.items() if name.startswith(tuple(folders))}
            return splits.pop() if len(splits) == 1 else ""
        return split_of_path(name)

    def unused(self, label_file: Callable[[Path, str], str]) -> Iterator[Rejected]:
        """Yields the text files of numbers that no image has. `label_file`: finds the one of an image."""
        folder, stems = None, set[str]()
        for name, _ in names_below(self.root):
            if not name.lower().endswith(".txt") or OTHER_TEXTS.search(name):
                continue
            parts = name.split("/")
            if parts[:-1] != folder:
                folder = parts[:-1]
                stems = self._stems_for(folder)
            if parts[-1][:-4] not in stems and (self.root / name) not in {path for path, _ in self.lists}:
                yield Rejected(f"{self.root}/{name}", "has no image of its name")

    def _stems_for(self, folder: list[str]) -> set[str]:
        """The names without suffix of the images whose text files may be in a folder."""
        folders = [folder, folder[:-1]] if folder and folder[-1].lower() == "labels" else [folder]
        if places := [place for place, part in enumerate(folder) if part.lower() == "labels"]:
            at = places[-1]
            parent = self.root.joinpath(*folder[:at])
            images = [entry.name for entry in first_entries(parent, None) if entry.name.lower() == "images"]
            folders += [[*folder[:at], name, *folder[at + 1 :]] for name in images]
        paths = [self.root.joinpath(*parts) for parts in folders]
        names = (name for path in paths if path.is_dir() for name in os.listdir(path))
        return {without_suffix(name) for name in names if IMAGE_SUFFIX.search(name)}


def read_folder(root: Path, files: list[Path], settings: "DataTransformerConfig", report: "Report") -> YoloFolder:
    """Reads the description, if there is one among `files`. Raises SettingError if it is wrong or there are several."""
    if len(files) > 1:
        names = ", ".join(map(str, files))
        raise SettingError(bad_setting("raw_labels", None, f"there are several descriptions: {names}; name one"))
    folder = YoloFolder(root, files[0].name if files else f"the text files in {root}")
    if files and files[0].suffix.lower() == ".data":
        _read_darknet(files[0], folder)
    elif files:
        _read_yaml(files[0], folder, report)
    if not folder.names:
        _find_names(folder, settings, report)
    return folder


def _read_yaml(path: Path, folder: YoloFolder, report: "Report") -> None:
    import yaml

    try:
        if path.stat().st_size > MAX_BYTES:
            raise ValueError(f"it has more than {MAX_BYTES >> 20} MB")
        # all values stay texts: otherwise the classes yes and no would become true and false, and 01 would become 1
        content = yaml.load(path.read_text(encoding="utf-8-sig"), Loader=yaml.BaseLoader)
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
        raise _wrong(path, f"is no valid YAML: {' '.join(str(error).split())}") from error
    if not isinstance(content, dict):
        raise _wrong(path, "has no names and paths")
    names = content.get("names")
    if isinstance(names, list):
        names = dict(enumerate(names))
    if names:
        if not isinstance(names, dict) or not all(str(key).isdecimal() for key in names):
            raise _wrong(path, "has names that are neither a list nor numbers with names")
        folder.names = {int(key): printable(str(name)).strip() for key, name in names.items()}
    folder.has_keypoints = "kpt_shape" in content
    count = str(content.get("nc", ""))
    if folder.names and count.isdecimal() and int(count) != len(folder.names):
        report.warn(
            f"{path.name} says nc: {count}, and names {len(folder.names)} classes. Correct the one or the other."
        )
    for key, split in SPLIT_KEYS.items():
        for value in _listed(content.get(key)):
            _take_path(value, split, path, str(content.get("path") or ""), folder, report)
    if folder.folders.get("train", set()) & folder.folders.get("val", set()):
        report.note(f"{path.name} names the same folder for training and validation, so it does not decide the split.")
    if folder.folders and folder.lists:
        report.note(f"{path.name} names folders and lists of images; the lists count.")
    if folder.folders and not folder.lists and len(folder.folders) < len({"train", "val"} & content.keys()):
        folder.folders = {}
        report.note(f"The names of the folders decide the split, since {path.name} names some that are not there.")


def _listed(value: Any) -> list[str]:
    values = value if isinstance(value, list) else [value]
    return [text.strip() for text in values if isinstance(text, str) and text.strip() not in ("", "~", "null", "None")]


def _take_path(value: str, split: str, file: Path, base: str, folder: YoloFolder, report: "Report") -> None:
    """Notes a folder or a list of images, looked for from the file, its `path`, and the raw folder.

    Roboflow writes `../train/images` and means the folder beside the file.
    """
    text = value.replace("\\", "/")
    bare = re.sub(r"^(\.\.?/)+", "", text)
    starts = [file.parent / base, file.parent, folder.root]
    candidates = [start / form for form in dict.fromkeys((text, bare)) for start in starts]
    if len(parts := bare.split("/")) > 1:  # an absolute path, or one of another computer
        candidates += [folder.root.joinpath(*parts[at:]) for at in range(1, len(parts))]
    root = folder.root.resolve()
    for path in candidates:
        resolved = path.resolve()
        if resolved.is_dir() and resolved.is_relative_to(root):
            inside = resolved.relative_to(root).as_posix()
            folder.folders.setdefault(split, set()).add("" if inside == "." else f"{inside}/")
            return
        if resolved.is_file() and resolved.suffix.lower() == ".txt":
            folder.lists.append((resolved, split))
            return
    report.note(f"{file.name}: {value} (the images for {split}) is not there.")


def _read_darknet(path: Path, folder: YoloFolder) -> None:
    """obj.data has lines of `key = value`: lists of images, and a file of names."""
    lines = (line.partition("=") for line in path.read_text(encoding="utf-8-sig", errors="replace").splitlines())
    values = {key.strip().lower(): value.strip() for key, _, value in lines if value.strip()}
    for key, value in values.items():
        parts = value.replace("\\", "/").split("/")
        found = next((file for at in range(len(parts)) if (file := path.parent.joinpath(*parts[at:])).is_file()), None)
        if key == "names" and found:
            folder.names = {row.index: row.name for row in read_class_table(found)}
        elif key in SPLIT_KEYS:
            if not found:
                raise _wrong(path, f"names the list {value} for {key}, which is not there")
            folder.lists.append((found.resolve(), SPLIT_KEYS[key]))


def _find_names(folder: YoloFolder, settings: "DataTransformerConfig", report: "Report") -> None:
    """Takes the names of classes from a setting, or from a file that other programs write."""
    if settings.class_names:
        folder.names = {row.index: row.name for row in read_class_table(settings.class_names)}
        return
    folders = ["", "labels", "labels/train", "train", "train/labels", "images", "images/train", "obj_train_data"]
    if folder.root.name.lower() == "images":
        folders += ["../labels", "../labels/train", ".."]
    places = [folder.root / name for name in folders]
    found = next((place / name for place in places for name in NAME_FILES if (place / name).is_file()), None)
    if found:
        folder.names = {row.index: row.name for row in read_class_table(found, report)}
        report.note(f"{found} names the classes.")
    else:
        report.warn(
            f"Nothing in {folder.root} names the classes (a data.yaml, obj.names or classes.txt), so they are called "
            "by their numbers. Name them by --class-names FILE with a name per line."
        )


def _wrong(path: Path, problem: str) -> SettingError | WorkError:
    return SettingError(bad_setting("raw_labels", path, problem))
