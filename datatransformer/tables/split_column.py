"""The columns of a table that say which split a picture is for."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple, NoReturn

from datatransformer.naming import in_words, number_text
from datatransformer.tables.split_words import (
    FALSE,
    FLAGS_KIND,
    FOLDS,
    FOLDS_KIND,
    MOST_UNKNOWN,
    NO,
    NUMBERS_KIND,
    TRUE,
    WORDS_KIND,
    CellMeaning,
    cell_meaning,
    flag_split,
    folds_of,
    is_numbered,
    split_word,
    splits_in,
)
from settings import SettingError, bad_setting
from storage.column_names import normal_name

TEXTS = {"train": "training", "val": "validation", "test": "testing"}


class SplitColumns(NamedTuple):
    """The split of a row by its cells in some columns.

    Attributes:
        columns: by number from 0; empty: the table gives no split.
        meanings: of the cells of each column: train, val, test, NO, or nothing.
        otherwise: the split of rows that have a NO, and nothing else.
        draws_validation: pictures for validation are chosen among those for training, because none are given.
    """

    columns: tuple[int, ...] = ()
    meanings: tuple[dict[str, str], ...] = ()
    otherwise: str = ""
    draws_validation: bool = False

    def of(self, cells: Sequence[str]) -> str:
        split = self.of_cells([cells[column].lower() for column in self.columns])
        return "" if split == "train" and self.draws_validation else split

    def of_cells(self, cells: Sequence[str]) -> str:
        """What a row is for by its cells in these columns alone, in small letters, before validation is chosen."""
        found = [meaning.get(cell, "") for meaning, cell in zip(self.meanings, cells, strict=True)]
        return next((split for split in found if split not in ("", NO)), self.otherwise if NO in found else "")


NO_SPLIT = SplitColumns()


class _Column(NamedTuple):
    """A column that gives a split. `place`: among those that are looked at."""

    place: int
    number: int
    name: str
    meaning: CellMeaning

    @property
    def is_flag(self) -> bool:
        return self.meaning.kind == FLAGS_KIND


def split_columns(
    columns: Sequence[int], names: Sequence[str], counts: "Counter[tuple[str, ...]]", given: str | None
) -> tuple[SplitColumns, list[str]]:
    """The meaning of the columns that may give the split, and sentences about how they are read.

    Arguments:
        names: of these columns.
        counts: how often each combination of their cells occurs, in small letters.
        given: the column that the settings name. Its cells must be splits.

    Raises SettingError if cells of a column of splits are none, if two columns differ, or if a row is for two splits.
    """
    notes: list[str] = []
    found: list[_Column] = []
    for place, (number, name) in enumerate(zip(columns, names, strict=True)):
        cells = {key[place] for key in counts if key[place]}
        meaning = cell_meaning(normal_name(name), cells, given is not None)
        if meaning:
            found.append(_Column(place, number, name, meaning))
        elif given is not None:
            why = f"its cells are {_listed(cells)}, and not train, val or test"
            raise SettingError(bad_setting("split_column", given, why))
        elif cells:
            notes.append(_not_used(name, cells))
    found = _one_rule(found, counts)
    if not found:
        return NO_SPLIT, notes
    inner = Counter[tuple[str, ...]]()
    for key, count in counts.items():
        inner[tuple(key[column.place] for column in found)] += count
    result = SplitColumns(
        tuple(column.number for column in found),
        tuple(column.meaning.splits for column in found),
        _otherwise(found) if found[0].is_flag else "",
    )
    return _with_validation(result, found, inner, given, notes)


def _one_rule(found: list[_Column], counts: "Counter[tuple[str, ...]]") -> list[_Column]:
    """A single column of words or numbers, or all flags. Raises SettingError for columns that contradict each other."""
    others = [column for column in found if not column.is_flag]
    for other in others[1:]:
        first = others[0]
        if any(
            first.meaning.splits.get(key[first.place]) != other.meaning.splits.get(key[other.place]) for key in counts
        ):
            _refuse(
                f"the columns {first.name} and {other.name} both give a split, and differ; say which one by "
                "--split-column"
            )
    return others[:1] or found


def _otherwise(found: list[_Column]) -> str:
    """The split of rows without a yes in these columns: of `is_train` validation, of `train_test_split` testing."""
    flags = {column.meaning.flag for column in found}
    if flags == {"train"}:
        return "test" if any("test" in splits_in(normal_name(column.name)) for column in found) else "val"
    if len(flags) == 1:
        return "train"
    return next((split for split in ("train", "val", "test") if split not in flags), "test")


def _with_validation(
    result: SplitColumns,
    found: list[_Column],
    counts: "Counter[tuple[str, ...]]",
    given: str | None,
    notes: list[str],
) -> tuple[SplitColumns, list[str]]:
    """The split, if it has pictures for training and for validation or testing."""
    said = ("the column " if len(found) == 1 else "the columns ") + in_words([column.name for column in found])
    sizes: Counter[str] = Counter()
    for cells, count in counts.items():
        _check_flags(result, found, cells, count)
        sizes[result.of_cells(cells)] += count
    if not sizes["train"] or not (sizes["val"] or sizes["test"]):
        only = ", ".join(TEXTS[split] for split in TEXTS if sizes[split]) or "no split"
        gives = "gives" if len(found) == 1 else "give"
        is_not = "it is not" if len(found) == 1 else "they are not"
        return NO_SPLIT, [*notes, f"{said} {gives} {only} only, so {is_not} used for the split"]
    if not sizes["val"]:
        result = result._replace(draws_validation=True)
    if given is None:
        _check_order(result, found, sizes)
    parts = [f"{sizes[key]} for {text}" for key, text in TEXTS.items() if sizes[key]]
    parts += [f"{sizes['']} without one"] if sizes[""] else []
    note = f"the split comes from {said} ({', '.join(parts)}){_read(result, found)}"
    if not sizes["val"]:
        note += "; as none are for validation, a share of those for training is"
    return result, [*notes, note]


def _read(result: SplitColumns, found: list[_Column]) -> str:
    """What the cells mean, unless they are words: `; 0 is training, 1 is validation`."""
    if len(found) > 1:
        yes = [f"{TEXTS[column.meaning.flag]} in {column.name}" for column in found]
        return f"; a yes is {in_words(yes)}; a row without a yes is {TEXTS[result.otherwise]}"
    (column,) = found
    if column.meaning.kind == WORDS_KIND:
        return ""
    if column.meaning.kind == FOLDS_KIND:
        lowest = next(cell for cell, split in column.meaning.splits.items() if split == "val")
        return f"; {lowest} is validation, all others are training"
    pairs = [(cell or "an empty cell", TEXTS[result.of_cells([cell])]) for cell in sorted(column.meaning.splits)]
    return "; " + ", ".join(f"{cell} is {text}" for cell, text in pairs)


def _check_flags(result: SplitColumns, found: list[_Column], cells: tuple[str, ...], count: int) -> None:
    """Raises SettingError for rows with a yes for two splits."""
    yes = {
        meaning[cell]: column.name
        for meaning, cell, column in zip(result.meanings, cells, found, strict=True)
        if meaning.get(cell, NO) != NO
    }
    if len(yes) > 1:
        rows = number_text(count, "row has", "rows have")
        columns = in_words(list(yes.values()))
        _refuse(
            f"{rows} a yes in the columns {columns}, but a picture is for one split. Say which column counts by "
            f"--split-column {next(iter(yes.values()))}, or --split ratio"
        )


def _check_order(result: SplitColumns, found: list[_Column], sizes: "Counter[str]") -> None:
    """Raises SettingError if a column of numbers or flags would leave the smaller part for training."""
    (column, *others) = found
    largest = max(sizes["val"], sizes["test"])
    is_odd = sizes["train"] < largest or (sizes["train"] == largest and sizes["val"] and sizes["test"])
    if is_odd and column.meaning.may_be_reversed and not others:
        parts = ", ".join(f"{sizes[key]} for {text}" for key, text in TEXTS.items() if sizes[key])
        _refuse(
            f"the column {column.name} would give {parts}{_read(result, found)}. If that is right, give "
            f"--split-column {column.name}; else write train, val and test in it, or --split ratio ignores it"
        )


def _not_used(name: str, cells: set[str]) -> str:
    """The note about a column that gives no split. Raises SettingError if it seems to give one."""
    normal = normal_name(name)
    if normal in FOLDS:
        offer = f"; --split-column {name} takes the lowest for validation" if folds_of(cells) else ""
        return f"the column {name} holds numbers of folds, and is not used{offer}"
    known = {cell for cell in cells if split_word(cell)}
    if flag_split(normal):
        known |= cells & {*TRUE, *FALSE}
    others = "name another column by --split-column, or --split ratio ignores it"
    possible = cell_meaning(normal, cells, is_given=True)
    is_likely = possible and (possible.kind == NUMBERS_KIND or (possible.kind == FOLDS_KIND and is_numbered(normal)))
    if possible and is_likely and len(cells) <= MOST_UNKNOWN:
        first = next(cell for cell, split in possible.splits.items() if split == "val")
        reading = f"{first} is for validation, {'all others are' if len(cells) > 2 else 'the other is'} not"
        _refuse(f"the column {name} holds {_listed(cells)}. --split-column {name} uses it: {reading}; else {others}")
    looks_so = is_numbered(normal) and (known or 1 < len(cells) <= MOST_UNKNOWN)
    if looks_so or len(known) * 2 > len(cells):
        is_one = len(cells - known) == 1
        _refuse(
            f"{_listed(cells - known)} in the column {name} {'is' if is_one else 'are'} neither training, validation "
            f"nor testing. Write train, val or test instead, {others}"
        )
    return f"the column {name} holds no names of splits, and is not used for the split"


def _listed(cells: set[str]) -> str:
    return ", ".join(sorted(cells)[:5]) + (", ..." if len(cells) > 5 else "")


def _refuse(why: str) -> NoReturn:
    raise SettingError(bad_setting("split_column", None, why))
