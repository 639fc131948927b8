"""Chooses the validation and test images among those of a ledger."""

from collections.abc import Iterable, Iterator
from itertools import groupby, islice
from typing import TYPE_CHECKING

from datatransformer.listing import Rejected
from datatransformer.names.matching import FileNames, why_not_found
from datatransformer.split import Shares
from datatransformer.tables.label_sets import choose_by_labels
from datatransformer.temporary_database import TemporaryDatabase, open_temporary_database

if TYPE_CHECKING:
    from datatransformer.report import Report

KEPT = "place IS NOT ''"
"""Images that are not left out."""

UNDECIDED = f"given IS NULL AND {KEPT} AND frame < 2"
"""Images to choose from. The other frames of a file go where its first one goes."""


MOST_OF_SAMPLE = 100
"""Names of a list from which it is learnt how they differ from those of images."""


class SplitChoice:
    """Chooses images in the tables of a ledger: it fills the table `chosen` with images that are not for training."""

    def __init__(self, table: TemporaryDatabase) -> None:
        self.table = table
        self.group_sizes: dict[str, int] = {}

    def by_share(self, shares: Shares) -> None:
        """Chooses a share of each group, among the images that are not left out."""
        sizes = dict(self.table(f"SELECT split_group, count(*) FROM image WHERE {UNDECIDED} GROUP BY split_group"))
        if sizes == self.group_sizes:  # no image was left out since
            return
        self.group_sizes = sizes
        self.table("DELETE FROM chosen")
        columns, order = "split_group, number", "split_group, sort_key, name"
        undecided = self.table(f"SELECT {columns} FROM image WHERE {UNDECIDED} ORDER BY {order}")

        def chosen() -> Iterator[tuple[int, str]]:
            for group, images in groupby(undecided, key=lambda row: row[0]):
                for split, count in zip(("val", "test"), shares.counts(sizes[group]), strict=True):
                    yield from ((number, split) for _, number in islice(images, count))

        self.table.each("INSERT INTO chosen VALUES (?, ?)", chosen())
        self._choose_other_frames()

    def by_labels(self, shares: Shares) -> None:
        """As `by_share`, for images with several labels: a share of each label."""
        sizes = {"": self.table(f"SELECT count(*) FROM image WHERE {UNDECIDED}").fetchone()[0]}
        if sizes != self.group_sizes:
            self.group_sizes = sizes
            choose_by_labels(self.table, UNDECIDED, shares)
            self._choose_other_frames()

    def _choose_other_frames(self) -> None:
        """Chooses all frames of the files whose first one is chosen: their others are neighbours of training images."""
        if self._has_frames():
            self.table(
                "INSERT OR IGNORE INTO chosen SELECT other.number, chosen.split FROM chosen JOIN image USING (number) "
                "JOIN image AS other USING (path, class_name) WHERE image.frame = 1 AND other.frame > 1"
            )

    def by_list(self, names: Iterable[str], split: str, report: "Report | None" = None) -> list[Rejected]:
        """Takes the images that a list names for a split. Returns the names that mean no image, or several."""
        listed = (name for (name,) in self.table("SELECT DISTINCT name FROM image WHERE frame < 2 ORDER BY name"))
        names, found, rejected = list(names), list[str](), list[Rejected]()
        with open_temporary_database(tables="") as of_list:
            files = FileNames(of_list, listed)
            files.learn(names[:: -(-len(names) // MOST_OF_SAMPLE) or 1])
            for name in names:
                meant = files.find(name)
                if len(meant) == 1:
                    found += meant
                else:
                    rejected.append(Rejected(name, why_not_found(name, files, "the raw data")))
            if report:
                files.describe(report, of="names of the list")
        self._give(found, split)
        return rejected

    def _give(self, names: Iterable[str], split: str) -> None:
        """Gives a split to the images of these names, and to the other frames of their files."""
        self.table("CREATE INDEX IF NOT EXISTS by_name ON image (name)")
        take = "UPDATE image SET given = ? WHERE name = CAST(? AS TEXT)"
        self.table.each(take, ((split, *self.table.text(name)) for name in names))
        if self._has_frames():
            first = "FROM image AS first WHERE first.path = image.path AND first.class_name = image.class_name"
            self.table(f"UPDATE image SET given = (SELECT given {first} AND first.frame = 1) WHERE frame > 1")

    def _has_frames(self) -> bool:
        """Whether a file has several images. Makes the index by which they are found."""
        if not self.table("SELECT EXISTS (SELECT 1 FROM image WHERE frame > 1)").fetchone()[0]:
            return False
        self.table("CREATE INDEX IF NOT EXISTS by_file ON image (path, class_name)")
        return True
