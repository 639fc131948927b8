"""The search for label tables in a raw folder: a quick look at the first rows of each table."""

from collections.abc import Callable
from functools import lru_cache
from itertools import islice, zip_longest
from pathlib import Path

from datatransformer.columns import GivenColumns, columns_of
from datatransformer.naming import split_of_folder
from datatransformer.raw_files import first_entries
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

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".gif", ".tif", ".tiff", ".webp")
"""Suffixes that are tried for names without a suffix."""


def label_files(folder: Path, images: Path) -> list[Path]:
    """Tables in `folder` that can be label tables of the images in the folder `images`, found by a quick look."""
    names = [entry.name for entry in first_entries(folder, FIRST_ENTRIES) if entry.is_file()]
    tables = [folder / name for name in names if name.lower().endswith(SUFFIXES)]
    is_there = finder(images)
    return [table for table in tables[:FIRST_TABLES] if _names_images(table, is_there)]


def tables_of_splits(root: Path) -> dict[Path, str]:
    """Label tables in folders that are named like splits, such as train/_classes.csv, and the split of each.

    Empty if fewer than two folders have one, or if one has several.
    """
    found: dict[Path, str] = {}
    for folder in _folders_in(root):
        if split := split_of_folder(folder.name):
            tables = label_files(folder, folder)
            if len(tables) > 1:
                return {}
            found |= dict.fromkeys(tables, split)
    return found if len(found) > 1 else {}


def finder(images: Path) -> Callable[[str], bool]:
    """A function that tells whether an image has a name, in `images` or a folder in it, perhaps with a suffix."""
    folders = [images, *_folders_in(images)]

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
