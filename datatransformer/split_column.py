"""The column of a label table that says which split a picture is for."""

import re
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from datatransformer.naming import SPLIT_FOLDERS, TEST_FOLDERS
from settings import SettingError, bad_setting
from storage.column_names import normal_name

WORDS = {
    **SPLIT_FOLDERS, **dict.fromkeys(TEST_FOLDERS, "test"), "trn": "train", "dev": "val", "development": "val",
    "eval": "val", "tst": "test", "publictest": "val", "privatetest": "test", "public_test": "val",
    "private_test": "test",
}  # fmt: skip
"""Cells in small letters."""

TRUE, FALSE = ("true", "1", "1.0", "yes", "y", "t"), ("false", "0", "0.0", "no", "n", "f")
FLAGS = {
    "is_valid": ("val", "train"), "is_val": ("val", "train"), "is_validation": ("val", "train"),
    "valid": ("val", "train"), "val": ("val", "train"), "validation": ("val", "train"),
    "is_test": ("test", "train"), "test": ("test", "train"), "is_train": ("train", "test"),
    "is_training": ("train", "test"), "train": ("train", "test"), "training": ("train", "test"),
    "is_training_image": ("train", "test"),
}  # fmt: skip
"""Columns of yes and no: the split that each of the two means."""

NUMBERED = {"0": "train", "1": "val", "2": "test"}
"""The numbers in a column split, partition or set, as CelebA writes them."""

FOLDS = ("fold", "kfold", "k_fold", "folds")


class SplitColumns(NamedTuple):
    """The split of a row by its cells in some columns.

    Attributes:
        columns: by number from 0; empty: the table gives no split.
        meanings: of the cells of each column: train, val, test, or nothing.
        test_is_val: pictures for testing become the validation, because there are none for that.
    """

    columns: tuple[int, ...] = ()
    meanings: tuple[dict[str, str], ...] = ()
    test_is_val: bool = False

    def of(self, cells: Sequence[str]) -> str:
        found = {
            meaning.get(cells[column].lower(), "") for column, meaning in zip(self.columns, self.meanings, strict=True)
        }
        split = next((split for split in ("test", "val", "train") if split in found), "")
        return "val" if split == "test" and self.test_is_val else split


NO_SPLIT = SplitColumns()


def split_columns(
    columns: Sequence[int], names: Sequence[str], counts: "Counter[tuple[str, ...]]", given: str | None
) -> tuple[SplitColumns, list[str]]:
    """The meaning of the columns that may give the split, and sentences about how they are read.

    Arguments:
        names: of these columns.
        counts: how often each combination of their cells occurs, in small letters.
        given: the column that the settings name. Its cells must be splits.

    Raises SettingError if a cell is no split where the others are, or if two columns differ.
    """
    notes: list[str] = []
    kept: list[tuple[int, str, dict[str, str]]] = []
    for place, (column, name) in enumerate(zip(columns, names, strict=True)):
        cells = {key[place] for key in counts if key[place]}
        meaning = _meaning(normal_name(name), cells, given is not None)
        if meaning is None and given is not None:
            shown = ", ".join(sorted(cells)[:5])
            raise SettingError(bad_setting("split_column", given, f"its cells are {shown}, and not train, val or test"))
        if meaning is None:
            known = {cell for cell in cells if _word(cell)}
            if len(known) * 2 > len(cells):
                odd = ", ".join(sorted(cells - known)[:5])
                why = (
                    f"{odd} in the column {name} is neither training, validation nor testing; --split ratio ignores it"
                )
                raise SettingError(bad_setting("split_column", None, why))
            if normal_name(name) in FOLDS:
                why = f"numbers of folds, and is not used; --split-column {name} takes the lowest for validation"
            else:
                why = "no names of splits, and is not used for the split"
            notes.append(f"the column {name} holds {why}")
            continue
        kept.append((column, name, meaning))
    words = [entry for entry in kept if normal_name(entry[1]) not in FLAGS]
    if len(words) > 1:
        both = " and ".join(name for _, name, _ in words)
        why = f"the columns {both} both give a split; say which one by --split-column"
        raise SettingError(bad_setting("split_column", None, why))
    kept = words or kept
    found = SplitColumns(tuple(column for column, _, _ in kept), tuple(meaning for _, _, meaning in kept))
    if not kept:
        return found, notes
    return _with_validation(found, kept, columns, counts, notes)


def _with_validation(
    found: SplitColumns,
    kept: list[tuple[int, str, dict[str, str]]],
    columns: Sequence[int],
    counts: "Counter[tuple[str, ...]]",
    notes: list[str],
) -> tuple[SplitColumns, list[str]]:
    """The split, if it has pictures for training and for validation or testing."""
    said = " and ".join(name for _, name, _ in kept)
    sizes: Counter[str] = Counter()
    for cells, count in counts.items():
        row = dict(zip(columns, cells, strict=True))
        width = max(columns) + 1
        sizes[found.of([row.get(column, "") for column in range(width)])] += count
    if "train" not in sizes or not (sizes["val"] or sizes["test"]):
        only = ", ".join(split for split in sizes if split) or "nothing"
        notes.append(f"the column {said} gives {only} only, so it is not used for the split")
        return SplitColumns(), notes
    notes.append(
        f"the split comes from the column {said} ("
        + ", ".join(f"{sizes[key]} for {text}" for key, text in _TEXTS.items() if sizes[key])
        + (f", {sizes['']} without one" if sizes[""] else "")
        + ")"
    )
    if not sizes["val"]:
        notes[-1] += "; as none are for validation, those for testing are used for it"
        return found._replace(test_is_val=True), notes
    if sizes["test"]:
        notes[-1] += "; those for testing are left out"
    return found, notes


_TEXTS = {"train": "training", "val": "validation", "test": "testing"}


def _meaning(name: str, cells: set[str], is_given: bool) -> dict[str, str] | None:
    """The split that each cell of a column means, by the name of the column and its cells; None if it is no split."""
    if cells and all(_word(cell) for cell in cells):
        return {cell: _word(cell) for cell in cells}
    if name in FLAGS or (is_given and cells <= {*TRUE, *FALSE} and name not in FOLDS and not cells <= NUMBERED.keys()):
        yes, no = FLAGS.get(name, ("val", "train"))
        if cells <= {*TRUE, *FALSE}:
            return {cell: yes if cell in TRUE else no for cell in cells}
        return None
    numbers = {cell.removesuffix(".0") for cell in cells}
    if name not in FOLDS and {"0", "1"} <= numbers <= NUMBERED.keys():
        return {cell: NUMBERED[cell.removesuffix(".0")] for cell in cells}
    if is_given and all(number.isdecimal() for number in numbers) and len(numbers) > 1:
        first = min(map(int, numbers))
        return {cell: "val" if int(cell.removesuffix(".0")) == first else "train" for cell in cells}
    return None


def _word(cell: str) -> str:
    """The split that a word means, also train2017; empty for other words."""
    return WORDS.get(re.sub(r"[\s_-]*(19|20)\d\d$", "", cell), "")
