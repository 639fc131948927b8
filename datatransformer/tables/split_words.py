"""The words, numbers and flags by which the cells of a column say which split their pictures are for."""

import re
from collections.abc import Collection
from typing import NamedTuple

from datatransformer.naming import SPLIT_COMPANIONS, split_of_folder

OTHER_WORDS = {
    "tr": "train", "va": "val", "te": "test", "ts": "test", "validate": "val", "validating": "val",
    "trainval": "train", "publictest": "val", "public_test": "val", "privatetest": "test", "private_test": "test",
}  # fmt: skip
"""Cells, in small letters, besides the words that folders are named by. Of FER-2013 PublicTest is for validation."""

TRUE, FALSE = ("true", "1", "1.0", "yes", "y", "t"), ("false", "0", "0.0", "no", "n", "f")
NO = "no"
"""The meaning of a no in a column of yes and no: the split of another of these columns."""

BESIDE = {"is", "in", "for", "or", "vs", "and", "flag", "use", "used", "as", *SPLIT_COMPANIONS}
"""Words in the name of a column of yes and no that say nothing about the split."""

NUMBERED = {"split", "subset", "set", "partition"}
"""Words in the name of a column whose numbers count the splits, from 0 as CelebA does, or from 1 as MATLAB does."""

ORDER = ("train", "val", "test")
FOLDS = ("fold", "kfold", "k_fold", "folds")
FOLD = re.compile(r"(?P<word>[^\d.-]*)(?P<number>\d+)(\.0+)?")

MOST_UNKNOWN = 10
"""Different cells up to which a column with the name of a split, but unknown words, is taken for one."""

WORDS_KIND, FLAGS_KIND, NUMBERS_KIND, FOLDS_KIND = "words", "flags", "numbers", "folds"


class CellMeaning(NamedTuple):
    """The split of each cell of a column.

    Attributes:
        kind: words, flags, numbers or folds.
        splits: of the cells, in small letters; NO for a no of flags.
        may_be_reversed: the name of the column is not enough to tell which cells are for training.
        flag: the split that a yes means.
    """

    kind: str
    splits: dict[str, str]
    may_be_reversed: bool = False
    flag: str = ""


def split_word(cell: str) -> str:
    """The split that a word means, such as `Training set` or `train2017`; empty for other words."""
    text = cell.strip().lower()
    return OTHER_WORDS.get(text) or split_of_folder(text)


def flag_split(name: str) -> str:
    """The split that a yes means in a column of this name, in the form of `normal_name`; empty if it is no flag.

    A yes in `train_test_split` is training, as its first word and the lists of CUB have it.
    """
    splits = splits_in(name)
    return splits[0] if splits and all(splits) and (len(set(splits)) == 1 or splits[0] == "train") else ""


def is_split_flag(name: str) -> bool:
    """Whether the name of a column says that its yes is a split, as is_train_set does; `train` alone may be a class."""
    return bool(flag_split(name)) and name.startswith(("is_", "in_", "for_"))


def is_numbered(name: str) -> bool:
    return not flag_split(name) and not NUMBERED.isdisjoint(name.split("_"))


def cell_meaning(name: str, cells: Collection[str], is_given: bool) -> CellMeaning | None:
    """The meaning of the filled cells of a column; None if they give no split.

    Arguments:
        name: in the form of `normal_name`.
        cells: in small letters.
        is_given: the settings name the column, so that folds and flags of any name count.
    """
    words = {cell: split_word(cell) for cell in cells}
    if words and all(words.values()):
        return CellMeaning(WORDS_KIND, words)
    flag = flag_split(name)
    if flag and cells and {*TRUE, *FALSE}.issuperset(cells):
        is_sure = is_split_flag(name) and flag != "val" and len(set(splits_in(name))) == 1
        return _flags(flag, cells, may_be_reversed=not is_sure)  # `valid` may also be said of a good picture
    numbers = {cell: cell.removesuffix(".0") for cell in cells}
    first = {"0": 0, "1": 1}.get(min(numbers.values(), default=""))
    if first is not None and name not in FOLDS and len(set(numbers.values())) > 1:
        order = splits_in(name) if len(set(splits_in(name))) > 2 else ORDER
        known = {str(first + place): split for place, split in enumerate(order)}
        is_named = is_numbered(name) or len(splits_in(name)) > 2 or (is_given and first == 0)
        if is_named and {str(first), str(first + 1)} <= set(numbers.values()) <= known.keys():
            return CellMeaning(NUMBERS_KIND, {cell: known[number] for cell, number in numbers.items()}, True)
    if is_given and name not in FOLDS and cells and {*TRUE, *FALSE}.issuperset(cells):
        return _flags("val", cells, may_be_reversed=False)
    return folds_of(cells) if is_given else None


def folds_of(cells: Collection[str]) -> CellMeaning | None:
    """The lowest of the numbers of folds for validation; they may stand behind a common word, as fold0 does."""
    matches = {cell: FOLD.fullmatch(cell) for cell in cells}
    numbers = {cell: int(match["number"]) for cell, match in matches.items() if match}
    words = {match["word"] for match in matches.values() if match}
    if len(numbers) < len(matches) or len(words) != 1 or len(set(numbers.values())) < 2:
        return None
    lowest = min(numbers.values())
    return CellMeaning(FOLDS_KIND, {cell: "val" if number == lowest else "train" for cell, number in numbers.items()})


def _flags(flag: str, cells: Collection[str], may_be_reversed: bool) -> CellMeaning:
    splits = {cell: flag if cell in TRUE else NO for cell in cells}
    if NO not in splits.values():
        splits[""] = NO  # only a yes is written
    return CellMeaning(FLAGS_KIND, splits, may_be_reversed, flag)


def splits_in(name: str) -> list[str]:
    """The splits that the words in the name of a column mean, without those that say nothing; empty for others."""
    words = [word for word in name.split("_") if word not in BESIDE]
    return [split_word(word) or split_word(word.removeprefix("is")) for word in words]
