"""Forms in which labels are compared: without signs that nobody sees, as a number, without regard to case."""

import re
import unicodedata

WHOLE = re.compile(r"-?\d+(\.0*)?")
"""A whole number, perhaps with decimals that are 0."""

MOST_DIGITS = 16
"""Signs of a number that a float holds exactly."""

INVISIBLE = re.compile("[\u200b\u2060\ufeff\u00ad\u200e\u200f]")
"""Signs without width that change no word: zero-width spaces, soft hyphens, marks of direction."""

JOINERS = re.compile("[\u200c\u200d]")
"""Signs without width that are a part of words in some scripts."""


def clean_label(label: str) -> str:
    """A label in the one Unicode form NFC, without invisible signs."""
    return label if label.isascii() else unicodedata.normalize("NFC", INVISIBLE.sub("", label)).strip()


def look_of(label: str) -> str:
    """What a reader sees of a label: without invisible signs, and with single blanks."""
    return " ".join(JOINERS.sub("", clean_label(label)).split())


def plain_number(label: str) -> str:
    """A whole number without decimals and zeros in front; other labels as they are."""
    return str(int(float(label))) if WHOLE.fullmatch(label) and len(label) < MOST_DIGITS else label


def loose_form(label: str) -> str:
    """A label without regard to upper and lower case, underscores and the width of blanks."""
    return " ".join(look_of(plain_number(label)).replace("_", " ").split()).casefold()
