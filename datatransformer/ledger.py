"""All pictures of a data set in the making, in a table on disk: a million take no more memory than a thousand."""

import contextlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import groupby, islice
from typing import NamedTuple

from datatransformer.layout import Row
from datatransformer.listing import Picture, Rejected
from datatransformer.naming import natural_order, stem_of, without_suffix
from datatransformer.split import SplitKey, called, share
from datatransformer.temporary_database import TemporaryDatabase, open_scratch
from storage.tables import csv_safe

TABLES = """
    CREATE TABLE known (source TEXT, class_name TEXT, image TEXT, PRIMARY KEY (source, class_name)) WITHOUT ROWID;
    CREATE TABLE picture (
        number INTEGER PRIMARY KEY, name TEXT, path TEXT, class_name TEXT, mask TEXT,
        stem TEXT,   -- in small letters
        given TEXT,  -- the split, if the source says so; else of all kin a share with the first lots is for validation
        kin TEXT, lot BLOB,
        image TEXT   -- where it lies in the data folder; '' if it is left out, NULL as long as that is open
    );
    CREATE TABLE chosen (number INTEGER PRIMARY KEY);
    CREATE TABLE shared (class_name TEXT, stem TEXT, PRIMARY KEY (class_name, stem)) WITHOUT ROWID;
    CREATE TABLE called (path TEXT, last_part TEXT, number INTEGER);  -- filled if there is a list
    CREATE VIEW listed AS
        SELECT *, coalesce(given, iif(number IN chosen, 'val', 'train')) AS split FROM picture;
"""

LIST = """
    INSERT INTO picture (name, path, class_name, mask, stem, kin, lot, given, image)
    SELECT CAST(?1 AS TEXT), CAST(?2 AS TEXT), CAST(?3 AS TEXT), CAST(?4 AS TEXT), CAST(?5 AS TEXT), CAST(?6 AS TEXT),
        ?8, ?9, (SELECT image FROM known WHERE source = CAST(?7 AS TEXT) AND class_name = CAST(?10 AS TEXT))
"""
OPEN = """
    SELECT json_group_array(json_array(number, name, path, class_name, mask, split, (class_name, stem) IN shared))
    FROM (SELECT * FROM listed WHERE number > ? AND image IS NULL ORDER BY number LIMIT ?)
"""
"""One row a batch: at each that it hands over SQLite lets go of Python's lock, and gets in line behind the threads."""

GOOD = "image IS NOT ''"
"""Pictures that are not left out."""

DRAWN = f"given IS NULL AND {GOOD}"


class Listed(NamedTuple):
    """A picture that has a place in the listing.

    `stem_is_shared`: another picture of its class has the same file name, but for the suffix.
    """

    number: int
    picture: Picture
    split: str
    stem_is_shared: bool


