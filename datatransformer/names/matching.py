"""Finds files by the names that tables, lists and annotations use for them. One rule for every source."""

import os
import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from datatransformer.names.affix_search import best_affixes
from datatransformer.names.affixes import SAME, Affixes, same_number
from datatransformer.names.best_fit import Found, best_fit
from datatransformer.names.file_names import NameParts, closest, name_parts
from datatransformer.temporary_database import TemporaryDatabase

if TYPE_CHECKING:
    from datatransformer.report import Report

TABLES = """
    CREATE TABLE known (number INTEGER PRIMARY KEY, name TEXT, key TEXT, plain TEXT);
    CREATE TABLE known_folder (name TEXT PRIMARY KEY) WITHOUT ROWID;
"""
INDEXES = "CREATE INDEX by_key ON known (key, name)", "CREATE INDEX by_plain_stem ON known (plain)"
"""Keys are paths without suffix, from the file back to the first folder: `1/cats/train/` for `train/cats/1.jpg`.
So the files that end in a path are neighbours in the index. `plain`: the stem, its numbers without leading zeros."""

MOST_CANDIDATES = 100
"""Files that are looked at for a name."""

NEIGHBOURS, FIRST = 25, 50
"""Files among which the nearest name is looked for: neighbours in order on each side, and the first of the folder."""

MOST_NEAREST = 1000
"""Names for which the nearest is looked for. A report of more would not be read, and each takes a millisecond."""

SAMPLE, FILES_OF_SAMPLE = 100, 300
"""Names that nothing was found for, and files, from which it is learnt what they have before and behind."""

LEARNT = 0.5
"""What is learnt counts if it finds files for this share of the names that nothing else was found for."""

SPREADSHEET_NUMBER = re.compile(r"(\d+)(\.0+)?")

DIFFERENCES = {
    "folders": "their folders",
    "suffix": "their suffix",
    "case": "upper and lower case",
    "zeros": "leading zeros and a decimal point, as spreadsheets change them",
    "other folders": "their folders, which have other names here",
    "affixes": "what all of them, or all files, have before or behind",
}
"""What a name and its file may differ in, besides the form of Unicode and the kind of slash."""


