"""The names of images and masks, in a table on disk: which file is of which side, and what names of masks add."""

import functools
import re
from collections.abc import Iterable, Iterator

from datatransformer.names.affix_search import NamesInOneFolder, best_affixes
from datatransformer.names.affixes import Affixes, same_number
from datatransformer.names.file_names import name_parts
from datatransformer.temporary_database import TemporaryDatabase, new_temporary_database

TABLES = """
    CREATE TABLE file (
        number INTEGER PRIMARY KEY, side TEXT, name TEXT, stem TEXT, reversed TEXT,
        plain TEXT,   -- the stem with its numbers without leading zeros
        folders TEXT  -- from the nearest to the first, each with a slash behind it
    );
    CREATE INDEX by_stem ON file (side, stem);
    CREATE INDEX by_reversed ON file (side, reversed);
    CREATE INDEX by_plain_stem ON file (side, plain);
    CREATE TABLE core (number INTEGER PRIMARY KEY, side TEXT, core TEXT, plain TEXT, folders TEXT);
    CREATE INDEX by_core ON core (side, core, folders);
    CREATE INDEX by_plain ON core (side, plain);
    CREATE TABLE folder (side TEXT, nearest TEXT, PRIMARY KEY (side, nearest)) WITHOUT ROWID;
    CREATE TABLE match (image INTEGER, mask INTEGER, quality INTEGER, PRIMARY KEY (image, mask)) WITHOUT ROWID;
    CREATE INDEX by_mask ON match (mask);
    CREATE TABLE found (image INTEGER, mask INTEGER, quality INTEGER);
    CREATE TABLE reason (number INTEGER PRIMARY KEY, text TEXT);
"""

SAMPLE = 300
"""Names, evenly spread, from which the prefix and suffix of masks are found."""

NEIGHBOURS = 8
"""Masks that are compared with an image of the sample, on each side of it in order."""

FOLDER_WORDS = re.compile(
    r"(?<![^\W_])(images?|imgs?|pictures?|photos?|jpegimages|masks?|labels?|annotations?|annot|gt|ground[ _-]?truths?|"
    r"segmentations?|targets?)(?![^\W_])"
)
"""Words in which folders of images and of masks differ."""

MASK_FOLDER = re.compile(
    r"(?<![^\W_])(masks?|labels?|annotations?|annot|gt|ground[ _-]?truths?|segmentations?|targets?)(?![^\W_])"
)


class ImageAndMaskNames:
    """The files of both sides. Names are paths in the folder of each side."""

    def __init__(self) -> None:
        self.table: TemporaryDatabase = new_temporary_database(TABLES)

    def add(self, side: str, names: Iterable[str]) -> None:
        """Takes up the files of a side: "image", "mask", or "any" if they are to be told apart."""

        def rows() -> Iterator[tuple]:
            for name in names:
                parts = name_parts(name)
                folders = [FOLDER_WORDS.sub("", folder).strip(" _-.") for folder in parts.folders]
                key = "".join(f"{folder}/" for folder in folders if folder)
                yield side, *self.table.text(name, parts.stem, parts.stem[::-1], same_number(parts.stem), key)

        text = "CAST(? AS TEXT)"
        columns = "side, name, stem, reversed, plain, folders"
        insert = f"INSERT INTO file ({columns}) SELECT ?, {text}, {text}, {text}, {text}, {text}"
        self.table.each(insert, rows())

    def tell_apart(self) -> None:
        """Makes images and masks of files that lie in the same folders: by folders, formats, or names."""

        def rows() -> Iterator[tuple[int, str]]:
            return self.table("SELECT number, name FROM file WHERE side = 'any'")

        in_mask_folders = [number for number, name in rows() if MASK_FOLDER.search("/".join(name_parts(name).folders))]
        if in_mask_folders:
            self._become_masks(in_mask_folders)
            return
        jpeg = "(name LIKE '%.jpg' OR name LIKE '%.jpeg')"
        beside = f"SELECT stem, folders FROM file WHERE {jpeg}"
        lossless = f"SELECT number FROM file WHERE NOT {jpeg} AND (stem, folders) IN ({beside})"
        masks = [number for (number,) in self.table(lossless)]
        if not masks:
            sample = self._sample("any")
            names = NamesInOneFolder(
                sample, functools.partial(self.near, "any"), functools.partial(self.is_there, "any")
            )
            if rule := names.affixes():
                for number, name in rows():
                    core = rule.core_of_mask(name_parts(name).stem)
                    if core is not None and self.is_there("any", f"{rule.image_prefix}{core}{rule.image_suffix}"):
                        masks.append(number)
        self._become_masks(masks)

    def _become_masks(self, numbers: Iterable[int]) -> None:
        self.table.each("UPDATE file SET side = 'mask' WHERE number = ?", ((number,) for number in numbers))
        self.table("UPDATE file SET side = 'image' WHERE side = 'any'")

    def find_affixes(self) -> list[Affixes]:
        """The affixes that fit best, and others that are as good and would give other masks. Empty: no mask fits."""
        near, is_mask = functools.partial(self.near, "mask"), functools.partial(self.is_there, "mask")
        images, masks = self._sample("image"), self._sample("mask")
        if rules := best_affixes(images, masks, near, functools.cache(is_mask)):
            return rules
        is_mask = functools.partial(self.is_there, "mask", column="plain")  # numbers may have other leading zeros
        plain = [same_number(image) for image in images], [same_number(mask) for mask in masks]
        return best_affixes(*plain, lambda stem: map(same_number, near(stem)), functools.cache(is_mask))

    def _sample(self, side: str) -> list[str]:
        count = self.table("SELECT count(*) FROM file WHERE side = ?", side).fetchone()[0]
        rows = "SELECT stem FROM (SELECT stem, row_number() OVER (ORDER BY number) AS place FROM file WHERE side = ?)"
        return [stem for (stem,) in self.table(f"{rows} WHERE place % ? = 0", side, -(-count // SAMPLE) or 1)]

    def near(self, side: str, stem: str, count: int = NEIGHBOURS, column: str = "stem") -> list[str]:
        """Stems (or names) of files that begin or end much like this stem, without itself in one folder."""
        found: dict[str, None] = {}
        for key, text in (("stem", stem), ("reversed", stem[::-1])):
            for sign, order in ((">=", "ASC"), ("<", "DESC")):
                select = f"SELECT {column} FROM file WHERE side = ? AND {key} {sign} CAST(? AS TEXT)"
                rows = self.table(f"{select} ORDER BY {key} {order} LIMIT {count}", side, *self.table.text(text))
                found.update((near, None) for (near,) in rows)
        if side == "any":
            found.pop(stem, None)
        return list(found)

    def is_there(self, side: str, stem: str, column: str = "stem") -> bool:
        select = f"SELECT 1 FROM file WHERE side = ? AND {column} = CAST(? AS TEXT)"
        return self.table(select, side, *self.table.text(stem)).fetchone() is not None
