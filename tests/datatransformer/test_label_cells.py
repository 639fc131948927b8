"""Cells with several labels: signs that separate them, lists, and cells that could mean something else."""

from collections import Counter

import pytest

from datatransformer.tables.label_cells import label_cells
from settings import SettingError


def read(cells: list[str], column: str = "tags", several: bool = True) -> tuple[list[tuple[str, ...]], str, str]:
    """The labels of each cell, the notes and the warnings."""
    reading, notes, warnings = label_cells(Counter(cells), column, several)
    return [reading.of(cell) for cell in cells], "\n".join(notes), "\n".join(warnings)


@pytest.mark.parametrize(
    "cells",
    [
        ["sky|sea", "sky", ""],
        ["sky; sea;", "sky", ";"],
        ["sky, sea", "sky", ","],
        ["sky、sea", "sky", ""],
        ["sky，sea", "sky", ""],
        ["['sky', 'sea']", "['sky']", "[]"],
        ['["sky", "sea"]', '["sky"]', "[]"],
        ["{sky,sea}", "{sky}", "{}"],
        ["('sky', 'sea')", "('sky',)", "()"],
    ],
)
def test_labels_of_a_cell(cells):
    labels, notes, warnings = read(cells)
    assert labels == [("sky", "sea"), ("sky",), ()]
    assert "the column tags holds" in notes and not warnings


def test_names_in_brackets_are_no_lists():
    assert read(["(old) house", "barn (new)"], "label", several=False)[0] == [("(old) house",), ("barn (new)",)]
    assert read(["(old)", "(new)"], "label", several=False)[0] == [("(old)",), ("(new)",)]


def test_a_comma_in_a_name_is_no_separator():
    names = ["dog, small", "dog", "犬、小"]
    assert read(names, "label", several=False)[0] == [(name,) for name in names]
    with pytest.raises(SettingError, match="--labels several"):
        read(["sky、sea", "sky", "sea"], "label", several=False)


def test_another_separator_inside_of_labels_is_said():
    labels, _, warnings = read(["sky;sea", "sky|sand", "sea;sand", "sand"])
    assert labels == [("sky;sea",), ("sky", "sand"), ("sea;sand",), ("sand",)]
    assert "labels such as 'sky;sea' are read as one name each; if they are several labels, write | between" in warnings
    assert not read(["sky;sea, lake", "sea, lake", "sky"])[2], "a name with a comma"


def test_labels_without_letters_are_said():
    warnings = read(["sky - sea", "sky", "sea"])[2]
    assert "the label '-' has no letter and no digit" in warnings
    assert not read(["sky sea", "sky", "木 sea", "3"])[2]


def test_commas_that_may_belong_to_names_are_said():
    cities = ["New York, NY", "Paris, France", "Rome, Italy"]
    warnings = read(cities, "label")[2]
    assert 'if commas belong to names, write lists: ["New York, NY"]' in warnings
    assert read([f'["{city}"]' for city in cities], "label")[0] == [(city,) for city in cities]
    assert not read(["sky, sea", "sea, sand", "sand"], "label")[2]
