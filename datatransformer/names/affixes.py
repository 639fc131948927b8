"""The names of masks: what they add to the names of their images before and behind, found from the names alone."""

import re
from collections.abc import Sequence
from typing import NamedTuple

SIGNS = " _-.()[]"

LABEL_IDS = ("labeltrainids", "trainids", "labelids")
"""Words of Cityscapes for masks of class indices. The first that is there is taken: train ids are made on purpose."""

OTHER_KINDS = re.compile(
    r"colou?r|instance|panoptic|polygon|depth|dispar|overlay|preview|blend|vis(ual\w*)?\b|viz|edge|contour|boundar|weight"
)
"""Words for pictures that lie beside masks and are none."""


class Affixes(NamedTuple):
    """What images and masks have before and behind the part of the name that they share, in small letters."""

    image_prefix: str = ""
    image_suffix: str = ""
    mask_prefix: str = ""
    mask_suffix: str = ""

    def core_of_image(self, stem: str) -> str | None:
        return _inside(stem, self.image_prefix, self.image_suffix)

    def core_of_mask(self, stem: str) -> str | None:
        return _inside(stem, self.mask_prefix, self.mask_suffix)

    def mask_of(self, image: str) -> str | None:
        """The stem of the mask of an image; None if the image has not the affixes of images."""
        core = self.core_of_image(image)
        return None if core is None else f"{self.mask_prefix}{core}{self.mask_suffix}"

    def describe(self, image: str, mask: str) -> str:
        """For example `images without _sat, masks without _mask`, as the stems of this pair write it."""
        shown = self._replace(
            image_prefix=image[: len(self.image_prefix)],
            image_suffix=image[len(image) - len(self.image_suffix) :],
            mask_prefix=mask[: len(self.mask_prefix)],
            mask_suffix=mask[len(mask) - len(self.mask_suffix) :],
        )
        sides = (
            ("images", shown.image_prefix, shown.image_suffix),
            ("masks", shown.mask_prefix, shown.mask_suffix),
        )
        said = [
            f"{side} without {' and '.join(affix.strip() for affix in affixes if affix)}"
            for side, *affixes in sides
            if any(affixes)
        ]
        return ", ".join(said)


SAME = Affixes()


def is_of_other_kind(stem: str, used: Affixes) -> bool:
    """Whether a mask that is not used is of a kind that is none, such as colours to look at beside class indices."""
    words = used.mask_prefix + used.mask_suffix
    if OTHER_KINDS.search(stem) and not OTHER_KINDS.search(words):
        return True
    return any(word in words for word in LABEL_IDS) and any(word in stem for word in LABEL_IDS)


def only_sensible(rules: Sequence[Affixes]) -> list[Affixes]:
    """Of several rules, the ones for masks of class indices; all, if their words tell nothing."""
    if len(rules) < 2:
        return list(rules)
    for word in LABEL_IDS:
        if of_word := [rule for rule in rules if word in (rule.mask_prefix + rule.mask_suffix)]:
            return of_word
    return [rule for rule in rules if not OTHER_KINDS.search(rule.mask_prefix + rule.mask_suffix)] or list(rules)


def differ_in_numbers(rules: Sequence[Affixes]) -> bool:
    """Whether the affixes of masks differ in a number only, as `_seg0` and `_seg1`."""
    return len({re.sub(r"\d+", "#", "|".join(rule)) for rule in rules}) == 1


def without_number(stem: str) -> str:
    """A stem without the number at its end: `7_seg` for `7_seg0`, `7` for `7_1`; itself if it has none."""
    match = re.fullmatch(r"(.*?[^\d\s_\-.(])[\s_\-.(]*(?<=\D)\d+\)?", stem) or re.fullmatch(
        r"(.*\d)[\s_\-.(]+\d+\)?", stem
    )
    return match[1] if match else stem


def same_number(stem: str) -> str:
    """A stem with its numbers without leading zeros: two that differ in the value of a number are not the same."""
    return re.sub(r"\d+", lambda digits: digits[0].lstrip("0") or "0", stem)


def _inside(stem: str, prefix: str, suffix: str) -> str | None:
    if not (stem.startswith(prefix) and stem.endswith(suffix)) or len(stem) <= len(prefix) + len(suffix):
        return None
    return stem[len(prefix) : len(stem) - len(suffix)]
