"""Names of files as cells of our tables. A cell means one name: a name that reads as the cell of another is refused.

The cell of a name has its control characters and the bytes that are not UTF-8 as escapes, and an apostrophe before a
sign that begins a formula: see `csv_safe`. So a name that holds such an escape as letters, or begins with such an
apostrophe, is refused. The name alone decides this, and so every command takes and refuses the same names.
"""

import re
import unicodedata

ESCAPE = re.compile(r"\\(x(?:[0189][0-9a-f]|7f|27|5c)|u(?:061c|200[ef]|202[89a-e]|206[6-9]|feff|d[89a-f][0-9a-f]{2}))")
"""The escapes that `log.visible` writes, and those of the apostrophe and the backslash, which `told_apart` writes."""

APOSTROPHE = re.compile(r"(?:^|(?<=/))'(?='*[=+\-@])")
"""At the start of a name or of a part of a path, before a sign that begins a formula."""


def why_refused(name: str) -> str:
    """Why a file of this name, a path below the user's folder, is left out; empty if it is not."""
    if reason := why_label_refused(name):
        return f"its name {reason}"
    if APOSTROPHE.search(name):
        return "its name begins with an apostrophe and a sign, as tables write a name that begins with it; rename it"
    return ""


def why_label_refused(label: str) -> str:
    """As `why_refused`, for a label in a table. Apostrophes of labels are told apart: see `class_cell`."""
    found = ESCAPE.search(label)
    return f"holds {found[0]} in letters, as tables write a character that cannot be shown; rename it" if found else ""


def told_apart(name: str) -> str:
    """A refused name with its backslashes and apostrophes as escapes. No other name has this form, nor its cell."""
    return APOSTROPHE.sub(r"\\x27", name.replace("\\", r"\x5c"))


def name_of_cell(cell: str) -> str:
    """The name that is written so in our tables."""
    name = APOSTROPHE.sub("", cell, count=1) if cell.startswith("'") else cell
    return ESCAPE.sub(lambda escape: chr(int(escape[1][1:], 16)), name)


def on_any_disk(name: str) -> str:
    """The same text for names that are one file where a disk ignores upper and lower case, or forms of Unicode."""
    if name.isascii():
        return name.casefold()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", name).casefold())
