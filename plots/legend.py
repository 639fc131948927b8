"""Adds a legend below an image: a colour field and the name of each class in its mask."""

from collections.abc import Sequence
from functools import cache

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from plots.fonts import default_font, parts_by_font
from plots.palette import VOID_COLOUR, VOID_NAME
from storage.tables import printable

MIN_LETTERS, MAX_LETTERS = 10, 120
"""Smallest and largest height of letters in pixels."""

MAX_CLASSES = 40
"""Largest number of named classes. If there are more, those with the most pixels are named."""

NARROW_WIDTH = 12
"""Images of less width, in heights of a letter, have smaller gaps in the legend."""

DOTS_WIDTH = 3
"""Smallest width of a shortened name, in heights of a letter, that ends in dots."""

WHITE, BLACK, GRAY = (255, 255, 255), (0, 0, 0), (128, 128, 128)

Colour = tuple[int, int, int]


def add_legend(image: np.ndarray, mask: np.ndarray, classes: Sequence[str], colours: np.ndarray) -> np.ndarray:
    """The image, RGB uint8 (height, width, 3), with a legend below: the classes of the mask, and void if it has any.

    Arguments:
        mask: class indices, uint8 of any size. Indices without a class are void.
        classes, colours: names, and uint8 (classes, 3).
    """
    pixels = np.zeros(256, np.int64)
    for row in mask:
        pixels += np.bincount(row, minlength=256)
    has_void = pixels[len(classes) :].any()
    pixels = pixels[: len(classes)]
    by_size = [int(index) for index in np.argsort(-pixels, kind="stable") if pixels[index]]
    entries = [(_colour(colours[index]), printable(classes[index])) for index in sorted(by_size[:MAX_CLASSES])]
    if len(by_size) > MAX_CLASSES:
        entries.append((WHITE, f"and {len(by_size) - MAX_CLASSES} more"))
    if has_void:
        entries.append((VOID_COLOUR, VOID_NAME))
    return np.concatenate([image, _draw_legend(entries, *image.shape[:2])])


def _colour(values: np.ndarray) -> Colour:
    red, green, blue = values.tolist()
    return red, green, blue


def _draw_legend(entries: Sequence[tuple[Colour, str]], height: int, width: int) -> np.ndarray:
    """Colour fields and names in rows below an image of that size, RGB uint8 (rows, width, 3)."""
    letters = letter_height(height, width)
    gap = letters // (4 if width < NARROW_WIDTH * letters else 2)
    line_height = letters + gap
    placed, left, top = [], gap, gap
    for colour, name in entries:
        name = _shorten(name, letters, width - 3 * gap - letters)
        entry_width = letters + gap + round(_width(name, letters))
        if left > gap and left + entry_width + gap > width:
            left, top = gap, top + line_height
        placed.append((left, top, colour, name))
        left += entry_width + 2 * gap
    legend = Image.new("RGB", (width, top + line_height), WHITE)
    draw = ImageDraw.Draw(legend)
    for left, top, colour, name in placed:
        draw.rectangle((left, top, left + letters - 1, top + letters - 1), fill=colour, outline=GRAY)
        _write(draw, (left + letters + gap, top + letters / 2), name, letters)
    return np.asarray(legend)


def _write(draw: ImageDraw.ImageDraw, left_middle: tuple[float, float], name: str, letters: int) -> None:
    left, middle = left_middle
    ascent, descent = font(default_font().path, letters).getmetrics()
    baseline = middle + (ascent - descent) / 2  # the same for the fonts of a row
    for part, letter_font in _fonts_of(name, letters):
        draw.text((left, baseline), part, fill=BLACK, font=letter_font, anchor="ls")
        left += letter_font.getlength(part)


def _shorten(name: str, letters: int, width: int) -> str:
    """The longest start of the name that fits into this many pixels."""
    end = ""
    while name and _width(name + end, letters) > width:
        name, end = name[:-1], "…" if width > DOTS_WIDTH * letters else ""
    return name + end


def _width(name: str, letters: int) -> float:
    return sum(letter_font.getlength(part) for part, letter_font in _fonts_of(name, letters))


def _fonts_of(name: str, letters: int) -> list[tuple[str, ImageFont.FreeTypeFont]]:
    if name.isascii():
        return [(name, font(default_font().path, letters))]
    return [(part, font(chosen.path, letters)) for part, chosen in parts_by_font(name)]


def letter_height(height: int, width: int) -> int:
    """The height of letters in pixels: a share of the image's width, or of its height if the image is flat."""
    return int(np.clip(min(width / 40, height / 8), MIN_LETTERS, MAX_LETTERS))


@cache
def font(path: str, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(path, size)
