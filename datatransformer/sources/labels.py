"""Images in a folder and a file with the label of each, the format of most competitions."""

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, islice
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING

from datatransformer.folders.folder_split import FolderSplit, folder_split
from datatransformer.folders.raw_files import why_outside
from datatransformer.listing import Listing, RawImage, Rejected
from datatransformer.naming import in_words, natural_order, number_text, split_of_folder
from datatransformer.sources import Evidence
from datatransformer.tables.class_table_hint import class_tables_beside, offer
from datatransformer.tables.label_file import open_label_tables, order_of
from datatransformer.tables.label_names import LabelNames, told_label_names
from datatransformer.tables.label_search import (
    is_of_split_folder,
    label_files,
    sibling_tables,
    tables_of_splits,
    training_tables,
)
from datatransformer.tables.label_table import LabelTable
from datatransformer.tables.labelled_files import LABELS, TABLES, LabelledFiles, claimed_twice, refuse_several
from datatransformer.tables.own_split import LostLines, OwnSplit
from datatransformer.tables.split_column import TEXTS
from datatransformer.temporary_database import TemporaryDatabase, open_temporary_database
from settings import SettingError, WorkError, bad_setting
from storage.name_cells import why_label_refused

if TYPE_CHECKING:
    from config import DataTransformerConfig
    from datatransformer.report import Report

TASKS = ("classification", "multilabel")
SETTINGS = (
    "raw_images", "raw_labels", "image_column", "label_column", "split_column", "class_names", "range", "max_pixels",
    "frames", "link", "verify",
)  # fmt: skip
NAMED_BY = ("raw_labels",)


def recognises(settings: "DataTransformerConfig") -> list[Evidence]:
    """The tables in the raw folder that name its images, or one in each of its split folders."""
    root = settings.raw_images
    tables = label_files(root, root) if root else []
    others = {path.resolve() for path in (settings.class_names, settings.val_list) if path}
    tables = [table for table in tables if table.resolve() not in others]
    of_splits = tables_of_splits(root) if root else {}
    found = []
    if root and of_splits and (not tables or not of_splits.keys().isdisjoint(tables)):
        tables = [table for table in tables if table not in of_splits]
        texts = in_words([TEXTS[split] for split in TEXTS if split in of_splits.values()])
        reason = f"{in_words(list(map(str, of_splits)))} give labels of images for {texts}"
        is_beside = all(is_of_split_folder(table, root) for table in of_splits)
        found = [Evidence(reason, overrides=("folders",) if is_beside else ())]
    elif root and not tables:
        tables = training_tables(root)
    if any(split_of_folder(table.stem) == "train" for table in (*tables, *of_splits)):  # that for testing has no labels
        tables = [table for table in tables if split_of_folder(table.stem) != "test"]
    return found + [Evidence(f"{table} gives labels of its images", {"raw_labels": table}) for table in tables]


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
    if settings.raw_labels and settings.raw_labels in (siblings := sibling_tables(settings.raw_labels.parent, root)):
        others = in_words([str(table) for table in siblings if table != settings.raw_labels])
        report.warn(
            f"{others} beside {settings.raw_labels.name} is not used. To use both and their split, leave out "
            "--raw-labels, and name the folder that holds tables and images by --raw-images"
        )
    labels = {label for table in tables for label in table.labels}
    offered = {} if class_names else class_tables_beside(list(paths), root, labels)
    if offered:
        report.warn(offer(offered))
    several = settings.labels == "several"
    names = told_label_names(class_names, labels, report, several) if class_names else None
    matching = _Matching(root, tables, names, several)
    matching.may_split_by_folders &= settings.split == "auto"
    entries = matching.entries([*paths, class_names, *offered], report)
    return Listing(_check_usable(entries, root, list(paths)), names.classes if names else order_of(tables))


