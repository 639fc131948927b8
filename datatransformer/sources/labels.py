"""Images in a folder and a file with the label of each, the format of most competitions."""

import os
from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING

from datatransformer.label_file import label_files, read_class_names, read_labels
from datatransformer.listing import Listing, RawImage, Rejected
from datatransformer.naming import natural_order
from datatransformer.raw_files import names_below, why_outside
from datatransformer.sources import Evidence
from datatransformer.temporary_database import TemporaryDatabase, open_temporary_database
from settings import SettingError, WorkError, bad_setting

if TYPE_CHECKING:
    from config import DataTransformerConfig

TASKS = ("classification",)
SETTINGS = ("raw_images", "raw_labels", "class_names", "link", "verify")
NAMED_BY = ("raw_labels",)

TABLES = """
    CREATE TABLE file (number INTEGER PRIMARY KEY, name TEXT UNIQUE, is_link INTEGER);
    CREATE TABLE stem (stem TEXT, name TEXT);  -- filled when the label file first names an image without its suffix
    CREATE INDEX by_stem ON stem (stem);
    CREATE TABLE labelled (name TEXT, label TEXT, line INTEGER);
"""
LABELS = "SELECT name, is_link, label, line FROM labelled JOIN file USING (name) ORDER BY number, line"


def recognises(settings: "DataTransformerConfig") -> list[Evidence]:
    """The tables in the raw folder that name its images."""
    root = settings.raw_images
    tables = label_files(root, root) if root else []
    others = {path.resolve() for path in (settings.class_names, settings.val_list) if path}
    tables = [table for table in tables if table.resolve() not in others]
    return [Evidence(f"{table} gives labels of its images", {"raw_labels": table}) for table in tables]


def read(settings: "DataTransformerConfig") -> Listing:
    """Raises SettingError without `raw_images` and `raw_labels`, WorkError for a file of class names in another format.

    Iterating its entries raises WorkError if the label file has another format, or labels no file.
    """
    raw_images, raw_labels, class_names = settings.raw_images, settings.raw_labels, settings.class_names
    if raw_images is None or raw_labels is None:
        needed = {"raw_images": (raw_images, "folder of images"), "raw_labels": (raw_labels, "file of their labels")}
        missing = {key: what for key, (given, what) in needed.items() if given is None}
        raise SettingError(
            *(bad_setting(key, None, f"source labels needs the {what}") for key, what in missing.items())
        )
    names = read_class_names(class_names) if class_names else None
    classes = [names[label] for label in sorted(names, key=natural_order)] if names else None
    entries = _Matching(raw_images, raw_labels, names).entries(leave_out=[raw_labels, class_names])
    return Listing(_check_usable(entries, raw_images, raw_labels), classes)


def _check_usable(
    entries: Iterable[RawImage | Rejected], raw_images: Path, raw_labels: Path
) -> Iterator[RawImage | Rejected]:
    """Yields all entries. Raises WorkError at the end if there was no image among them."""
    first, is_empty = Rejected(str(raw_images), "is empty"), True
    for number, entry in enumerate(entries):
        if isinstance(entry, RawImage):
            is_empty = False
        elif number == 0:
            first = entry
        yield entry
    if is_empty:
        where = f"no image in {raw_images} has a usable label in {raw_labels}"
        raise WorkError(f"{where}. {first.source}: {first.reason}")


