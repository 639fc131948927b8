"""The ledger: all images of a data set that is being made, in a table on disk, so that millions need little memory."""

import contextlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

from datatransformer.listing import RawImage, Rejected
from datatransformer.manifest import Row
from datatransformer.naming import frame_name, natural_order, stem_of
from datatransformer.report import Report
from datatransformer.split import SplitKey
from datatransformer.split_choice import KEPT, SplitChoice
from datatransformer.tables.label_sets import describe_labels
from datatransformer.temporary_database import TemporaryDatabase, open_temporary_database
from storage.name_cells import on_any_disk, told_apart, why_refused
from storage.tables import csv_safe, printable

TABLES = """
    CREATE TABLE earlier (
        source TEXT, class_name TEXT, place TEXT, digest TEXT, PRIMARY KEY (source, class_name)
    ) WITHOUT ROWID;
    CREATE TABLE image (
        number INTEGER PRIMARY KEY, name TEXT, path TEXT, class_name TEXT, mask TEXT,
        labels TEXT, -- a JSON list; empty unless images may have several
        stem TEXT,   -- as a disk that ignores case takes it
        given TEXT,  -- the split, if the raw data or a list decide it; of all others the first of each group are chosen
        split_group TEXT, sort_key BLOB,
        place TEXT,  -- the path in the data folder; '' if the image is left out, NULL while it is pending
        digest TEXT, -- of the picture and its mask in the data folder
        frame INTEGER -- from 1, of a file whose frames are images; otherwise 0
    );
    CREATE TABLE label (name TEXT, number INTEGER);  -- each label of each image that may have several
    CREATE TABLE chosen (number INTEGER PRIMARY KEY, split TEXT);  -- val or test
    CREATE TABLE shared (class_name TEXT, stem TEXT, PRIMARY KEY (class_name, stem)) WITHOUT ROWID;
    CREATE VIEW member AS  -- each class with each of its images
        SELECT number, class_name AS class FROM image WHERE class_name != ''
        UNION ALL SELECT number, name AS class FROM label;
    CREATE VIEW with_split AS
        SELECT image.*, coalesce(given, chosen.split, 'train') AS split FROM image LEFT JOIN chosen USING (number);
"""

INSERT = """
    INSERT INTO image (name, path, class_name, mask, stem, split_group, sort_key, given, place, digest, labels, frame)
    SELECT CAST(?1 AS TEXT), CAST(?2 AS TEXT), CAST(?3 AS TEXT), CAST(?4 AS TEXT), CAST(?5 AS TEXT), CAST(?6 AS TEXT),
        ?8, ?9, earlier.place, coalesce(earlier.digest, ''), ?11, ?12 FROM (SELECT 1)
        LEFT JOIN earlier ON source = CAST(?7 AS TEXT) AND earlier.class_name = CAST(?10 AS TEXT)
"""
PENDING = """
    SELECT json_group_array(
        json_array(number, name, path, class_name, mask, split, (class_name, stem) IN shared, labels, frame)
    ) FROM (SELECT * FROM with_split WHERE number > ? AND place IS NULL ORDER BY number LIMIT ?)
"""
"""Returns a whole batch as one row: SQLite releases Python's lock at each row, and then waits behind other threads."""


class Place(NamedTuple):
    """The path of an image in the data folder, and the digest of the image with its mask. Both are "" if left out."""

    path: str
    digest: str


LEFT_OUT = Place("", "")


class PendingImage(NamedTuple):
    """An image that is neither placed nor left out.

    `stem_is_shared`: another image of its class has the same file name apart from the suffix.
    """

    number: int
    image: RawImage
    split: str
    stem_is_shared: bool