MOST_OF_SAMPLE = 100
"""Rows of each table from which it is learnt how its names differ from those of files."""


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
        self.may_split_by_folders = not any(table.gives_split for table in tables)
        self.by_folders: FolderSplit | None = None
        self.lost = LostLines()

    def entries(self, leave_out: Iterable[Path | None], report: "Report") -> Iterator[RawImage | Rejected]:
        prefix = os.path.join(self.root, "")
        contradictions = 0
        with open_temporary_database(TABLES) as database:
            files = LabelledFiles(database, self.root, leave_out, self._sample)
            yield from self._match(database, files)
            self.lost.warn(report)
            yield from claimed_twice(database)
            files.describe(report)
            if not self.several:
                refuse_several(database)
            self._split_by_folders(database, report)
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
                f"{number_text(contradictions, 'image has', 'images have')} different labels in several lines, and "
                f"{'is' if contradictions == 1 else 'are'} left out. If images have several labels, read them by "
                "--labels several"
            )

    def _split_by_folders(self, database: TemporaryDatabase, report: "Report") -> None:
        if self.may_split_by_folders:
            names = database("SELECT DISTINCT name FROM labelled")
            self.by_folders = folder_split(name for (name,) in names)
        if self.by_folders:
            report.note(self.by_folders.describe())

    def _sample(self) -> Iterator[str]:
        for table in self.tables:
            for entry in islice(table.entries(), MOST_OF_SAMPLE):
                if not isinstance(entry, Rejected):
                    yield entry.image

    def _match(self, database: TemporaryDatabase, files: "LabelledFiles") -> list[Rejected]:
        """Fills the table of labelled files. Returns the lines of the label tables that name no file."""
        rejected: list[Rejected] = []

        def labelled() -> Iterator[tuple]:
            for table in self.tables:
                path = table.table.path
                is_inside = len(self.tables) > 1 and is_of_split_folder(path, self.root)
                folder = path.parent.relative_to(self.root).as_posix() + "/" if is_inside else ""
                own = OwnSplit(path, self.root, files.all_names)
                for entry in table.entries():
                    if isinstance(entry, Rejected):
                        rejected.append(entry)
                        continue
                    found = (folder and files.find(folder + entry.image)) or files.find(entry.image)
                    matches = own.choose(entry.image, found)
                    if len(matches) == 1:
                        labels = json.dumps(entry.labels)
                        image = "" if matches[0] == entry.image else entry.image
                        yield *database.text(matches[0], labels, f"{path}:{entry.line}", image), entry.split
                        continue
                    source = f"{path}:{entry.line} {entry.image}"
                    is_of_other = found and not matches
                    reason = own.why_not(found) if is_of_other else files.why_not_found(entry.image)
                    rejected.append(Rejected(source, reason))
                    self.lost.add(entry.image, found, matches)

        text = "CAST(? AS TEXT)"
        insert = f"INSERT INTO labelled (name, labels, place, image, split) SELECT {text}, {text}, {text}, {text}, ?"
        database.each(insert, labelled())
        return rejected

    def _labelled(self, name: str, path: str, rows: list[tuple[tuple[str, ...], str, str]]) -> RawImage | Rejected:
        """An image with its labels. `rows`: labels, place in a table, and split of each row that names the image."""
        split, *others = sorted({split for _, _, split in rows})
        if others:
            return Rejected(path, f"is for {' and for '.join(filter(None, (split, *others)))} in its lines")
        if self.by_folders:
            split = self.by_folders.of(name) or ""
        labels = list(dict.fromkeys(label for row, _, _ in rows for label in row))
        if not self.several:
            if not labels:
                return Rejected(path, f"has no label: its cell is empty, or says that there is none ({rows[0][1]})")
            if len(labels) > 1:
                lines = ", ".join(place for _, place, _ in rows)
                listed = ", ".join(sorted(labels, key=natural_order))
                return Rejected(path, f"has {len(labels)} labels: {listed} ({lines})")
        if reason := next(filter(None, map(why_label_refused, labels)), ""):
            return Rejected(path, f"its label {reason}")
        if self.names:
            unknown = [label for label in labels if self.names.of(label) is None]
            if unknown and not self.several:
                return Rejected(path, f"its label {', '.join(unknown)} is not in the file of class names")
            labels = [class_name for label in labels if (class_name := self.names.of(label)) is not None]
        if self.several:
            return RawImage(name, path, split=split or None, labels=tuple(labels))
        return RawImage(name, path, labels[0], split or None)
