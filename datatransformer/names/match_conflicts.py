"""Images with several masks, and masks of several images: one is taken where names say which, or a reason is given."""

import re
from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

from datatransformer.names.affixes import Affixes, is_of_other_kind, without_number
from datatransformer.temporary_database import TemporaryDatabase


class _File(NamedTuple):
    """An image or a mask, as `image_and_mask_names` has it."""

    number: int
    name: str
    stem: str
    folders: str


class MatchConflicts:
    """Works on the table `match` of a matching, and writes reasons into its table `reason`."""

    def __init__(self, table: TemporaryDatabase, affixes: Affixes) -> None:
        self.table, self.affixes = table, affixes

    def solve(self) -> None:
        self._choose_among_masks()
        self._refuse_several_masks()
        self._refuse_shared_masks()

    def _choose_among_masks(self) -> None:
        """Takes one of the masks of an image that differ in suffix or case; others are reasons to leave it out."""
        for image, name, masks in self._with_several("image", "mask"):
            if not _have_one_path(masks):
                self._give_reason(image, _several_masks(mask.name for mask in masks))
                continue
            core = _last_part(name)
            masks.sort(key=lambda mask: (core not in mask.name, mask.name.lower().endswith((".jpg", ".jpeg"))))
            for mask in masks[1:]:
                self.table("DELETE FROM match WHERE image = ? AND mask = ?", image, mask.number)
                if not self.table("SELECT 1 FROM match WHERE mask = ?", mask.number).fetchone():
                    self._give_reason(mask.number, f"is a second mask beside {masks[0].name}")

    def _refuse_shared_masks(self) -> None:
        """Of several images that mean one mask: the first if they differ in suffix, or else none."""
        for _, mask, images in self._with_several("mask", "image"):
            if _have_one_path(images):
                core = _last_part(mask)
                images.sort(key=lambda image: _last_part(image.name) not in core)
                for image in images[1:]:
                    self._give_reason(image.number, f"has the mask of {images[0].name}, which has the same name")
                continue
            for image in images:
                other = next(one.name for one in images if one.name != image.name)
                self._give_reason(
                    image.number, f"may have the mask {mask}, as {other} may; put masks into folders like images"
                )

    def _with_several(self, one: str, other: str) -> Iterator[tuple[int, str, list[_File]]]:
        """Yields each file of a side that several of the other are matched with: number, name, and these.

        Arguments:
            one, other: image and mask, or the other way round.
        """
        several = f"SELECT {one} FROM match GROUP BY {one} HAVING count(*) > 1"
        rows = self.table(
            f"SELECT match.{one}, {one}.name, {other}.number, {other}.name, {other}.stem, {other}.folders FROM match "
            "JOIN file AS image ON image.number = match.image JOIN file AS mask ON mask.number = match.mask "
            f"WHERE match.{one} IN ({several}) ORDER BY match.{one}, {other}.number"
        ).fetchall()
        for (number, name), group in groupby(rows, key=itemgetter(0, 1)):
            yield number, name, [_File(*row[2:]) for row in group]

    def _refuse_several_masks(self) -> None:
        """Leaves out images that have masks besides the one that was found, such as one for each object."""
        has_number = any(sign.isdigit() for sign in self.affixes.mask_prefix + self.affixes.mask_suffix)
        unused = "number NOT IN (SELECT mask FROM match) AND number NOT IN (SELECT number FROM reason)"
        rows = self.table(f"SELECT name, stem, folders FROM file WHERE side = 'mask' AND {unused}")
        for name, stem, folders in rows:
            if is_of_other_kind(stem, self.affixes):
                continue
            for core in _cores_of_other_mask(stem, self.affixes, has_number):
                found = self.table(
                    "SELECT match.image, mask.name FROM core JOIN match ON match.image = core.number "
                    "JOIN file AS mask ON mask.number = match.mask "
                    "WHERE core.side = 'image' AND core = CAST(? AS TEXT) AND mask.folders = CAST(? AS TEXT)",
                    *self.table.text(core, folders),
                ).fetchall()
                for image, mask in found:
                    self._give_reason(image, _several_masks([mask, name]))
                if found:
                    break

    def _give_reason(self, number: int, text: str) -> None:
        self.table("INSERT OR IGNORE INTO reason SELECT ?, CAST(? AS TEXT)", number, *self.table.text(text))


def _cores_of_other_mask(stem: str, affixes: Affixes, has_number: bool) -> Iterator[str]:
    """What the image of a mask that has not the usual name may be called: 7 for 7_seg1 and 7_dog."""
    base = without_number(stem)
    if base != stem:
        if (core := affixes.core_of_mask(base)) is not None:
            yield core
        if has_number and (core := _core_in_spite_of_number(stem, affixes)) is not None:
            yield core
    tokens = re.findall(r"[^\W\d_]+\d*|\d+|[\W_]+", stem)
    for place in range(1, len(tokens)):
        for core, rest in (
            ("".join(tokens[:place]).rstrip(" _-."), tokens[place:]),
            ("".join(tokens[place:]).lstrip(" _-."), tokens[:place]),
        ):
            if core and any(token[0].isalpha() for token in rest) and not any(token.isdecimal() for token in rest):
                yield core


def _core_in_spite_of_number(stem: str, affixes: Affixes) -> str | None:
    prefix, suffix = (re.sub(r"\d+", r"\\d+", re.escape(affix)) for affix in (affixes.mask_prefix, affixes.mask_suffix))
    match = re.fullmatch(f"{prefix}(.+?){suffix}", stem)
    return match[1] if match else None


def _have_one_path(files: Iterable[_File]) -> bool:
    """Whether files differ in suffix or case alone."""
    return len({(file.stem, file.folders) for file in files}) == 1


def _several_masks(names: Iterable[str]) -> str:
    return f"has several masks: {', '.join(sorted(names)[:5])}"


def _last_part(name: str) -> str:
    """The file of a path without its suffix."""
    last = name.rpartition("/")[2]
    return last.rpartition(".")[0] or last
