"""Names in figures: their width in letters, and long names shortened."""

import unicodedata


def text_width(text: str) -> int:
    """The width in letters: Chinese, Japanese, Korean and emoji count as two, marks on another letter as none."""
    return sum(map(_letter_width, text))


def shorten(text: str, width: int) -> str:
    """The text, or its start and dots if it is wider than `width` letters. A letter keeps its marks."""
    if text_width(text) <= width:
        return text
    used = 0
    for end, letter in enumerate(text):
        used += _letter_width(letter)
        if used > width - 1:
            return text[:end] + "…"
    return text


def _letter_width(letter: str) -> int:
    if unicodedata.category(letter) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1