class Ledger:
    """Which pictures there are, what is for validation, and where each came to lie.

    `is_in_order`: they were listed in the order of their names, none was known, and none was corrected.
    """

    def __init__(self, table: TemporaryDatabase):
        self.table, self.is_in_order = table, True
        self.sizes: dict[str, int] = {}

    def know(self, rows: Iterable[Row]) -> None:
        """What earlier runs have placed; told before pictures are added."""
        known = (self.table.text(row.source, row.class_name, row.image) for row in rows)
        self.table.each("INSERT OR REPLACE INTO known SELECT CAST(? AS TEXT), CAST(? AS TEXT), CAST(? AS TEXT)", known)
        self.is_in_order = not self.table("SELECT EXISTS (SELECT 1 FROM known)").fetchone()[0]

    def add(
        self, entries: Iterable[Picture | Rejected], lot: Callable[[Picture], SplitKey], by_class: bool
    ) -> list[Rejected]:
        """Takes up the pictures; returns the others.

        One is known from earlier runs by its source and, where files lie `by_class`, by the class it was put into.
        """
        rejected = []

        def rows() -> Iterator[tuple]:
            before = ""
            for entry in entries:
                if isinstance(entry, Rejected):
                    rejected.append(Rejected(csv_safe(entry.source), entry.reason))
                    continue
                kin, drawn, split = lot(entry)
                name, class_name, stem = entry.name, entry.class_name, stem_of(entry.name).casefold()
                texts = self.table.text(name, entry.path, class_name, entry.mask, stem, kin, csv_safe(entry.source))
                yield *texts, drawn, split, texts[2] if by_class else ""
                self.is_in_order &= before <= name
                before = name

        self.table.each(LIST, rows())
        self.table(
            "INSERT INTO shared SELECT class_name, stem FROM picture GROUP BY class_name, stem HAVING count(*) > 1"
        )
        return rejected

    def divide(self, fraction: float) -> None:
        """Chooses for validation what is not given, a share of each class or video, among those not left out."""
        sizes = dict(self.table(f"SELECT kin, count(*) FROM picture WHERE {DRAWN} GROUP BY kin"))
        if sizes == self.sizes:  # none was left out since
            return
        self.sizes = sizes
        self.table("DELETE FROM chosen")
        drawn = self.table(f"SELECT kin, number FROM picture WHERE {DRAWN} ORDER BY kin, lot, name")
        chosen = (
            (number,)
            for kin, pictures in groupby(drawn, key=lambda row: row[0])
            for _, number in islice(pictures, share(sizes[kin], fraction))
        )
        self.table.each("INSERT INTO chosen VALUES (?)", chosen)

    def choose(self, names: Iterable[str]) -> list[str]:
        """Chooses what a list names: by its path, by one that ends in it, or by its last part alone; without suffix.

        Returns what is named in vain.
        """
        pictures = self.table("SELECT name, number FROM picture")
        paths = ((without_suffix(name), number) for name, number in pictures)
        aliases = ((*self.table.text(path, path.rpartition("/")[2]), number) for path, number in paths)
        self.table.each("INSERT INTO called SELECT CAST(? AS TEXT), CAST(? AS TEXT), ?", aliases)
        self.table("CREATE INDEX by_path ON called (path)")
        self.table("CREATE INDEX by_last_part ON called (last_part)")
        return [name for name in names if not self._chosen_by(called(name))]

    def _chosen_by(self, paths: list[str]) -> bool:
        by = "SELECT number FROM called WHERE {} = CAST(? AS TEXT)"
        tried = (self.table(by.format("path"), *self.table.text(path)).fetchall() for path in paths)
        found = next(filter(None, tried), [])
        if len(paths) == 1:
            found += self.table(by.format("last_part"), *self.table.text(paths[0]))
        self.table.each("INSERT OR IGNORE INTO chosen VALUES (?)", found)
        return bool(found)

    def forgotten(self) -> list[str]:
        """Images that earlier runs have placed, of which the listing no longer knows."""
        here = "SELECT image FROM picture WHERE image IS NOT NULL"
        return [image for (image,) in self.table(f"SELECT image FROM known WHERE image NOT IN ({here})")]

    def open(self, size: int) -> Iterator[list[Listed]]:
        """Pictures that are neither placed nor left out, `size` at a time."""
        last = 0
        while rows := sorted(json.loads(self.table(OPEN, last, size).fetchone()[0])):
            last = rows[-1][0]
            yield [
                Listed(number, Picture(name, path, class_name, mask=mask), split, bool(shared))
                for number, name, path, class_name, mask, split, shared in rows
            ]

    def note(self, images: Mapping[int, str]) -> None:
        """Where pictures lie now, by their numbers; "" if they are left out."""
        self.table(
            "UPDATE picture SET image = value FROM json_each(?) WHERE number = CAST(key AS INTEGER)",
            json.dumps(images),
        )

    def correct(self, images: Mapping[int, str]) -> None:
        """As `note`, of pictures whose places were noted before."""
        self.note(images)
        self.is_in_order &= not images

    def done(self) -> tuple[int, int]:
        """How many pictures are placed, and how many there are."""
        return self.table("SELECT count(image), count(*) FROM picture").fetchone()

    def splits(self) -> Counter[str]:
        """How many pictures are for each split, without those left out."""
        return Counter(dict(self.table(f"SELECT split, count(*) FROM listed WHERE {GOOD} GROUP BY split")))

    def classes(self) -> list[str]:
        """The classes of pictures that are not left out, in natural order."""
        names = self.table(f"SELECT DISTINCT class_name FROM picture WHERE {GOOD}")
        return sorted((name for (name,) in names), key=natural_order)

    def lonely(self, fewest: int) -> list[tuple[int, Picture, str]]:
        """Number, picture and place of the images of classes that have less than `fewest`."""
        rows = self.table(
            "SELECT number, name, path, class_name, image FROM picture WHERE image != '' AND class_name IN "
            "(SELECT class_name FROM picture WHERE image != '' AND class_name != '' GROUP BY 1 HAVING count(*) < ?)",
            fewest,
        )
        return [(number, Picture(name, path, class_name), image) for number, name, path, class_name, image in rows]

    def misplaced(self) -> list[tuple[int, str, str]]:
        """Number, place and split of the images that lie in another split."""
        wrong = "image != '' AND substr(image, 1, instr(image, '/') - 1) != split"
        return self.table(f"SELECT number, image, split FROM listed WHERE {wrong}").fetchall()

    def placed(self) -> Iterator[tuple[Picture, str]]:
        """All good pictures with their places, in the order of their names."""
        rows = "SELECT name, path, class_name, image FROM picture WHERE image != '' ORDER BY name, number"
        for name, path, class_name, image in self.table(rows):
            yield Picture(name, path, class_name), image


@contextlib.contextmanager
def open_ledger() -> Iterator[Ledger]:
    """An empty one. Raises WorkError if the disk is full."""
    with open_scratch(TABLES) as table:
        yield Ledger(table)
