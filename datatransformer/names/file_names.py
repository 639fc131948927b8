"""Names of files in one normal form, and the most similar of several."""

import difflib
import unicodedata
from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from datatransformer.naming import IMAGE_SUFFIX

if TYPE_CHECKING:
    pass


class NameParts(NamedTuple):
    """A name in its normal form: NFC, small letters, slashes, no `.` and `..`.

    Attributes:
        folders: above the file, from the nearest to the first.
        stem: the last part without the suffixes of images.
        suffix: these suffixes.
        leads_out: the name began with `..`.
    """

    folders: tuple[str, ...]
    stem: str
    suffix: str
    leads_out: bool = False

    def key(self, depth: int) -> str:
        """The key of the file within its nearest `depth` folders."""
        return "/".join((self.stem, *self.folders[:depth], ""))


def name_parts(name: str) -> NameParts:
    """The normal form of a name or path, as Windows or others write it, without its drive and its root."""
    path = name.replace("\\", "/")
    if not path.isascii():
        path = unicodedata.normalize("NFC", path)
        path = unicodedata.normalize("NFC", path.casefold())
    else:
        path = path.lower()
    parts: list[str] = []
    leads_out = False
    for part in path.split("/"):
        if part == "..":
            leads_out |= not parts
            parts = parts[:-1]
        elif part not in ("", "."):
            parts.append(part)
    if parts and parts[0].endswith(":"):
        parts = parts[1:]
    if not parts:
        return NameParts((), "", "", leads_out)
    stem = last = parts.pop()
    while (shorter := IMAGE_SUFFIX.sub("", stem)) and shorter != stem:
        stem = shorter
    return NameParts(tuple(parts[::-1]), stem, last[len(stem) :], leads_out)


def closest(name: str, files: Iterable[str]) -> str | None:
    """The most similar of a few names of files, None if none is; suffixes, which would make all alike, do not count."""
    by_form: dict[str, str] = {}
    for file in files:
        by_form.setdefault(_without_suffix(file), file)
    close = difflib.get_close_matches(_without_suffix(name), by_form, 1)
    return by_form[close[0]] if close else None


def _without_suffix(name: str) -> str:
    parts = name_parts(name)
    return "/".join((*parts.folders[::-1], parts.stem))