class _Matching:
    """Matches the lines of a label file with the files in the raw folder.

    `names`: the class name of each label, or None if labels are the names.
    """

    def __init__(self, root: Path, raw_labels: Path, names: dict[str, str] | None) -> None:
        self.root, self.raw_labels, self.names = root, raw_labels, names

    def entries(self, leave_out: Iterable[Path | None]) -> Iterator[RawImage | Rejected]:
        prefix = os.path.join(self.root, "")
        with open_temporary_database(TABLES) as table:
            yield from self._match(table, _Files(table, self.root, leave_out))
            for (name, is_link), rows in groupby(table(LABELS), key=itemgetter(0, 1)):
                outside = why_outside(prefix + name, self.root) if is_link else None
                labels = [(label, line) for _, _, label, line in rows]
                yield Rejected(prefix + name, outside) if outside else self._labelled(name, prefix + name, labels)
            for (name,) in table("SELECT name FROM file WHERE name NOT IN (SELECT name FROM labelled)"):
                yield Rejected(prefix + name, why_outside(prefix + name, self.root) or "has no label")

    def _match(self, table: TemporaryDatabase, files: "_Files") -> list[Rejected]:
        """Fills the table of labelled files. Returns the lines of the label file that name no file."""
        rejected: list[Rejected] = []

        def labelled() -> Iterator[tuple]:
            for entry in read_labels(self.raw_labels):
                if isinstance(entry, Rejected):
                    rejected.append(entry)
                    continue
                matches = files.find(entry.image)
                if len(matches) == 1:
                    yield *table.text(matches[0], entry.label), entry.line
                else:
                    source = f"{self.raw_labels}:{entry.line} {entry.image}"
                    rejected.append(Rejected(source, _why_no_file(entry.image, matches, self.root)))

        table.each("INSERT INTO labelled SELECT CAST(? AS TEXT), CAST(? AS TEXT), ?", labelled())
        return rejected

    def _labelled(self, name: str, path: str, labels: list[tuple[str, int]]) -> RawImage | Rejected:
        """An image with its label. `labels`: each label that the file gives it, with the line."""
        different = sorted({label for label, _ in labels}, key=natural_order)
        if len(different) > 1:
            lines = ", ".join(f"{self.raw_labels}:{line}" for _, line in labels)
            return Rejected(path, f"has {len(different)} labels: {', '.join(different)} ({lines})")
        label = different[0]
        if self.names is None:
            return RawImage(name, path, label)
        if label not in self.names:
            return Rejected(path, f"its label {label} is not in the file of class names")
        return RawImage(name, path, self.names[label])


class _Files:
    """The files in the raw folder, found by the names that a label file uses."""

    def __init__(self, table: TemporaryDatabase, root: Path, leave_out: Iterable[Path | None]) -> None:
        self.table, self.has_stems = table, False
        resolved = root.resolve()
        paths = [path.resolve() for path in leave_out if path]
        others = {path.relative_to(resolved).as_posix() for path in paths if path.is_relative_to(resolved)}
        files = ((*self.table.text(name), is_link) for name, is_link in names_below(root) if name not in others)
        self.table.each("INSERT INTO file (name, is_link) SELECT CAST(? AS TEXT), ?", files)

    def find(self, image: str) -> list[str]:
        """The file with this name, in any spelling of the path, or else all files whose names differ by a suffix."""
        for name in self._spellings(image):
            if self.table("SELECT 1 FROM file WHERE name = CAST(? AS TEXT)", *self.table.text(name)).fetchone():
                return [name]
        if not self.has_stems:
            names = (name for (name,) in self.table("SELECT name FROM file ORDER BY number"))
            stems = (self.table.text(Path(name).with_suffix("").as_posix(), name) for name in names)
            self.table.each("INSERT INTO stem SELECT CAST(? AS TEXT), CAST(? AS TEXT)", stems)
            self.has_stems = True
        matches = self.table("SELECT name FROM stem WHERE stem = CAST(? AS TEXT)", *self.table.text(name))
        return [name for (name,) in matches]

    @staticmethod
    def _spellings(image: str) -> Iterator[str]:
        yield image
        name = Path(image).as_posix()
        yield name
        yield name.replace("\\", "/")  # a path as Windows writes it


def _why_no_file(image: str, matches: list[str], root: Path) -> str:
    if matches:
        return f"could be any of {', '.join(matches)}"
    if Path(image).is_absolute() or ".." in Path(image).parts:
        return "leads out of the raw folder; only files in it are read"
    return f"there is no such file in {root}"
