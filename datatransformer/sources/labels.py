"""Images in a folder and a file with the label of each, the format of most competitions."""

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING

from datatransformer.label_file import open_label_tables, order_of
from datatransformer.label_names import LabelNames, read_label_names
from datatransformer.label_search import label_files, tables_of_splits
from datatransformer.label_table import LabelTable
from datatransformer.listing import Listing, RawImage, Rejected
from datatransformer.matching import FileNames, why_not_found
from datatransformer.naming import natural_order
from datatransformer.raw_files import names_below, why_outside
from datatransformer.sources import Evidence
from datatransformer.temporary_database import TemporaryDatabase, open_temporary_database
from settings import SettingError, WorkError, bad_setting

if TYPE_CHECKING:
    from config import DataTransformerConfig
    from datatransformer.report import Report

TASKS = ("classification", "multilabel")
SETTINGS = (
    "raw_images", "raw_labels", "image_column", "label_column", "split_column", "class_names", "range", "frames",
    "link", "verify",
)  # fmt: skip
NAMED_BY = ("raw_labels",)

TABLES = """
    CREATE TABLE file (number INTEGER PRIMARY KEY, name TEXT UNIQUE, is_link INTEGER);
    CREATE TABLE labelled (  -- labels as JSON; place: file and line; image: as the table names it, if otherwise
        name TEXT, labels TEXT, place TEXT, split TEXT, image TEXT
    );
"""
LABELS = (
    "SELECT name, is_link, labels, place, split FROM labelled JOIN file USING (name) ORDER BY number, labelled.rowid"
)


def recognises(settings: "DataTransformerConfig") -> list[Evidence]:
    """The tables in the raw folder that name its images, or one in each of its split folders."""
    root = settings.raw_images
    tables = label_files(root, root) if root else []
    others = {path.resolve() for path in (settings.class_names, settings.val_list) if path}
    tables = [table for table in tables if table.resolve() not in others]
    if root and not tables and (of_splits := tables_of_splits(root)):
        said = " and ".join(map(str, of_splits))
        return [Evidence(f"{said} give labels of the images beside them", overrides=("folders",))]
    return [Evidence(f"{table} gives labels of its images", {"raw_labels": table}) for table in tables]


FEWEST_SEVERAL, LARGEST_SHARE_OF_MISTAKES = 3, 0.1
"""Images with different labels in several lines are mistakes up to here, and left out; more are meant so."""


def read(settings: "DataTransformerConfig", report: "Report") -> Listing:
    """Raises SettingError without `raw_images` and `raw_labels`, and for a table that can be read in several ways;
    WorkError for a file of another format.

    Iterating its entries raises WorkError if the label file labels no file.
    """
    root, class_names = settings.raw_images, settings.class_names
    paths = {settings.raw_labels: ""} if settings.raw_labels else tables_of_splits(root) if root else {}
    if root is None or not paths:
        needed = {"raw_images": (root, "folder of images"), "raw_labels": (settings.raw_labels, "file of their labels")}
        missing = {key: what for key, (given, what) in needed.items() if given is None}
        raise SettingError(
            *(bad_setting(key, None, f"source labels needs the {what}") for key, what in missing.items())
        )
    tables = open_label_tables(settings, root, paths, report)
    names = None
    if class_names:
        names = read_label_names(class_names, {label for table in tables for label in table.labels})
        report.note(names.description)
        for warning in names.warnings:
            report.warn(warning)
    entries = _Matching(root, tables, names, settings.labels == "several").entries([*paths, class_names], report)
    return Listing(_check_usable(entries, root, list(paths)), names.classes if names else order_of(tables))


