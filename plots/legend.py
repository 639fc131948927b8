"""A legend beneath a picture: a swatch and the name of each class in its mask."""

from collections.abc import Sequence
from functools import cache

import numpy as np
from matplotlib.font_manager import findfont
from PIL import Image, ImageDraw, ImageFont

from storage.tables import printable

SMALLEST, LARGEST = 10, 120
"""Heights of the letters in pixels."""

MAX_CLASSES = 40
"""Classes in a legend; of more the largest are named."""

NARROW, WORTH_DOTS = 12, 3
"""Widths, in heights of the letters: of a picture that has no room to waste, of a name whose cut is marked by dots."""

WHITE, BLACK, GRAY = (255, 255, 255), (0, 0, 0), (128, 128, 128)


def with_legend(picture: np.ndarray, mask: np.ndarray, classes: Sequence[str], colours: np.ndarray) -> np.ndarray:
    """The picture, RGB uint8 (height, width, 3), with a strip beneath it; as it is if nothing but void is in the mask.

    Arguments:
        mask: class indices, uint8, of any size; other indices than those of `classes` are void.
        classes, colours: their names and (classes, 3) uint8.
    """
    pixels = sum(np.bincount(row, minlength=256) for row in mask)[: len(classes)]
    largest_first = [index for index in np.argsort(-pixels, kind="stable") if pixels[index]]
    entries = [
        (tuple(colours[index].tolist()), printable(classes[index])) for index in sorted(largest_first[:MAX_CLASSES])
    ]
    if not entries:
        return picture
    if len(largest_first) > MAX_CLASSES:
        entries.append((WHITE, f"and {len(largest_first) - MAX_CLASSES} more"))
    return np.concatenate([picture, _strip(entries, *picture.shape[:2])])


def _strip(entries: Sequence[tuple[tuple[int, int, int], str]], height: int, width: int) -> np.ndarray:
    """The swatches and names in rows of the picture's width, RGB uint8 (rows, width, 3)."""
    letters = letter_height(height, width)
    size, gap = font(letters), letters // (4 if width < NARROW * letters else 2)
    line = letters + gap
    placed, left, top = [], gap, gap
    for colour, name in entries:
        name = _shortened(name, size, width - 3 * gap - letters)
        wide = letters + gap + round(size.getlength(name))
        if left > gap and left + wide + gap > width:
            left, top = gap, top + line
        placed.append((left, top, colour, name))
        left += wide + 2 * gap
    strip = Image.new("RGB", (width, top + line), WHITE)
    draw = ImageDraw.Draw(strip)
    for left, top, colour, name in placed:
        draw.rectangle((left, top, left + letters - 1, top + letters - 1), fill=colour, outline=GRAY)
        draw.text((left + letters + gap, top + letters / 2), name, fill=BLACK, font=size, anchor="lm")
    return np.asarray(strip)


def _shortened(name: str, size: ImageFont.FreeTypeFont, room: int) -> str:
    """As much of the name as there is room for, in pixels."""
    end = ""
    while name and size.getlength(name + end) > room:
        name, end = name[:-1], "…" if room > WORTH_DOTS * size.size else ""
    return name + end


def letter_height(height: int, width: int) -> int:
    """Of a picture's legend, in pixels: a share of the width, as wide pictures are shown small; less if it is flat."""
    return int(np.clip(min(width / 40, height / 8), SMALLEST, LARGEST))


@cache
def font(size: int) -> ImageFont.FreeTypeFont:
    """DejaVu Sans, which matplotlib brings along. It has the letters of most alphabets, and boxes for the others."""
    return ImageFont.truetype(findfont("DejaVu Sans"), size)
