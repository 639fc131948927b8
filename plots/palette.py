"""A colour for each class."""

from collections.abc import Sequence

import cv2
import numpy as np
from matplotlib import colormaps

VOID_COLOUR = (0, 0, 0)
SHARE_OF_COLOUR = 0.55
"""Of an overlay; the rest is the picture."""


def palette(colours: Sequence[tuple[int, int, int] | None]) -> np.ndarray:
    """(classes, 3) uint8: those of the raw masks where they have some, else such as are easily told apart."""
    plain = np.array([colormaps["tab20"].colors, colormaps["tab20b"].colors, colormaps["tab20c"].colors])
    plain = np.round(255 * plain.reshape(-1, 3)[_EVEN_FIRST]).astype(np.uint8)
    return np.array([colour or plain[index % len(plain)] for index, colour in enumerate(colours)], np.uint8)


_EVEN_FIRST = [*range(0, 20, 2), *range(1, 20, 2), *range(20, 60)]
"""Each second of tab20 is a pale twin of the one before."""


def coloured(mask: np.ndarray, colours: np.ndarray) -> np.ndarray:
    """Class indices (height, width) -> RGB uint8; void is black."""
    table = np.tile(np.array(VOID_COLOUR, np.uint8), (256, 1))
    table[: len(colours)] = colours
    return table[mask]


def overlay(picture: np.ndarray, mask: np.ndarray, colours: np.ndarray) -> np.ndarray:
    """The picture, RGB uint8, tinted with the colours of its classes."""
    return cv2.addWeighted(picture, 1 - SHARE_OF_COLOUR, coloured(mask, colours), SHARE_OF_COLOUR, 0)


BLUE, ORANGE, GREEN, GRAY, PALE_BLUE = "#0072b2", "#d55e00", "#009e73", "#777777", "#b8d8ec"
"""Told apart by the colour-blind (Okabe & Ito 2008)."""
