"""Labels that look alike are one class; words for a missing label are none, and both are said."""

from collections import Counter

import pytest

from datatransformer.tables.label_cells import label_cells


def read(cells: list[str], several: bool = False) -> tuple[list[tuple[str, ...]], str, str]:
    """The labels of each cell, the notes and the warnings."""
    reading, notes, warnings = label_cells(Counter(cells), "label", several)
    return [reading.of(cell) for cell in cells], "\n".join(notes), "\n".join(warnings)


@pytest.mark.parametrize("cell", ["#N/A", "N/A", "n/a", "null", "NULL", "?", "-", "--"])
@pytest.mark.parametrize("several", [False, True])
def test_words_for_a_missing_label(cell, several):
    labels, _, warnings = read(["cat", cell, "dog", "cat"], several)
    assert labels == [("cat",), (), ("dog",), ("cat",)]
    assert f"read as a missing label: {cell} (once)" in warnings and "give it a name" in warnings
    assert read(["cat", f"the {cell}", "dog"])[0][1] == (f"the {cell}",)


@pytest.mark.parametrize("cell", ["NA", "None"])
def test_words_that_are_classes_too(cell):
    labels, _, warnings = read(["DE", cell, "FR", cell])
    assert labels == [("DE",), (cell,), ("FR",), (cell,)]
    assert f"{cell} (2 times) is read as a class; if that means a missing label, leave these cells empty" in warnings


@pytest.mark.parametrize("cells", [["+", "-"], ["a", "b", "?"], ["0", "1", "-"], ["?", "!"]])
def test_signs_are_labels_among_signs(cells):
    assert read(cells)[0] == [(cell,) for cell in cells]


def test_nothing_but_missing_labels():
    assert read(["null", "null"])[0] == [("null",), ("null",)]
    assert read(["nan", ""])[0] == [(), ()]


@pytest.mark.parametrize(
    ("one", "other", "label"),
    [
        ("K\u00e4se", "Ka\u0308se", "K\u00e4se"),
        ("cat", "cat\u200b", "cat"),
        ("cat", "\u200ecat", "cat"),
        ("big cat", "big\u00a0 cat", "big cat"),
        ("co\u00adop", "coop", "coop"),
        ("\u0645\u06cc\u200c\u062e", "\u0645\u06cc\u062e", "\u0645\u06cc\u062e"),
    ],
)
def test_labels_that_look_alike(one, other, label):
    labels, notes, _ = read([one, other, "dog", one])
    assert labels == [(label,), (label,), ("dog",), (label,)]
    assert f"are read as {label!r}" in notes
    assert read([other, "dog"])[0][0] in [(label,), (other,)]


def test_one_form_alone_is_clean():
    assert read(["Ka\u0308se", "cat\u200b"])[0] == [("K\u00e4se",), ("cat",)]
