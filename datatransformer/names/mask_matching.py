"""The masks of images, in a table on disk: each image gets the one mask that its name means, or a reason why not."""

from collections.abc import Iterator
from typing import NamedTuple

from datatransformer.names.affixes import SAME, Affixes, is_of_other_kind, same_number
from datatransformer.names.file_names import closest
from datatransformer.names.image_and_mask_names import ImageAndMaskNames
from datatransformer.names.match_conflicts import MatchConflicts
from datatransformer.names.matching import MOST_NEAREST

MOST_CANDIDATES = 50
NEAREST = 15

SAME_FOLDER, SAME_TAIL, OTHER_FOLDER, OTHER_ZEROS = range(4)
"""How well an image and a mask with the same name agree. A mask belongs to the images that agree best."""

DIFFERENCES = {
    SAME_TAIL: "without regard to the first folders",
    OTHER_FOLDER: "without regard to folders, whose names differ",
    OTHER_ZEROS: "without regard to leading zeros",
}

UNMATCHED = "FROM core WHERE side = 'image' AND number NOT IN (SELECT image FROM match)"


class Unmatched(NamedTuple):
    """A file that was left out: its side (image or mask), its name and the reason."""

    side: str
    name: str
    reason: str


class MaskMatching:
    """Images and masks, to be matched by name.

    Attributes:
        files: the names, to be added before `match`.
        affixes: what names of images and masks have before and behind the part that they share.
    """

    def __init__(self) -> None:
        self.files = ImageAndMaskNames()
        self.table = self.files.table
        self.affixes = SAME
        self.nearest_left = MOST_NEAREST

    def match(self, affixes: Affixes) -> None:
        """Matches all images and masks."""
        self.affixes = affixes
        self._fill_cores()
        self.table(
            "INSERT INTO match SELECT image.number, mask.number, ? FROM core AS image JOIN core AS mask "
            "ON image.core = mask.core AND image.folders = mask.folders "
            "WHERE image.side = 'image' AND mask.side = 'mask'",
            SAME_FOLDER,
        )
        self._match_others("core")
        self._match_others("plain")
        best = "(SELECT min(quality) FROM match AS other WHERE other.mask = match.mask)"
        self.table(f"DELETE FROM match WHERE quality > {best}")
        MatchConflicts(self.table, affixes).solve()

    def pairs(self) -> Iterator[tuple[str, str]]:
        """Names of images and of their masks."""
        yield from self.table(
            "SELECT image.name, mask.name FROM match JOIN file AS image ON image.number = match.image "
            "JOIN file AS mask ON mask.number = match.mask "
            "WHERE match.image NOT IN (SELECT number FROM reason) ORDER BY match.image"
        )

    def differences(self) -> Iterator[tuple[str, int, str, str]]:
        """In what images and masks differ besides their affixes: words, how many, and the names of the first pair."""
        for quality, words in DIFFERENCES.items():
            rows = self.table(
                "SELECT count(*), image.name, mask.name FROM match JOIN file AS image ON image.number = match.image "
                "JOIN file AS mask ON mask.number = match.mask "
                "WHERE quality = ? AND match.image NOT IN (SELECT number FROM reason)",
                quality,
            )
            count, image, mask = rows.fetchone()
            if count:
                yield words, count, image, mask

    def several(self) -> tuple[int, str]:
        """The number of images with several masks, and the first reason."""
        count = "SELECT count(*), coalesce(min(text), '') FROM reason WHERE text LIKE 'has several masks%'"
        return self.table(count).fetchone()

    def unmatched(self) -> Iterator[Unmatched]:
        """All files that are in no pair."""
        yield from (
            Unmatched(*row) for row in self.table("SELECT side, name, text FROM reason JOIN file USING (number)")
        )
        images = "number NOT IN (SELECT image FROM match) AND number NOT IN (SELECT number FROM reason)"
        for name, stem in self.table(f"SELECT name, stem FROM file WHERE side = 'image' AND {images}"):
            yield Unmatched("image", name, self._why_no_mask(name, stem))
        masks = "number NOT IN (SELECT mask FROM match) AND number NOT IN (SELECT number FROM reason)"
        for name, stem in self.table(f"SELECT name, stem FROM file WHERE side = 'mask' AND {masks}"):
            if not is_of_other_kind(stem, self.affixes):
                yield Unmatched("mask", name, "is a mask without an image")

    def _why_no_mask(self, name: str, stem: str) -> str:
        mask = self.affixes.mask_of(stem)
        nearest = None
        if self.nearest_left > 0:
            self.nearest_left -= 1
            nearest = closest(mask or stem, self.files.near("mask", mask or stem, NEAREST, column="name"))
        near = f"; the nearest name is {nearest}" if nearest else ""
        return f"has no mask {mask}{near}" if mask else f"is not named as other images{near}"

    def _fill_cores(self) -> None:
        def rows() -> Iterator[tuple]:
            for number, side, stem, folders in self.table("SELECT number, side, stem, folders FROM file"):
                core = self.affixes.core_of_image(stem) if side == "image" else self.affixes.core_of_mask(stem)
                if core is not None:
                    yield number, side, *self.table.text(core, same_number(core), folders)

        text = "CAST(? AS TEXT)"
        self.table.each(f"INSERT INTO core SELECT ?, ?, {text}, {text}, {text}", rows())
        self.table(
            "INSERT OR IGNORE INTO folder SELECT side, substr(folders, 1, instr(folders, '/')) FROM core GROUP BY 1, 2"
        )

    def _match_others(self, key: str) -> None:
        """Matches images that have no mask yet with masks of other folders, or of other leading zeros for `plain`."""
        is_plain = key == "plain"
        select = f"SELECT number, folders, core FROM core WHERE side = 'mask' AND {key} = CAST(? AS TEXT)"
        if is_plain:
            select += " AND NOT EXISTS (SELECT 1 FROM match WHERE mask = number)"
        images = self.table(f"SELECT number, folders, core, {key} {UNMATCHED}")

        def matches() -> Iterator[tuple[int, int, int]]:
            for number, folders, core, value in images:
                masks = self.table(f"{select} LIMIT {MOST_CANDIDATES}", *self.table.text(value)).fetchall()
                alike = [mask for mask in masks if _is_tail(mask[1], folders)]
                longest = max((min(len(mask[1]), len(folders)) for mask in alike), default=0)
                best = [mask for mask in alike if min(len(mask[1]), len(folders)) == longest]
                quality = OTHER_ZEROS if is_plain else SAME_TAIL
                if (
                    not best
                    and len(masks) == 1
                    and not is_plain
                    and self._are_other_folders(folders, masks[0][1], core)
                ):
                    best, quality = masks, OTHER_FOLDER
                yield from ((number, mask, quality) for mask, *_ in best)

        self.table.each("INSERT INTO found VALUES (?, ?, ?)", matches())
        self.table("INSERT INTO match SELECT * FROM found")
        self.table("DELETE FROM found")

    def _are_other_folders(self, image: str, mask: str, core: str) -> bool:
        """Whether the folders of images and masks have nothing in common, and the name is more than a number."""
        if core.isdecimal():
            return False
        select = "SELECT 1 FROM folder WHERE side = ? AND nearest = CAST(? AS TEXT)"
        sides = (("mask", image), ("image", mask))
        return not any(
            self.table(select, side, *self.table.text(folders.partition("/")[0] + "/")).fetchone()
            for side, folders in sides
        )


def _is_tail(one: str, other: str) -> bool:
    """Whether one path of folders is the end of the other; both from the nearest folder to the first."""
    return one.startswith(other) or other.startswith(one)
