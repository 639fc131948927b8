"""Adds a legend below an image: a colour field and the name of each class in its mask."""

from collections.abc import Sequence
from functools import cache

import numpy as np
from matplotlib.font_manager import findfont
from PIL import Image, ImageDraw, ImageFont

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
    """The image, RGB uint8 (height, width, 3), with a legend below. A mask of void only has no legend.

    Arguments:
        mask: class indices, uint8 of any size. Indices without a class are void.
        classes, colours: names, and uint8 (classes, 3).
    """
    pixels = np.zeros(256, np.int64)
    for row in mask:
        pixels += np.bincount(row, minlength=256)
    pixels = pixels[: len(classes)]
    by_size = [int(index) for index in np.argsort(-pixels, kind="stable") if pixels[index]]
    entries = [(_colour(colours[index]), printable(classes[index])) for index in sorted(by_size[:MAX_CLASSES])]
    if not entries:
        return image
    if len(by_size) > MAX_CLASSES:
        entries.append((WHITE, f"and {len(by_size) - MAX_CLASSES} more"))
    return np.concatenate([image, _draw_legend(entries, *image.shape[:2])])


def _colour(values: np.ndarray) -> Colour:
    red, green, blue = values.tolist()
    return red, green, blue


def _draw_legend(entries: Sequence[tuple[Colour, str]], height: int, width: int) -> np.ndarray:
    """Colour fields and names in rows below an image of that size, RGB uint8 (rows, width, 3)."""
    letters = letter_height(height, width)
    letter_font, gap = font(letters), letters // (4 if width < NARROW_WIDTH * letters else 2)
    line_height = letters + gap
    placed, left, top = [], gap, gap
    for colour, name in entries:
        name = _shorten(name, letter_font, width - 3 * gap - letters)
        entry_width = letters + gap + round(letter_font.getlength(name))
        if left > gap and left + entry_width + gap > width:
            left, top = gap, top + line_height
        placed.append((left, top, colour, name))
        left += entry_width + 2 * gap
    legend = Image.new("RGB", (width, top + line_height), WHITE)
    draw = ImageDraw.Draw(legend)
    for left, top, colour, name in placed:
        draw.rectangle((left, top, left + letters - 1, top + letters - 1), fill=colour, outline=GRAY)
        draw.text((left + letters + gap, top + letters / 2), name, fill=BLACK, font=letter_font, anchor="lm")
    return np.asarray(legend)


def _shorten(name: str, letter_font: ImageFont.FreeTypeFont, width: int) -> str:
    """The longest start of the name that fits into this many pixels."""
    end = ""
    while name and letter_font.getlength(name + end) > width:
        name, end = name[:-1], "…" if width > DOTS_WIDTH * letter_font.size else ""
    return name + end


def letter_height(height: int, width: int) -> int:
    """The height of letters in pixels: a share of the image's width, or of its height if the image is flat."""
    return int(np.clip(min(width / 40, height / 8), MIN_LETTERS, MAX_LETTERS))


@cache
def font(size: int) -> ImageFont.FreeTypeFont:
    """DejaVu Sans, which is part of matplotlib. It has the letters of most alphabets, and boxes for the others."""
    return ImageFont.truetype(findfont("DejaVu Sans"), size)
