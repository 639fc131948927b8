"""Chooses the validation images among those of a ledger."""

from collections.abc import Iterable
from itertools import groupby, islice

from datatransformer.label_sets import choose_by_labels
from datatransformer.naming import without_suffix
from datatransformer.split import possible_paths, validation_count
from datatransformer.temporary_database import TemporaryDatabase

KEPT = "place IS NOT ''"
"""Images that are not left out."""

UNDECIDED = f"given IS NULL AND {KEPT} AND frame < 2"
"""Images to choose from. The other frames of a file go where its first one goes."""


class ValidationChoice:
    """Chooses images in the tables of a ledger: it fills the table `chosen`."""

    def __init__(self, table: TemporaryDatabase) -> None:
        self.table = table
        self.group_sizes: dict[str, int] = {}

    def by_share(self, fraction: float) -> None:
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
        self._choose_other_frames()

    def by_labels(self, fraction: float) -> None:
        """As `by_share`, for images with several labels: a share of each label."""
        sizes = {"": self.table(f"SELECT count(*) FROM image WHERE {UNDECIDED}").fetchone()[0]}
        if sizes != self.group_sizes:
            self.group_sizes = sizes
            choose_by_labels(self.table, UNDECIDED, fraction)
            self._choose_other_frames()

    def _choose_other_frames(self) -> None:
        """Chooses all frames of the files whose first one is chosen: their others are neighbours of training images."""
        if self.table("SELECT EXISTS (SELECT 1 FROM image WHERE frame > 1)").fetchone()[0]:
            self.table("CREATE INDEX IF NOT EXISTS by_file ON image (path, class_name)")
            self.table(
                "INSERT OR IGNORE INTO chosen SELECT other.number FROM image JOIN image AS other "
                "USING (path, class_name) WHERE image.frame = 1 AND other.frame > 1 AND image.number IN chosen"
            )

    def by_list(self, names: Iterable[str]) -> list[str]:
        """Chooses the images that a list names, and returns the names that no image has.

        A name without its suffix can be the path of an image, end in that path, or be its last part.
        """
        images = self.table("SELECT name, number FROM image")
        paths = ((without_suffix(name), number) for name, number in images)
        aliases = ((*self.table.text(path, path.rpartition("/")[2]), number) for path, number in paths)
        self.table.each("INSERT INTO alias SELECT CAST(? AS TEXT), CAST(? AS TEXT), ?", aliases)
        self.table("CREATE INDEX by_path ON alias (path)")
        self.table("CREATE INDEX by_last_part ON alias (last_part)")
        unknown = [name for name in names if not self._choose(possible_paths(name))]
        self._choose_other_frames()
        return unknown

    def _choose(self, paths: list[str]) -> bool:
        """Chooses the images of the first path that exists. Returns whether there are any."""
        select = "SELECT number FROM alias WHERE {} = CAST(? AS TEXT)"
        results = (self.table(select.format("path"), *self.table.text(path)).fetchall() for path in paths)
        numbers = next(filter(None, results), [])
        if len(paths) == 1:
            numbers += self.table(select.format("last_part"), *self.table.text(paths[0]))
        self.table.each("INSERT OR IGNORE INTO chosen VALUES (?)", numbers)
        return bool(numbers)
