"""A folder of pictures and a file that says which label each has: S0's data, and most competitions'."""

import os
from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import itemgetter
from pathlib import Path

from datatransformer.label_file import read_class_names, read_labels
from datatransformer.listing import Listing, Picture, Rejected
from datatransformer.naming import natural_order
from datatransformer.raw_files import names_below, why_outside
from datatransformer.temporary_database import TemporaryDatabase, open_scratch
from settings import SettingError, WorkError, bad_setting

TASKS = ("classification",)
SETTINGS = ("raw_images", "raw_labels", "class_names", "link", "verify")

TABLES = """
    CREATE TABLE file (number INTEGER PRIMARY KEY, name TEXT UNIQUE, is_link INTEGER);
    CREATE TABLE stem (stem TEXT, name TEXT);  -- filled once a label file leaves a suffix out
    CREATE INDEX by_stem ON stem (stem);
    CREATE TABLE labelled (name TEXT, label TEXT, line INTEGER);
"""
LABELS = "SELECT name, is_link, label, line FROM labelled JOIN file USING (name) ORDER BY number, line"


def read(settings) -> Listing:
    """Raises SettingError without `raw_images` and `raw_labels`, WorkError for files that are no such tables.

    Taking its entries raises WorkError if not one label belongs to a file.
    """
    needed = {"raw_images": "the folder of pictures", "raw_labels": "the file of their labels"}
    missing = [
        bad_setting(key, None, f"source labels needs {what}")
        for key, what in needed.items()
        if not getattr(settings, key)
    ]
    if missing:
        raise SettingError(*missing)
    names = read_class_names(settings.class_names) if settings.class_names else None
    classes = names and [names[label] for label in sorted(names, key=natural_order)]
    return Listing(_usable(_entries(names, settings), settings), classes)


def _usable(entries: Iterator[Picture | Rejected], settings) -> Iterator[Picture | Rejected]:
    """All of them. Raises WorkError at the end if no picture was among them."""
    first, is_empty = Rejected(str(settings.raw_images), "is empty"), True
    for number, entry in enumerate(entries):
        if isinstance(entry, Picture):
            is_empty = False
        elif number == 0:
            first = entry
        yield entry
    if is_empty:
        where = f"no image in {settings.raw_images} has a usable label in {settings.raw_labels}"
        raise WorkError(f"{where}. {first.source}: {first.reason}")


def _entries(names: dict[str, str] | None, settings) -> Iterator[Picture | Rejected]:
    root, raw = settings.raw_images, os.path.join(settings.raw_images, "")
    with open_scratch(TABLES) as table:
        files = _Files(table, root, {settings.raw_labels, settings.class_names})
        yield from _match(table, files, settings)
        for (name, is_link), rows in groupby(table(LABELS), key=itemgetter(0, 1)):
            outside = is_link and why_outside(raw + name, root)
            labels = [(label, line) for _, _, label, line in rows]
            yield Rejected(raw + name, outside) if outside else _picture(name, raw + name, labels, names, settings)
        for (name,) in table("SELECT name FROM file WHERE name NOT IN (SELECT name FROM labelled)"):
            yield Rejected(raw + name, why_outside(raw + name, root) or "has no label")


def _match(table: TemporaryDatabase, files: "_Files", settings) -> list[Rejected]:
    """Fills the table of labelled files. Returns lines of the label file that name none."""
    rejected = []

    def labelled() -> Iterator[tuple]:
        for entry in read_labels(settings.raw_labels):
            if isinstance(entry, Rejected):
                rejected.append(entry)
                continue
            found = files.called(entry.image)
            if len(found) == 1:
                yield *table.text(found[0], entry.label), entry.line
            else:
                source = f"{settings.raw_labels}:{entry.line} {entry.image}"
                rejected.append(Rejected(source, _why_no_file(entry.image, found, settings.raw_images)))

    table.each("INSERT INTO labelled SELECT CAST(? AS TEXT), CAST(? AS TEXT), ?", labelled())
    return rejected


class _Files:
    """The files in the raw folder, and what a label file may call them."""

    def __init__(self, table: TemporaryDatabase, root: Path, leave_out: Iterable[Path | None]):
        self.table, self.has_stems = table, False
        others = {path.resolve() for path in leave_out if path}
        others = {path.relative_to(root.resolve()).as_posix() for path in others if path.is_relative_to(root.resolve())}
        files = ((*self.table.text(name), is_link) for name, is_link in names_below(root) if name not in others)
        self.table.each("INSERT INTO file (name, is_link) SELECT CAST(? AS TEXT), ?", files)

    def called(self, image: str) -> list[str]:
        """Paths of the files that may be meant: the one of this name however it is written, or all but for a suffix."""
        for name in self._spellings(image):
            if self.table("SELECT 1 FROM file WHERE name = CAST(? AS TEXT)", *self.table.text(name)).fetchone():
                return [name]
        if not self.has_stems:
            names = (name for (name,) in self.table("SELECT name FROM file ORDER BY number"))
            stems = (self.table.text(Path(name).with_suffix("").as_posix(), name) for name in names)
            self.table.each("INSERT INTO stem SELECT CAST(? AS TEXT), CAST(? AS TEXT)", stems)
            self.has_stems = True
        found = self.table("SELECT name FROM stem WHERE stem = CAST(? AS TEXT)", *self.table.text(name))
        return [name for (name,) in found]

    @staticmethod
    def _spellings(image: str) -> Iterator[str]:
        yield image
        name = Path(image).as_posix()
        yield name
        yield name.replace("\\", "/")  # as Windows writes it


def _why_no_file(image: str, candidates: list[str], root: Path) -> str:
    if candidates:
        return f"could be any of {', '.join(candidates)}"
    if Path(image).is_absolute() or ".." in Path(image).parts:
        return "leads out of the raw folder; only files in it are read"
    return f"there is no such file in {root}"


def _picture(
    name: str, path: str, labels: list[tuple[str, int]], names: dict[str, str] | None, settings
) -> Picture | Rejected:
    different = sorted({label for label, _ in labels}, key=natural_order)
    if len(different) > 1:
        lines = ", ".join(f"{settings.raw_labels}:{line}" for _, line in labels)
        return Rejected(path, f"has {len(different)} labels: {', '.join(different)} ({lines})")
    if names is not None and different[0] not in names:
        return Rejected(path, f"its label {different[0]} is not in the file of class names")
    return Picture(name, path, names[different[0]] if names else different[0])
