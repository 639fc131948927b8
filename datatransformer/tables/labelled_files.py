"""The files that label tables name, and lines that contradict each other."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from datatransformer.folders.raw_files import names_below, names_of
from datatransformer.listing import Rejected
from datatransformer.names.matching import FileNames, why_not_found
from datatransformer.temporary_database import TemporaryDatabase
from settings import SettingError, bad_setting
from storage.name_cells import name_of_cell

if TYPE_CHECKING:
    from datatransformer.report import Report

TABLES = """
    CREATE TABLE file (number INTEGER PRIMARY KEY, name TEXT UNIQUE, is_link INTEGER);
    CREATE TABLE labelled (  -- labels as JSON; place: file and line; image: as the table names it, if otherwise
        name TEXT, labels TEXT, place TEXT, split TEXT, image TEXT
    );
"""
LABELS = (
    "SELECT name, is_link, labels, place, split FROM labelled JOIN file USING (name) ORDER BY number, labelled.rowid"
)

FEWEST_SEVERAL, LARGEST_SHARE_OF_MISTAKES = 3, 0.1
"""Images with different labels in several lines are mistakes up to here, and left out; more are meant so."""


def refuse_several(database: TemporaryDatabase) -> None:
    """Raises SettingError if so many images have different labels in several lines that these are no mistakes."""
    with_many = "SELECT name, group_concat(place, ', ') AS places FROM labelled WHERE labels != '[]' GROUP BY name"
    with_many += " HAVING count(DISTINCT labels) > 1"
    many, first, places = database(f"SELECT count(*), min(name), places FROM ({with_many})").fetchone()
    images = database("SELECT count(DISTINCT name) FROM labelled").fetchone()[0]
    if many >= FEWEST_SEVERAL and many > images * LARGEST_SHARE_OF_MISTAKES:
        why = f"{many} of {images} images have several labels in lines of their own, such as {first} ({places})"
        raise SettingError(bad_setting("labels", "one", f"{why}. Read them by --labels several"))


def claimed_twice(database: TemporaryDatabase) -> list[Rejected]:
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


class LabelledFiles:
    """The files in the raw folder, found by the names that a label table uses.

    `sample`: gives some of these names.
    """

    def __init__(
        self,
        table: TemporaryDatabase,
        root: Path,
        leave_out: Iterable[Path | None],
        sample: Callable[[], Iterable[str]],
    ) -> None:
        self.table, self.root, self.sample = table, root, sample
        self.names: FileNames | None = None
        others = names_of(leave_out, root)
        files = ((*self.table.text(name), is_link) for name, is_link in names_below(root) if name not in others)
        self.table.each("INSERT INTO file (name, is_link) SELECT CAST(? AS TEXT), ?", files)

    def find(self, image: str) -> list[str]:
        """The file with exactly this name, or whose name our tables write so, or else every file that it can mean."""
        for name in dict.fromkeys((name_of_cell(image), image)):
            if self.table("SELECT 1 FROM file WHERE name = CAST(? AS TEXT)", *self.table.text(name)).fetchone():
                return [name]
        return self._other_names().find(image)

    def all_names(self) -> Iterator[str]:
        return (name for (name,) in self.table("SELECT name FROM file"))

    def why_not_found(self, image: str) -> str:
        return why_not_found(image, self._other_names(), self.root)

    def describe(self, report: "Report") -> None:
        if self.names:
            self.names.describe(report)

    def _other_names(self) -> FileNames:
        if self.names is None:
            names = (name for (name,) in self.table("SELECT name FROM file ORDER BY number"))
            self.names = FileNames(self.table, names)
            self.names.learn(self.sample())
        return self.names
