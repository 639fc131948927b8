"""Labels that are written in two ways, and cells that say that there is no label."""

from collections import Counter
from collections.abc import Iterable, Mapping

from datatransformer.tables.label_forms import look_of

EMPTY = ("", "nan", "<na>", "nat")
"""Cells without a label, in small letters."""

NO_LABEL = ("#n/a", "#na", "n/a", "n.a.", "null", "#null!")
SIGNS_OF_NO_LABEL = ("?", "-", "--", "–", "—")
"""Cells that mean a missing label too. The signs are labels where others are signs or single letters."""

MAYBE_NO_LABEL = ("NA", "None")
"""How R and Python write a missing label; both are names of classes too."""

MOST_CELLS = 50_000
"""Different cells that are compared with each other. A column with more has no labels that repeat."""


def empty_cells(counts: "Mapping[str, int]") -> tuple[frozenset[str], list[str]]:
    """The cells that mean a missing label besides those in EMPTY, and warnings about them."""
    filled = [cell for cell in counts if cell.lower() not in EMPTY]
    labels = [cell for cell in filled if cell.lower() not in (*NO_LABEL, *SIGNS_OF_NO_LABEL)]
    are_signs = sum(len(cell) == 1 or not any(map(str.isalnum, cell)) for cell in labels) * 2 > len(labels)
    has_sign = any(not any(map(str.isalnum, cell)) for cell in labels)
    words = NO_LABEL if are_signs or has_sign else (*NO_LABEL, *SIGNS_OF_NO_LABEL)
    empty = [cell for cell in filled if cell.lower() in words]
    if not labels:
        return frozenset(), []
    warnings = []
    times = {cell: "once" if counts[cell] == 1 else f"{counts[cell]} times" for cell in filled}
    if empty:
        listed = ", ".join(f"{cell} ({times[cell]})" for cell in empty)
        warnings.append(f"read as a missing label: {listed}. If that is a class, give it a name in the table")
    if maybe := [cell for cell in filled if cell in MAYBE_NO_LABEL]:
        listed = " and ".join(f"{cell} ({times[cell]})" for cell in maybe)
        warnings.append(
            f"{listed} {'is' if len(maybe) == 1 else 'are'} read as a class; if that means a missing label, leave "
            "these cells empty"
        )
    return frozenset(empty), warnings


def spellings_of(totals: "Counter[str]") -> tuple[dict[str, str], list[str], list[str]]:
    """Labels that mean others, notes and warnings.

    Blanks, signs without width and Unicode forms do not make another label; upper and lower case do.
    """
    if len(totals) > MOST_CELLS:
        return {}, [], []
    spellings: dict[str, str] = {}
    groups: dict[str, dict[str, list[str]]] = {}
    for label in totals:
        text = look_of(label)
        groups.setdefault(text.casefold(), {}).setdefault(text, []).append(label)
    notes, warnings = [], []
    for group in groups.values():
        for text, labels in group.items():
            usual = text if text in labels else max(labels, key=lambda label: totals[label])
            others = [label for label in labels if label != usual]
            spellings |= dict.fromkeys(others, usual)
            if others:
                notes.append(f"{_difference(labels)}, and are read as {usual!r}")
        if len(group) > 1:
            sizes = ", ".join(f"{text} ({sum(totals[label] for label in labels)})" for text, labels in group.items())
            warnings.append(
                f"the labels {sizes} differ in upper and lower case alone. They are kept apart; if they are one class, "
                "write them alike in the table"
            )
    return spellings, notes, warnings


def _difference(labels: Iterable[str]) -> str:
    labels = list(labels)
    if len({" ".join(label.split()) for label in labels}) == 1:
        return f"the labels {', '.join(map(repr, labels))} differ in blanks alone"
    return f"the labels {', '.join(map(ascii, labels))} look alike, but differ in Unicode signs"
