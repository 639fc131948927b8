"""The kinds of files in a folder: images without a suffix, known by their first bytes, and what else lies there."""

import os
from collections import Counter
from collections.abc import Iterable
from itertools import islice

from storage.exhausted import raise_if_ran_out

STARTS = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF8", b"II*\0", b"MM\0*")
"""The first bytes of JPEG, PNG, GIF and TIFF."""

MOST_FILES = 10_000
"""Files whose suffixes are counted."""

NAMED = 4
"""Suffixes that a message names."""


def begins_like_an_image(path: str) -> bool:
    """Whether a file begins as one of the usual formats. False if it cannot be read."""
    try:
        if not os.path.isfile(path):  # opening a pipe would wait
            return False
        with open(path, "rb") as file:
            return file.read(8).startswith(STARTS)
    except OSError as error:
        raise_if_ran_out(error)
        return False


def describe_suffixes(names: Iterable[str]) -> str:
    """For example `10 .npy and 1 .txt`, the most frequent first; empty without names."""
    counts = Counter(os.path.splitext(name)[1].lower() or "without suffix" for name in islice(names, MOST_FILES))
    said = [f"{count} {suffix}" for suffix, count in counts.most_common(NAMED)]
    return " and ".join(said) + (" and others" if len(counts) > NAMED else "")
