"""The search for label tables in a raw folder: a quick look at the first rows of each table."""

import re
from collections.abc import Callable
from functools import lru_cache
from itertools import islice, zip_longest
from pathlib import Path

from datatransformer.folders.raw_files import first_entries
from datatransformer.naming import SPLIT_FOLDERS, TEST_FOLDERS, split_folders
from datatransformer.tables.columns import GivenColumns, columns_of
from datatransformer.tables.label_table import NAMED_IMAGE
from settings import SettingError, WorkError
from storage.user_tables import UserTable, open_user_table

SUFFIXES = (".csv", ".tsv", ".txt", ".json", ".jsonl", ".ndjson", ".tab", ".psv")
"""Suffixes by which a label table in a raw folder is found. A file that --raw-labels names may have any suffix."""

FIRST_ENTRIES = 10_000
"""Entries of a folder among which label tables are looked for."""

FIRST_TABLES = 20
FIRST_LINES = 20
FIRST_FOLDERS = 30
"""Folders in the raw folder in which an image is looked for."""

MAX_JSON = 2**24
"""Bytes of a JSON file that is opened for a quick look."""

SUBMISSION = re.compile(r"submission|sample_?sub", re.IGNORECASE)
"""The name of a file that shows the form of an answer in a competition: its labels are made up."""

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".gif", ".tif", ".tiff", ".webp")
"""Suffixes that are tried for names without a suffix."""


def label_files(folder: Path, images: Path) -> list[Path]:
    """Tables in `folder` that can be label tables of the images in the folder `images`, found by a quick look."""
    names = [entry.name for entry in first_entries(folder, FIRST_ENTRIES) if entry.is_file()]
    tables = [folder / name for name in names if name.lower().endswith(SUFFIXES) and not SUBMISSION.search(name)]
    is_there = finder(images)
    return [table for table in tables[:FIRST_TABLES] if _names_images(table, is_there)]


def tables_of_splits(root: Path) -> dict[Path, str]:
    """Label tables of which each is for a split, and the split of each; empty if there are fewer than two.

    They lie in folders that are named like splits, such as train/_classes.csv, or beside each other under names that
    differ in such a word, such as train_labels.csv and val_labels.csv.
    """
    found: dict[Path, str] = {}
    folders = _folders_in(root)
    splits = split_folders(folder.name for folder in folders)
    for folder in folders:
        if split := splits.get(folder.name):
            tables = label_files(folder, folder)
            if len(tables) > 1:
                return {}
            found |= dict.fromkeys(tables, split)
    if len(found) > 1:
        return found
    beside = (root, *(folder for folder in folders if folder.name not in splits))
    return next(filter(None, (sibling_tables(folder, root) for folder in beside)), {})


def training_tables(root: Path) -> list[Path]:
    """Label tables in a folder that is named for training and has no folders in it, with the images beside them."""
    return [
        table
        for folder in _folders_in(root)
        if split_folders([folder.name]).get(folder.name) == "train" and not _folders_in(folder)
        for table in label_files(folder, folder)
    ]


def is_of_split_folder(table: Path, root: Path) -> bool:
    """Whether a label table lies in a folder that is named like a split, with the images that it is for."""
    return table.parent.name in split_folders(folder.name for folder in _folders_in(root)) and table.parent != root


def sibling_tables(folder: Path, root: Path) -> dict[Path, str]:
    """Tables of one folder whose names differ in the word of a split, one per split, with the same column of labels."""
    names = {path.stem: path for path in label_files(folder, root)}
    splits = split_folders(names)
    train = [names[stem] for stem, split in splits.items() if split == "train"]
    is_there = finder(root)
    known = _label_name(train[0], is_there) if len(train) == 1 else None
    found = {names[stem]: split for stem, split in splits.items() if known == _label_name(names[stem], is_there)}
    return found if known and len(found) > 1 and len(set(found.values())) == len(found) else {}