class FileNames:
    """The names of files, to be found by other spellings.

    A name means, in this order: the file with exactly this name; with the same name in another form of Unicode, in
    upper or lower case, or with the other slash; the file with the longest path that ends like it; one with another
    suffix; one with leading zeros that a spreadsheet has removed; one without what all names, or all files, have before
    or behind. Each step counts only where one file fits.
    A name that leads out of the folder (`..`) means the files inside that end like it, never one outside.

    Attributes:
        counts: for each set of differences between name and file: how many names, and the first with its file.
    """

    def __init__(self, table: TemporaryDatabase, names: Iterable[str]) -> None:
        self.table = table
        self.counts: dict[tuple[str, ...], tuple[int, str, str]] = {}
        self.found = Found([])
        self.nearest_left = MOST_NEAREST
        self.has_folders = False
        self.affixes: Affixes | None = None

        def rows() -> Iterator[tuple]:
            for name in names:
                parts = name_parts(name)
                yield table.text(name, parts.key(len(parts.folders)), same_number(parts.stem))

        for statement in TABLES.strip().splitlines():
            table(statement)
        text = "CAST(? AS TEXT)"
        table.each(f"INSERT INTO known (name, key, plain) SELECT {text}, {text}, {text}", rows())
        for statement in INDEXES:
            table(statement)

    def learn(self, names: Iterable[str]) -> None:
        """Learns what all names, or all files, have before or behind the part that they share, if they have.

        `names`: a sample. What is learnt counts for names that nothing else is found for. Nothing is learnt if several
        rules fit as well.
        """
        missing = [parts.stem for name in names if (parts := name_parts(name)).stem and not self._find(name).names]
        missing = [same_number(stem) for stem in dict.fromkeys(missing)][:SAMPLE]
        count = self.table("SELECT count(*) FROM known").fetchone()[0]
        every = "SELECT plain FROM known WHERE number % ? = 0"
        files = [plain for (plain,) in self.table(every, -(-count // FILES_OF_SAMPLE) or 1)]
        if len(missing) < 2 or len(files) < 2:
            return
        rules = best_affixes(missing, files, self._near, self._is_stem)
        found = sum(
            bool((stem := rule.mask_of(name)) and self._is_stem(stem)) for rule in rules[:1] for name in missing
        )
        if len(rules) == 1 and rules[0] != SAME and found >= LEARNT * len(missing):
            (self.affixes,) = rules

    def _near(self, stem: str) -> list[str]:
        """Stems of files before and after this one in order."""
        select = "SELECT plain FROM known WHERE plain {} CAST(? AS TEXT) ORDER BY plain {} LIMIT 8"
        sides = ((">=", "ASC"), ("<", "DESC"))
        return [near for side in sides for (near,) in self.table(select.format(*side), *self.table.text(stem))]

    def _is_stem(self, stem: str) -> bool:
        select = "SELECT 1 FROM known WHERE plain = CAST(? AS TEXT)"
        return self.table(select, *self.table.text(stem)).fetchone() is not None

    def find(self, name: str) -> list[str]:
        """The files that a name can mean: none, one, or several if it is ambiguous.

        What the one file differs in from the name stays in `found` until the next call.
        """
        self.found = self._find(name)
        if len(self.found.names) == 1 and self.found.differences:
            count, *first = self.counts.get(self.found.differences, (0, name, self.found.names[0]))
            self.counts[self.found.differences] = (count + 1, first[0], first[1])
        return self.found.names

    def _find(self, name: str) -> Found:
        spellings = [name, *([name.strip()] if name != name.strip() else [])]
        if "%" in name or "://" in name:
            spellings.append(unquote(urlsplit(name).path if "://" in name else name))
        for spelling in spellings:
            parts = name_parts(spelling)
            if parts.stem and (found := self._by_path(spelling, parts) or self._by_number(parts)):
                return found
            if parts.stem and (found := self._by_affixes(parts)):
                return found
        return Found([])

    def _by_path(self, name: str, parts: NameParts) -> Found | None:
        for depth in range(len(parts.folders), -1, -1):
            key = parts.key(depth)
            files = self._files_with(key)
            if not files:
                continue
            if depth < len(parts.folders) and self._is_elsewhere(parts, depth, key, files):
                return None
            return best_fit(name, parts, files, depth)
        return None

    def _files_with(self, key: str) -> list[tuple[str, str]]:
        """Names and keys of the files whose key begins with `key`."""
        select = "SELECT name, key FROM known WHERE key >= CAST(? AS TEXT) AND key < CAST(? AS TEXT) ORDER BY key, name"
        bounds = self.table.text(key, key[:-1] + "0")  # 0 follows / in every order
        return self.table(f"{select} LIMIT {MOST_CANDIDATES}", *bounds).fetchall()

    def _is_elsewhere(self, parts: NameParts, depth: int, key: str, files: list[tuple[str, str]]) -> bool:
        """Whether the name is of a file that is missing: its folder is there, and other folders have such a file."""
        if any(file_key == key for _, file_key in files):
            return False
        if not self.has_folders:
            names = (name for (name,) in self.table("SELECT name FROM known"))
            folders = (self.table.text(folder) for name in names for folder in name_parts(name).folders)
            self.table.each("INSERT OR IGNORE INTO known_folder SELECT CAST(? AS TEXT)", folders)
            self.has_folders = True
        select = "SELECT 1 FROM known_folder WHERE name = CAST(? AS TEXT)"
        return self.table(select, *self.table.text(parts.folders[depth])).fetchone() is not None

    def _by_number(self, parts: NameParts) -> Found | None:
        match = SPREADSHEET_NUMBER.fullmatch(parts.stem)
        if not match:
            return None
        names = self._with_plain_stem(same_number(match[1]))
        for depth in range(len(parts.folders), -1, -1):
            inside = [name for name in names if name_parts(name).folders[:depth] == parts.folders[:depth]]
            if inside and depth < len(parts.folders) and any(len(name_parts(name).folders) > depth for name in inside):
                return None
            if inside:
                return Found(inside, ("zeros",))
        return None

    def _by_affixes(self, parts: NameParts) -> Found | None:
        """The files of the stem that the learnt rule gives; of several, those in the nearest folders of this name."""
        stem = self.affixes.mask_of(same_number(parts.stem)) if self.affixes else None
        names = self._with_plain_stem(stem) if stem else []
        for depth in range(len(parts.folders), -1, -1):
            inside = [name for name in names if name_parts(name).folders[:depth] == parts.folders[:depth]]
            if inside:
                return Found(inside, ("affixes",))
        return None

    def _with_plain_stem(self, stem: str) -> list[str]:
        select = f"SELECT name FROM known WHERE plain = CAST(? AS TEXT) ORDER BY number LIMIT {MOST_CANDIDATES}"
        return [name for (name,) in self.table(select, *self.table.text(stem))]

    def nearest(self, name: str) -> str | None:
        """The most similar of the names in the same order and of the first names; None if none is similar."""
        parts = name_parts(name)
        if not parts.stem or self.nearest_left <= 0:
            return None
        self.nearest_left -= 1
        key = self.table.text(parts.key(len(parts.folders)))
        select = "SELECT name FROM known WHERE key {} CAST(? AS TEXT) ORDER BY key {} LIMIT {}"
        after = self.table(select.format(">=", "ASC", NEIGHBOURS), *key).fetchall()
        before = self.table(select.format("<", "DESC", NEIGHBOURS), *key).fetchall()
        first = self.table(f"SELECT name FROM known WHERE number <= {FIRST}").fetchall()
        return closest(name, [file for (file,) in (*before, *after, *first)])

    def describe(self, report: "Report", of: str = "names") -> None:
        """Says how many names were found in spite of a difference, with an example of each."""
        for differences, (count, name, file) in self.counts.items():
            said = " and ".join(DIFFERENCES[difference] for difference in differences)
            report.note(
                f"{count} {of if count > 1 else of.removesuffix('s')} {'were' if count > 1 else 'was'} "
                f"found without regard to {said}, such as {file} by the name {name}"
            )


def why_not_found(name: str, files: FileNames, folder: object) -> str:
    """The reason that a name is not found, or not clearly, with the nearest name that is there."""
    if files.found.names:
        shown = ", ".join(files.found.names[:5])
        more = f" and {len(files.found.names) - 5} more" if len(files.found.names) > 5 else ""
        return f"could be any of {shown}{more}; give more of its path"
    nearest = files.nearest(name)
    near = f"; the nearest name is {nearest}" if nearest else ""
    if name_parts(name).leads_out or (os.path.isabs(name) and os.path.exists(name)):
        return f"leads out of the raw folder; only files in it are read{near}"
    return f"there is no such file in {folder}{near}"