def _check_usable(
    entries: Iterable[RawImage | Rejected], raw_images: Path, tables: Sequence[Path]
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
        where = f"no image in {raw_images} has a usable label in {', '.join(map(str, tables))}"
        raise WorkError(f"{where}. {first.source}: {first.reason}")


class _Matching:
    """Matches the lines of label tables with the files in the raw folder.

    `names`: the class names of the labels, or None if labels are the names.
    `several`: an image may have several labels.
    """

    def __init__(self, root: Path, tables: Sequence[LabelTable], names: LabelNames | None, several: bool) -> None:
        self.root, self.tables, self.names, self.several = root, tables, names, several

    def entries(self, leave_out: Iterable[Path | None], report: "Report") -> Iterator[RawImage | Rejected]:
        prefix = os.path.join(self.root, "")
        contradictions = 0
        with open_temporary_database(TABLES) as database:
            files = _Files(database, self.root, leave_out)
            yield from self._match(database, files)
            yield from _claimed_twice(database)
            files.describe(report)
            if not self.several:
                _refuse_several(database)
            for (name, is_link), rows in groupby(database(LABELS), key=itemgetter(0, 1)):
                outside = why_outside(prefix + name, self.root) if is_link else None
                labels = [(tuple(json.loads(labels)), place, split) for _, _, labels, place, split in rows]
                if outside:
                    yield Rejected(prefix + name, outside)
                    continue
                entry = self._labelled(name, prefix + name, labels)
                contradictions += isinstance(entry, Rejected) and " labels: " in entry.reason
                yield entry
            for (name,) in database("SELECT name FROM file WHERE name NOT IN (SELECT name FROM labelled)"):
                yield Rejected(prefix + name, why_outside(prefix + name, self.root) or "has no label")
        if contradictions:
            report.warn(
                f"{contradictions} images have different labels in several lines, and are left out. If images have "
                "several labels, read them by --labels several"
            )

    def _match(self, database: TemporaryDatabase, files: "_Files") -> list[Rejected]:
        """Fills the table of labelled files. Returns the lines of the label tables that name no file."""
        rejected: list[Rejected] = []

        def labelled() -> Iterator[tuple]:
            for table in self.tables:
                path = table.table.path
                folder = path.parent.relative_to(self.root).as_posix() + "/" if len(self.tables) > 1 else ""
                for entry in table.entries():
                    if isinstance(entry, Rejected):
                        rejected.append(entry)
                        continue
                    matches = (folder and files.find(folder + entry.image)) or files.find(entry.image)
                    if len(matches) == 1:
                        labels = json.dumps(entry.labels)
                        image = "" if matches[0] == entry.image else entry.image
                        yield *database.text(matches[0], labels, f"{path}:{entry.line}", image), entry.split
                    else:
                        source = f"{path}:{entry.line} {entry.image}"
                        rejected.append(Rejected(source, files.why_not_found(entry.image)))

        text = "CAST(? AS TEXT)"
        insert = f"INSERT INTO labelled (name, labels, place, image, split) SELECT {text}, {text}, {text}, {text}, ?"
        database.each(insert, labelled())
        return rejected

    def _labelled(self, name: str, path: str, rows: list[tuple[tuple[str, ...], str, str]]) -> RawImage | Rejected:
        """An image with its labels. `rows`: labels, place in a table, and split of each row that names the image."""
        split, *others = sorted({split for _, _, split in rows})
        if others:
            return Rejected(path, f"is for {' and for '.join(filter(None, (split, *others)))} in its lines")
        if split == "test":
            return Rejected(path, "is for testing")
        labels = list(dict.fromkeys(label for row, _, _ in rows for label in row))
        if not self.several:
            if not labels:
                return Rejected(path, f"has no label: its cell is empty or nan ({rows[0][1]})")
            if len(labels) > 1:
                lines = ", ".join(place for _, place, _ in rows)
                listed = ", ".join(sorted(labels, key=natural_order))
                return Rejected(path, f"has {len(labels)} labels: {listed} ({lines})")
        if self.names:
            unknown = [label for label in labels if self.names.of(label) is None]
            if unknown:
                return Rejected(path, f"its label {', '.join(unknown)} is not in the file of class names")
            labels = [self.names.of(label) or "" for label in labels]
        if self.several:
            return RawImage(name, path, split=split or None, labels=tuple(labels))
        return RawImage(name, path, labels[0], split or None)


def _refuse_several(database: TemporaryDatabase) -> None:
    """Raises SettingError if so many images have different labels in several lines that these are no mistakes."""
    with_many = "SELECT name, group_concat(place, ', ') AS places FROM labelled WHERE labels != '[]' GROUP BY name"
    with_many += " HAVING count(DISTINCT labels) > 1"
    many, first, places = database(f"SELECT count(*), min(name), places FROM ({with_many})").fetchone()
    images = database("SELECT count(DISTINCT name) FROM labelled").fetchone()[0]
    if many >= FEWEST_SEVERAL and many > images * LARGEST_SHARE_OF_MISTAKES:
        why = f"{many} of {images} images have several labels in lines of their own, such as {first} ({places})"
        raise SettingError(bad_setting("labels", "one", f"{why}. Read them by --labels several"))


def _claimed_twice(database: TemporaryDatabase) -> list[Rejected]:
    """Removes the lines that mean a file by another name, if other lines have its exact name: theirs is missing."""
    exact = "(SELECT name, min(place) FROM labelled WHERE image = '' GROUP BY name)"
    wrong = f"FROM labelled JOIN {exact} AS exact USING (name) WHERE image != ''"
    if not database("SELECT 1 FROM labelled WHERE image != '' LIMIT 1").fetchone():
        return []
    rows = database(f"SELECT labelled.rowid, name, place, image {wrong}").fetchall()
    database.each("DELETE FROM labelled WHERE rowid = ?", ((number,) for number, *_ in rows))
    return [
        Rejected(f"{place} {image}", f"there is no such file; the nearest, {name}, has a line of its own")
        for _, name, place, image in rows
    ]


class _Files:
    """The files in the raw folder, found by the names that a label table uses."""

    def __init__(self, table: TemporaryDatabase, root: Path, leave_out: Iterable[Path | None]) -> None:
        self.table, self.root = table, root
        self.names: FileNames | None = None
        resolved = root.resolve()
        paths = [path.resolve() for path in leave_out if path]
        others = {path.relative_to(resolved).as_posix() for path in paths if path.is_relative_to(resolved)}
        files = ((*self.table.text(name), is_link) for name, is_link in names_below(root) if name not in others)
        self.table.each("INSERT INTO file (name, is_link) SELECT CAST(? AS TEXT), ?", files)

    def find(self, image: str) -> list[str]:
        """The file with exactly this name, or else every file that it can mean."""
        if self.table("SELECT 1 FROM file WHERE name = CAST(? AS TEXT)", *self.table.text(image)).fetchone():
            return [image]
        return self._other_names().find(image)

    def why_not_found(self, image: str) -> str:
        return why_not_found(image, self._other_names(), self.root)

    def describe(self, report: "Report") -> None:
        if self.names:
            self.names.describe(report)

    def _other_names(self) -> FileNames:
        if self.names is None:
            names = (name for (name,) in self.table("SELECT name FROM file ORDER BY number"))
            self.names = FileNames(self.table, names)
        return self.names
