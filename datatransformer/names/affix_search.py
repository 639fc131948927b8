"""Finds what the names of masks add to those of their images, from samples of both."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from datatransformer.names.affixes import SAME, SIGNS, Affixes, only_sensible

TOKEN = re.compile(r"[^\W\d_]+|\d+|[\W_]+")
"""Names are letters, digits, and signs in turn."""

ALL_BUT = 0.9
"""Rules that find masks for this share of what the best rule finds are as good."""

MOST_TOKENS = 5
MOST_AFFIXES = 4
MOST_RULES = 12

LEAST_SHARE = 0.15
"""Of the names with an affix, for it to be tried."""

MASK_WORDS = re.compile(r"mask|label|annot|\bann|gt|ground|seg|target|matte|trainid|(?<![a-z])[lp](?![a-z])")
"""Words for masks, where images lie in the same folder."""


def possible_affixes(image: str, mask: str) -> list[Affixes]:
    """The affixes by which two stems have a part in common: one at their beginning, or one at their end."""
    found = []
    start = _common_start(image, mask)
    if core := image[:start].rstrip(SIGNS):
        found.append(Affixes("", image[len(core) :], "", mask[len(core) :]))
    end = _common_start(image[::-1], mask[::-1])
    if core := image[len(image) - end :].lstrip(SIGNS):
        found.append(Affixes(image[: len(image) - len(core)], "", mask[: len(mask) - len(core)], ""))
    place, end = mask.find(image), mask.find(image) + len(image)
    if image and place > 0 and not _is_within_token(mask, place) and not _is_within_token(mask, end):
        found.append(Affixes("", "", mask[:place], mask[end:]))
    return [affixes for affixes in found if affixes != SAME and _is_sound(affixes)]


def common_affixes(images: Sequence[str], masks: Sequence[str]) -> list[Affixes]:
    """Every combination of the beginnings and ends that many images, and many masks, share."""
    image_starts, image_ends = _frequent(images), _frequent(images, from_end=True)
    mask_starts, mask_ends = _frequent(masks), _frequent(masks, from_end=True)
    rules = [
        Affixes(image_start, image_end, mask_start, mask_end)
        for image_start in image_starts
        for image_end in image_ends
        for mask_start in mask_starts
        for mask_end in mask_ends
    ]
    return [rule for rule in rules if _is_sound(rule)]


def best_affixes(
    images: Sequence[str], masks: Sequence[str], near: Callable[[str], Iterable[str]], is_mask: Callable[[str], bool]
) -> list[Affixes]:
    """The affixes that find masks for most images: the best first, then those that are as good and give other masks.

    Arguments:
        images, masks: samples of the stems.
        near: stems of masks that resemble that of an image.
        is_mask: whether a mask has this stem.
    """
    votes: Counter[Affixes] = Counter()
    for image in images:
        votes.update({rule for mask in near(image) for rule in possible_affixes(image, mask)})
    rules = [rule for rule, _ in votes.most_common(10 * MOST_RULES) if _is_common(rule, images, masks)]
    scores = _scores([SAME, *rules[:MOST_RULES]], images, is_mask)
    if max(scores.values()) < ALL_BUT * len(images):
        rules = [rule for rule in common_affixes(images, masks) if _is_common(rule, images, masks)]
        scores |= _scores(rules, images, is_mask)
    most = max(scores.values())
    if not most:
        return []
    if scores[SAME] >= ALL_BUT * most:
        return [SAME]
    good = [rule for rule, score in scores.items() if score >= ALL_BUT * most]
    good.sort(key=lambda rule: (-scores[rule], len("".join(rule)), rule))
    kept: list[Affixes] = []
    for rule in good:
        if not any(_gives_same(rule, other, images, is_mask) for other in kept):
            kept.append(rule)
    return kept


class NamesInOneFolder(NamedTuple):
    """The names of images and masks that lie in the same folder. `near`, `exists`: as for `best_affixes`."""

    stems: Sequence[str]
    near: Callable[[str], Iterable[str]]
    exists: Callable[[str], bool]

    def affixes(self) -> Affixes | None:
        """What tells masks from images: a word for masks, or a longer name. None if nothing does."""
        votes: Counter[Affixes] = Counter()
        for stem in self.stems:
            votes.update({rule for other in self.near(stem) for rule in possible_affixes(stem, other)})
        rules = [rule for rule, _ in votes.most_common(2 * MOST_RULES)]
        rules = [rule for rule in rules if self._is_direction(rule)]
        scores = _scores(rules, self.stems, self.exists)
        best = max(scores.values(), default=0)
        good = [rule for rule in rules if scores[rule] >= ALL_BUT * best > 0]
        good = only_sensible(good)
        return min(good, key=lambda rule: (-scores[rule], len("".join(rule)), rule), default=None)

    @staticmethod
    def _is_direction(rule: Affixes) -> bool:
        image, mask = rule.image_prefix + " " + rule.image_suffix, rule.mask_prefix + " " + rule.mask_suffix
        words = bool(MASK_WORDS.search(image)), bool(MASK_WORDS.search(mask))
        if words[0] != words[1]:
            return words[1]
        return not image.strip() and bool(mask.strip())


def _common_start(one: str, other: str) -> int:
    """The length of the beginning that two names share; it does not end within a word or a number."""
    size = next((place for place, (a, b) in enumerate(zip(one, other)) if a != b), min(len(one), len(other)))  # noqa: B905
    while size and any(_is_within_token(text, size) for text in (one, other)):
        size -= 1
    return size


def _is_within_token(text: str, place: int) -> bool:
    return 0 < place < len(text) and _kind(text[place - 1]) == _kind(text[place]) != "sign"


def _kind(sign: str) -> str:
    return "digit" if sign.isdigit() else "letter" if sign.isalpha() else "sign"


def _frequent(stems: Sequence[str], from_end: bool = False) -> list[str]:
    """Nothing, and the most frequent beginnings (or ends) of stems: whole words, with the signs that follow."""
    counts: Counter[str] = Counter()
    for stem in stems:
        tokens = TOKEN.findall(stem)
        if from_end:
            tokens = tokens[::-1]
        for count in range(1, min(len(tokens), MOST_TOKENS + 1)):
            if not (tokens[count - 1].isalpha() and tokens[count].strip(SIGNS) == ""):
                part = tokens[:count]
                counts["".join(part[::-1] if from_end else part)] += 1
    # of affixes that occur equally often the longest: the shorter ones follow from it
    common = sorted(counts.items(), key=lambda item: (-item[1], -len(item[0])))
    return ["", *(text for text, count in common if count >= LEAST_SHARE * len(stems))][: MOST_AFFIXES + 1]


def _is_sound(rule: Affixes) -> bool:
    """Whether no number of the images stands against another number of the masks, as cam1_7 against cam2_7."""
    image, mask = rule.image_prefix + " " + rule.image_suffix, rule.mask_prefix + " " + rule.mask_suffix
    numbers = [re.findall(r"(?<![^\W_])\d+(?![^\W_])", text) for text in (image, mask)]
    if all(numbers) and list(map(int, numbers[0])) != list(map(int, numbers[1])):
        return False
    words = [dict(re.findall(r"([^\W\d_]+)(\d+)", text)) for text in (image, mask)]
    return all(words[1].get(word, number) == number for word, number in words[0].items())


def _is_common(rule: Affixes, images: Sequence[str], masks: Sequence[str]) -> bool:
    """Whether nearly all images have the affixes of images, and masks those of masks if a number is in them.

    Otherwise the affixes are what tells one image from another, as in north_7 and south_7.
    """
    if sum(rule.core_of_image(image) is not None for image in images) < ALL_BUT * len(images):
        return False
    if not re.search(r"(?<![^\W_])\d+(?![^\W_])", f"{rule.mask_prefix} {rule.mask_suffix}"):
        return True
    return sum(rule.core_of_mask(mask) is not None for mask in masks) >= ALL_BUT * len(masks)


def _scores(rules: Iterable[Affixes], images: Sequence[str], is_mask: Callable[[str], bool]) -> dict[Affixes, int]:
    """The number of images for which each rule finds a mask."""
    return {
        rule: sum((mask := rule.mask_of(image)) is not None and mask != "" and is_mask(mask) for image in images)
        for rule in rules
    }


def _gives_same(rule: Affixes, other: Affixes, images: Sequence[str], is_mask: Callable[[str], bool]) -> bool:
    """Whether two rules never give one image different masks."""
    both = ((rule.mask_of(image), other.mask_of(image)) for image in images)
    pairs = [(one, two) for one, two in both if one and two and is_mask(one) and is_mask(two)]
    return bool(pairs) and all(one == two for one, two in pairs)