def _label_name(path: Path, is_there: Callable[[str], bool]) -> object:
    """What the labels of a table stand in, to compare tables; None if its first rows have no labels."""
    table = open_user_table(path)
    try:
        columns = None if are_names_with_blanks(table, is_there) else columns_of(table, GivenColumns(), is_there)
    except SettingError:
        return table.header
    if columns is None:
        return "lines"
    if columns.label is None:
        return columns.one_hot
    label = columns.label
    cells = [cells[label] for _, cells in islice(table.rows(), FIRST_LINES) if label < len(cells)]
    return columns.name(label) if any(cells) else None


def are_names_with_blanks(table: UserTable, is_there: Callable[[str], bool]) -> bool:
    """Whether lines of words are a name with blanks, which is there, and a label; they look like several columns."""
    if table.separator != " " or table.header or table.width == 2:
        return False
    texts = [" ".join(cells) for _, cells in islice(table.rows(), FIRST_LINES)]
    names = [match[1] if (match := NAMED_IMAGE.fullmatch(text)) else text.rpartition(" ")[0] for text in texts]
    return sum(" " in name and is_there(name) for name in names) * 2 > len(names)


def finder(images: Path) -> Callable[[str], bool]:
    """A function that tells whether an image has a name, in `images` or a folder in it, perhaps with a suffix.

    It also looks into folders of splits in these folders.
    """
    folders = [images, *_folders_in(images)]
    of_splits = [folder / name for folder in folders[1:] for name in (*SPLIT_FOLDERS, *TEST_FOLDERS)]
    folders += [folder for folder in of_splits if folder.is_dir()]

    @lru_cache(maxsize=1000)
    def is_there(name: str) -> bool:
        path = Path(name.replace("\\", "/"))
        if ".." in path.parts or not path.name:
            return False
        paths = [path.name] if path.is_absolute() or path.drive or name[1:2] == ":" else [str(path), path.name]
        suffixes = ("", *IMAGE_SUFFIXES, *map(str.upper, IMAGE_SUFFIXES))
        try:
            if path.suffix.lower() in IMAGE_SUFFIXES:
                paths += [path.stem]
            return any(
                (folder / f"{path}{suffix}").is_file() for folder in folders for path in paths for suffix in suffixes
            )
        except (OSError, ValueError):  # too long for a name, or with a null character
            return False

    return is_there


def _folders_in(root: Path) -> list[Path]:
    entries = first_entries(root, FIRST_ENTRIES)
    return [root / entry.name for entry in entries if entry.is_dir(follow_symlinks=False)][:FIRST_FOLDERS]


def _names_images(path: Path, is_there: Callable[[str], bool]) -> bool:
    """Whether most of the first rows of a table name images, and it has labels."""
    if path.suffix.lower() == ".json" and path.stat().st_size > MAX_JSON:
        return False
    try:
        table = open_user_table(path)
        try:
            return _is_label_table(table, is_there)
        except SettingError:  # it has several columns of labels, or of images
            rows = [cells for _, cells in islice(table.rows(), FIRST_LINES)]
            columns = zip_longest(*rows, fillvalue="")
            return any(2 * sum(cell != "" and is_there(cell) for cell in column) > len(rows) for column in columns)
    except (WorkError, OSError):
        return False


def _is_label_table(table: UserTable, is_there: Callable[[str], bool]) -> bool:
    if are_names_with_blanks(table, is_there):
        return True
    if table.path.suffix.lower() == ".txt" and table.width > 2 and not table.header:
        return False  # the boxes of YOLO, for one
    columns = columns_of(table, GivenColumns(), is_there)
    rows = [cells for _, cells in islice(table.rows(), FIRST_LINES)]
    if columns is None:
        rows = [" ".join(cells).rsplit(None, 1) for cells in rows]
    image, label, width = (columns.image, columns.label, columns.width) if columns else (0, 1, 2)
    rows = [row for row in rows if len(row) == width]
    if label is not None and sum(is_there(row[label]) and not row[label].isdecimal() for row in rows) * 2 > len(rows):
        return False  # pairs of image and mask
    return bool(rows) and sum(is_there(row[image]) for row in rows) * 2 > len(rows)
