"""The ledger: all images of a data set that is being made, in a table on disk, so that millions need little memory."""

import contextlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import groupby, islice
from typing import NamedTuple

from datatransformer.layout import Row
from datatransformer.listing import RawImage, Rejected
from datatransformer.naming import natural_order, stem_of, without_suffix
from datatransformer.split import SplitKey, possible_paths, validation_count
from datatransformer.temporary_database import TemporaryDatabase, open_temporary_database
from storage.tables import csv_safe

TABLES = """
    CREATE TABLE earlier (source TEXT, class_name TEXT, place TEXT, PRIMARY KEY (source, class_name)) WITHOUT ROWID;
    CREATE TABLE image (
        number INTEGER PRIMARY KEY, name TEXT, path TEXT, class_name TEXT, mask TEXT,
        stem TEXT,   -- in small letters
        given TEXT,  -- the split, if the raw data decide it; of all others, the first of each group are for validation
        split_group TEXT, sort_key BLOB,
        place TEXT   -- the path in the data folder; '' if the image is left out, NULL while it is pending
    );
    CREATE TABLE chosen (number INTEGER PRIMARY KEY);
    CREATE TABLE shared (class_name TEXT, stem TEXT, PRIMARY KEY (class_name, stem)) WITHOUT ROWID;
    CREATE TABLE alias (path TEXT, last_part TEXT, number INTEGER);  -- filled if there is a list of validation images
    CREATE VIEW with_split AS
        SELECT *, coalesce(given, iif(number IN chosen, 'val', 'train')) AS split FROM image;
"""

INSERT = """
    INSERT INTO image (name, path, class_name, mask, stem, split_group, sort_key, given, place)
    SELECT CAST(?1 AS TEXT), CAST(?2 AS TEXT), CAST(?3 AS TEXT), CAST(?4 AS TEXT), CAST(?5 AS TEXT), CAST(?6 AS TEXT),
        ?8, ?9, (SELECT place FROM earlier WHERE source = CAST(?7 AS TEXT) AND class_name = CAST(?10 AS TEXT))
"""
PENDING = """
    SELECT json_group_array(json_array(number, name, path, class_name, mask, split, (class_name, stem) IN shared))
    FROM (SELECT * FROM with_split WHERE number > ? AND place IS NULL ORDER BY number LIMIT ?)
"""
"""Returns a whole batch as one row: SQLite releases Python's lock at each row, and then waits behind other threads."""

KEPT = "place IS NOT ''"
"""Images that are not left out."""

