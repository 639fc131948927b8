"""Fonts for names in any script: DejaVu Sans, and for letters that it lacks, installed fonts that have them."""

import unicodedata
from collections.abc import Iterable, Sequence
from functools import cache, lru_cache
from typing import NamedTuple

from matplotlib.font_manager import FontProperties, findfont, findSystemFonts, fontManager
from matplotlib.ft2font import FT2Font, StyleFlags

from log import logger

DEFAULT_FAMILY = "DejaVu Sans"
"""It is part of matplotlib, and has the letters of most alphabets."""

UNUSABLE = ("last resort", "lastresort", "adobe blank", "adobeblank", "color emoji")
"""Fonts of boxes or blanks for every letter, and of letters in colour, which matplotlib cannot draw."""

MAX_LISTED = 20
"""Letters without a font that a warning names."""

CJK, SYMBOLS, OTHER = (
    ("fonts-noto-cjk", "Noto Sans CJK"),
    ("fonts-symbola", "Noto Emoji"),
    ("fonts-noto-core", "Noto Sans"),
)
"""A package of Debian and Ubuntu, and a font of other systems, for each group of letters."""


class Font(NamedTuple):
    path: str
    family: str


Candidate = tuple[set[str], tuple[bool, ...], Font]

_chosen: dict[str, Font | None] = {}
"""The font of each letter that DejaVu Sans lacks and that was asked for; None if no installed font has it."""

_warned: set[tuple[str, str]] = set()


@cache
def default_font() -> Font:
    return Font(findfont(FontProperties(family=DEFAULT_FAMILY)), DEFAULT_FAMILY)


def fonts_for(texts: Iterable[str]) -> list[Font]:
    """DejaVu Sans and, behind it, the fonts that have the letters which it lacks.

    If no installed font has a letter, this is said once for all letters of its kind, with the remedy.
    """
    lacking = _lacking("".join(texts))
    _choose({letter for letter in lacking if letter not in _chosen})
    return [default_font(), *dict.fromkeys(font for letter in lacking if (font := _chosen[letter]))]


@lru_cache(4096)
def parts_by_font(text: str) -> tuple[tuple[str, Font], ...]:
    """The text in parts of one font each: a single part if a font has all its letters."""
    fonts = fonts_for([text])
    has = {font: _letters_of(font.path, set(text)) for font in fonts}
    drawn = {letter for letter in text if _is_drawn(letter)}
    for font in fonts:
        if drawn <= has[font]:
            return ((text, font),)
    parts: list[tuple[str, Font]] = []
    for letter in text:
        font = next((font for font in fonts if letter in has[font]), fonts[0])
        stays = bool(parts) and (not _is_drawn(letter) or unicodedata.category(letter).startswith("M"))
        if parts and (stays or font == parts[-1][1]):
            parts[-1] = parts[-1][0] + letter, parts[-1][1]
        else:
            parts.append((letter, font))
    return tuple(parts)


def _is_drawn(letter: str) -> bool:
    """Whether a font needs an outline for it. Spaces, controls, and selectors of variants have none."""
    return not (
        letter.isspace()
        or unicodedata.category(letter) in ("Cc", "Cf", "Cn", "Cs")
        or "\ufe00" <= letter <= "\ufe0f"
        or "\U000e0100" <= letter <= "\U000e01ef"
    )


def _lacking(text: str) -> list[str]:
    """The letters that DejaVu Sans lacks, sorted."""
    if text.isascii():
        return []
    letters = {letter for letter in text if _is_drawn(letter)}
    return sorted(letters - _letters_of(default_font().path, letters))


def _letters_of(path: str, letters: set[str]) -> set[str]:
    """Those of the letters that the font has."""
    font = FT2Font(path)
    return {letter for letter in letters if font.get_char_index(ord(letter))}


def _choose(letters: set[str]) -> None:
    """Notes a font for each letter: as few fonts as possible, in a plain style."""
    left = set(letters)
    for paths in (_fonts_in_use, _known_fonts, findSystemFonts):  # the last also finds fonts that are new
        candidates = _candidates(paths(), left) if left else []
        while left and candidates:
            found, _, font = min(candidates, key=lambda one: (-len(one[0] & left), one[1], one[2]))
            if not found & left:
                break
            if font.family not in fontManager.get_font_names():
                fontManager.addfont(font.path)
            _chosen.update(dict.fromkeys(found & left, font))
            left -= found
    _chosen.update(dict.fromkeys(left))
    if left:
        _warn(left)


def _fonts_in_use() -> list[str]:
    return sorted({font.path for font in _chosen.values() if font})


def _known_fonts() -> list[str]:
    return [entry.fname for entry in fontManager.ttflist]


def _candidates(paths: Sequence[str], letters: set[str]) -> list[Candidate]:
    """Fonts with some of the letters: these letters, an order by style (plain ones first), and the font."""
    candidates: list[Candidate] = []
    for path in dict.fromkeys(paths):
        try:
            font = FT2Font(path)
            found = {letter for letter in letters if font.get_char_index(ord(letter))}
        except (OSError, RuntimeError, ValueError):
            continue  # a damaged file, or not a font
        family, style = font.family_name, font.style_name
        if not found or not font.scalable or any(name in f"{family} {path}".lower() for name in UNUSABLE):
            continue
        slanted_or_bold = bool(font.style_flags & (StyleFlags.BOLD | StyleFlags.ITALIC))
        plain = slanted_or_bold, style not in ("Regular", "Book", "Normal"), "Mono" in family, "Serif" in family
        candidates.append((found, plain, Font(path, family)))
    return candidates


def _warn(letters: set[str]) -> None:
    """Says that figures have boxes in place of these letters, unless that was said of others with the same remedy."""
    remedies = {letter: _remedy(letter) for letter in sorted(letters)}
    if set(remedies.values()) <= _warned:
        return
    _warned.update(remedies.values())
    listed = "".join(list(remedies)[:MAX_LISTED]) + ("…" if len(remedies) > MAX_LISTED else "")
    packages, fonts = (", ".join(names) for names in zip(*sorted(set(remedies.values())), strict=True))
    logger.warning(
        f"No installed font has the letters {listed}: figures show boxes in their place; tables are not affected. "
        f"Install fonts with them (Debian and Ubuntu: {packages}; elsewhere: {fonts}), then draw the figures again."
    )


def _remedy(letter: str) -> tuple[str, str]:
    if unicodedata.category(letter) in ("So", "Sk", "Sm"):
        return SYMBOLS
    return CJK if unicodedata.east_asian_width(letter) in "WF" else OTHER