class Ledger:
    """The images, their split, and their places: paths in the data folder.

    `is_in_order`: the images came sorted by name, none was placed by an earlier run, and no place was corrected.
    """

    def __init__(self, table: TemporaryDatabase) -> None:
        self.table, self.is_in_order = table, True
        self.choice = SplitChoice(table)

    def add_earlier(self, rows: Iterable[Row]) -> None:
        """Takes up the images that earlier runs have placed. Call this before `add`."""
        texts = (self.table.text(row.source, row.class_name, row.image, row.digest) for row in rows)
        text = "CAST(? AS TEXT)"
        insert = f"INSERT OR REPLACE INTO earlier SELECT {text}, {text}, {text}, {text}"
        self.table.each(insert, texts)
        self.is_in_order = not self.table("SELECT EXISTS (SELECT 1 FROM earlier)").fetchone()[0]

    def add(
        self, entries: Iterable[RawImage | Rejected], key: Callable[[RawImage], SplitKey], by_class: bool
    ) -> list[Rejected]:
        """Takes up the images; returns the rejected entries.

        An image of earlier runs is recognised by its source and, if files are stored `by_class`, by its class.
        """
        rejected: list[Rejected] = []

        def rows() -> Iterator[tuple]:
            before = ""
            for entry in entries:
                if isinstance(entry, Rejected):
                    rejected.append(Rejected(csv_safe(entry.source), printable(entry.reason)))
                    continue
                if reason := why_refused(entry.name):
                    rejected.append(Rejected(csv_safe(told_apart(entry.source)), reason))
                    continue
                group, sort_key, split = key(entry)
                name, class_name = entry.name, entry.class_name
                stem = on_any_disk(stem_of(frame_name(name, 1) if entry.frame == 1 else name))
                texts = self.table.text(name, entry.path, class_name, entry.mask, stem, group, csv_safe(entry.source))
                labels = json.dumps(entry.labels)
                yield *texts, sort_key, split, texts[2] if by_class else "", labels, entry.frame
                self.is_in_order &= before <= name
                before = name

        self.table.each(INSERT, rows())
        self.table("INSERT INTO label SELECT value, number FROM image, json_each(labels)")
        self.table("CREATE INDEX by_label ON label (name, number)")
        self.table(
            "INSERT INTO shared SELECT class_name, stem FROM image GROUP BY class_name, stem HAVING count(*) > 1"
        )
        return rejected

    def all_splits_are_given(self) -> bool:
        """Whether the raw data decide the split of every image."""
        total, given = self.table("SELECT count(*), count(given) FROM image").fetchone()
        return 0 < total == given

    def lack_labels(self) -> bool:
        """Whether an image that is not left out has no label."""
        return bool(self.table(f"SELECT EXISTS (SELECT 1 FROM image WHERE {KEPT} AND labels = '[]')").fetchone()[0])

    def describe_labels(self, report: Report) -> None:
        describe_labels(self.table, KEPT, report)

    def no_longer_listed(self) -> list[str]:
        """The places of images that earlier runs have placed and that are not listed now."""
        listed = "SELECT place FROM image WHERE place IS NOT NULL"
        return [place for (place,) in self.table(f"SELECT place FROM earlier WHERE place NOT IN ({listed})")]

    def pending(self, size: int) -> Iterator[list[PendingImage]]:
        """Yields the images that are neither placed nor left out, `size` at a time."""
        last = 0
        while rows := sorted(json.loads(self.table(PENDING, last, size).fetchone()[0])):
            last = rows[-1][0]
            yield [
                PendingImage(
                    number, RawImage(name, path, class_name, None, mask, _labels(labels), frame), split, bool(shared)
                )
                for number, name, path, class_name, mask, split, shared, labels, frame in rows
            ]

    def set_places(self, places: Mapping[int, Place]) -> None:
        """Sets the places of images by their numbers."""
        self.table(
            "UPDATE image SET place = json_extract(value, '$[0]'), digest = json_extract(value, '$[1]') "
            "FROM json_each(?) WHERE number = CAST(key AS INTEGER)",
            json.dumps(places),
        )

    def correct_places(self, places: Mapping[int, str]) -> None:
        """Sets the paths of images that already have a place; "" for images that are now left out."""
        self.table(
            "UPDATE image SET place = value FROM json_each(?) WHERE number = CAST(key AS INTEGER)",
            json.dumps(places),
        )
        self.is_in_order &= not places

    def progress(self) -> tuple[int, int]:
        """The number of images that are done, and of all images."""
        return self.table("SELECT count(place), count(*) FROM image").fetchone()

    def splits(self) -> Counter[str]:
        """The number of images of each split, without the ones that are left out."""
        return Counter(dict(self.table(f"SELECT split, count(*) FROM with_split WHERE {KEPT} GROUP BY split")))

    def classes(self) -> list[str]:
        """The classes of images that are not left out, in natural order."""
        names = self.table(f"SELECT DISTINCT class FROM member JOIN image USING (number) WHERE {KEPT}")
        return sorted((name for (name,) in names), key=natural_order)

    def class_counts(self) -> dict[str, Counter[str]]:
        """The images of each class in each split, by class in natural order, without the ones that are left out."""
        of_member = f"FROM member JOIN with_split USING (number) WHERE {KEPT}"
        rows = self.table(f"SELECT class, split, count(*) {of_member} GROUP BY 1, 2").fetchall()
        counts: dict[str, Counter[str]] = {
            name: Counter() for name in sorted({row[0] for row in rows}, key=natural_order)
        }
        for name, split, count in rows:
            counts[name][split] = count
        return counts

    def too_small_classes(self, minimum: int) -> list[tuple[int, RawImage, str]]:
        """Number, image and place of all images whose class has fewer than `minimum` images, without test images."""
        rows = self.table(
            "SELECT number, name, path, class_name, frame, place FROM image WHERE place != '' AND class_name IN "
            "(SELECT class_name FROM image WHERE place != '' AND class_name != '' "
            "GROUP BY 1 HAVING sum(given IS NOT 'test') < ?)",
            minimum,
        )
        return [
            (number, RawImage(name, path, class_name, frame=frame), place)
            for number, name, path, class_name, frame, place in rows
        ]

    def in_wrong_split(self) -> list[tuple[int, str, str]]:
        """Number, place and split of the images that were placed in the other split."""
        wrong = "place != '' AND substr(place, 1, instr(place, '/') - 1) != split"
        return self.table(f"SELECT number, place, split FROM with_split WHERE {wrong}").fetchall()

    def placed(self) -> Iterator[tuple[RawImage, Place]]:
        """Yields all images that are not left out, with their places, sorted by name."""
        columns = "name, path, class_name, labels, frame, place, digest"
        rows = f"SELECT {columns} FROM image WHERE place != '' ORDER BY name, number"
        for name, path, class_name, labels, frame, place, digest in self.table(rows):
            yield RawImage(name, path, class_name, labels=_labels(labels), frame=frame), Place(place, digest)


def _labels(text: str) -> tuple[str, ...]:
    """The labels of an image from their list in JSON."""
    return tuple(json.loads(text))


@contextlib.contextmanager
def open_ledger() -> Iterator[Ledger]:
    """An empty ledger. Raises WorkError if the disk is full."""
    with open_temporary_database(TABLES) as table:
        yield Ledger(table)
