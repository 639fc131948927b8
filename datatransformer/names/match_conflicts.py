"""Images with several masks, and masks of several images: one is taken where names say which, or a reason is given."""

import re
from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import itemgetter

from datatransformer.names.affixes import Affixes, is_of_other_kind, without_number
from datatransformer.temporary_database import TemporaryDatabase


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
        several = "SELECT image FROM match GROUP BY image HAVING count(*) > 1"
        rows = self.table(
            "SELECT match.image, mask.number, mask.name, mask.stem, mask.folders, image.name FROM match "
            "JOIN file AS mask ON mask.number = match.mask JOIN file AS image ON image.number = match.image "
            f"WHERE match.image IN ({several}) ORDER BY match.image, mask.number"
        ).fetchall()
        for image, masks in groupby(rows, key=itemgetter(0)):
            found = list(masks)
            if len({(stem, folders) for _, _, _, stem, folders, _ in found}) > 1:
                self._give_reason(image, _several_masks(name for _, _, name, *_ in found))
                continue
            core = _last_part(found[0][5])
            found.sort(key=lambda row: (core not in row[2], row[2].lower().endswith((".jpg", ".jpeg"))))
            for _, number, *_ in found[1:]:
                self.table("DELETE FROM match WHERE image = ? AND mask = ?", image, number)
                if not self.table("SELECT 1 FROM match WHERE mask = ?", number).fetchone():
                    self._give_reason(number, f"is a second mask beside {found[0][2]}")

    def _refuse_shared_masks(self) -> None:
        """Of several images that mean one mask: the first if they differ in suffix, or else none."""
        several = "SELECT mask FROM match GROUP BY mask HAVING count(*) > 1"
        rows = self.table(
            "SELECT match.mask, image.number, image.name, image.stem, image.folders, mask.name FROM match "
            "JOIN file AS image ON image.number = match.image JOIN file AS mask ON mask.number = match.mask "
            f"WHERE match.mask IN ({several}) ORDER BY match.mask, image.number"
        ).fetchall()
        for _, images in groupby(rows, key=itemgetter(0)):
            found = list(images)
            if len({(stem, folders) for _, _, _, stem, folders, _ in found}) == 1:
                mask = _last_part(found[0][5])
                found.sort(key=lambda row: _last_part(row[2]) not in mask)
                for _, number, *_ in found[1:]:
                    self._give_reason(number, f"has the mask of {found[0][2]}, which has the same name")
                continue
            for _, number, name, _, _, mask in found:
                other = next(row[2] for row in found if row[2] != name)
                self._give_reason(
                    number, f"may have the mask {mask}, as {other} may; put masks into folders like images"
                )

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


def _several_masks(names: Iterable[str]) -> str:
    return f"has several masks: {', '.join(sorted(names)[:5])}"


def _last_part(name: str) -> str:
    """The file of a path without its suffix."""
    last = name.rpartition("/")[2]
    return last.rpartition(".")[0] or last