UNDECIDED = f"given IS NULL AND {KEPT}"


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
        self.group_sizes: dict[str, int] = {}

    def add_earlier(self, rows: Iterable[Row]) -> None:
        """Takes up the images that earlier runs have placed. Call this before `add`."""
        texts = (self.table.text(row.source, row.class_name, row.image) for row in rows)
        insert = "INSERT OR REPLACE INTO earlier SELECT CAST(? AS TEXT), CAST(? AS TEXT), CAST(? AS TEXT)"
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
                    rejected.append(Rejected(csv_safe(entry.source), entry.reason))
                    continue
                group, sort_key, split = key(entry)
                name, class_name, stem = entry.name, entry.class_name, stem_of(entry.name).casefold()
                texts = self.table.text(name, entry.path, class_name, entry.mask, stem, group, csv_safe(entry.source))
                yield *texts, sort_key, split, texts[2] if by_class else ""
                self.is_in_order &= before <= name
                before = name

        self.table.each(INSERT, rows())
        self.table(
            "INSERT INTO shared SELECT class_name, stem FROM image GROUP BY class_name, stem HAVING count(*) > 1"
        )
        return rejected

    def all_splits_are_given(self) -> bool:
        """Whether the raw data decide the split of every image."""
        total, given = self.table("SELECT count(*), count(given) FROM image").fetchone()
        return 0 < total == given

    def choose_share(self, fraction: float) -> None:
        """Chooses the validation images: a share of each group, among the images that are not left out."""
        sizes = dict(self.table(f"SELECT split_group, count(*) FROM image WHERE {UNDECIDED} GROUP BY split_group"))
        if sizes == self.group_sizes:  # no image was left out since
            return
        self.group_sizes = sizes
        self.table("DELETE FROM chosen")
        columns, order = "split_group, number", "split_group, sort_key, name"
        undecided = self.table(f"SELECT {columns} FROM image WHERE {UNDECIDED} ORDER BY {order}")
        chosen = (
            (number,)
            for group, images in groupby(undecided, key=lambda row: row[0])
            for _, number in islice(images, validation_count(sizes[group], fraction))
        )
        self.table.each("INSERT INTO chosen VALUES (?)", chosen)

    def choose_listed(self, names: Iterable[str]) -> list[str]:
        """Chooses the images that a list names, and returns the names that no image has.

        A name without its suffix can be the path of an image, end in that path, or be its last part.
        """
        images = self.table("SELECT name, number FROM image")
        paths = ((without_suffix(name), number) for name, number in images)
        aliases = ((*self.table.text(path, path.rpartition("/")[2]), number) for path, number in paths)
        self.table.each("INSERT INTO alias SELECT CAST(? AS TEXT), CAST(? AS TEXT), ?", aliases)
        self.table("CREATE INDEX by_path ON alias (path)")
        self.table("CREATE INDEX by_last_part ON alias (last_part)")
        return [name for name in names if not self._choose(possible_paths(name))]

    def _choose(self, paths: list[str]) -> bool:
        """Chooses the images of the first path that exists. Returns whether there are any."""
        select = "SELECT number FROM alias WHERE {} = CAST(? AS TEXT)"
        results = (self.table(select.format("path"), *self.table.text(path)).fetchall() for path in paths)
        numbers = next(filter(None, results), [])
        if len(paths) == 1:
            numbers += self.table(select.format("last_part"), *self.table.text(paths[0]))
        self.table.each("INSERT OR IGNORE INTO chosen VALUES (?)", numbers)
        return bool(numbers)

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
                PendingImage(number, RawImage(name, path, class_name, mask=mask), split, bool(shared))
                for number, name, path, class_name, mask, split, shared in rows
            ]

    def set_places(self, places: Mapping[int, str]) -> None:
        """Sets the places of images by their numbers; "" for images that are left out."""
        self.table(
            "UPDATE image SET place = value FROM json_each(?) WHERE number = CAST(key AS INTEGER)",
            json.dumps(places),
        )

    def correct_places(self, places: Mapping[int, str]) -> None:
        """As `set_places`, for images that already have a place."""
        self.set_places(places)
        self.is_in_order &= not places

    def progress(self) -> tuple[int, int]:
        """The number of images that are done, and of all images."""
        return self.table("SELECT count(place), count(*) FROM image").fetchone()

    def splits(self) -> Counter[str]:
        """The number of images of each split, without the ones that are left out."""
        return Counter(dict(self.table(f"SELECT split, count(*) FROM with_split WHERE {KEPT} GROUP BY split")))

    def classes(self) -> list[str]:
        """The classes of images that are not left out, in natural order."""
        names = self.table(f"SELECT DISTINCT class_name FROM image WHERE {KEPT}")
        return sorted((name for (name,) in names), key=natural_order)

    def too_small_classes(self, minimum: int) -> list[tuple[int, RawImage, str]]:
        """Number, image and place of all images whose class has fewer than `minimum` images."""
        rows = self.table(
            "SELECT number, name, path, class_name, place FROM image WHERE place != '' AND class_name IN "
            "(SELECT class_name FROM image WHERE place != '' AND class_name != '' GROUP BY 1 HAVING count(*) < ?)",
            minimum,
        )
        return [(number, RawImage(name, path, class_name), place) for number, name, path, class_name, place in rows]

    def in_wrong_split(self) -> list[tuple[int, str, str]]:
        """Number, place and split of the images that were placed in the other split."""
        wrong = "place != '' AND substr(place, 1, instr(place, '/') - 1) != split"
        return self.table(f"SELECT number, place, split FROM with_split WHERE {wrong}").fetchall()

    def placed(self) -> Iterator[tuple[RawImage, str]]:
        """Yields all images that are not left out, with their places, sorted by name."""
        rows = "SELECT name, path, class_name, place FROM image WHERE place != '' ORDER BY name, number"
        for name, path, class_name, place in self.table(rows):
            yield RawImage(name, path, class_name), place


@contextlib.contextmanager
def open_ledger() -> Iterator[Ledger]:
    """An empty ledger. Raises WorkError if the disk is full."""
    with open_temporary_database(TABLES) as table:
        yield Ledger(table)
