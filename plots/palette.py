"""Colours of classes and of figures."""

from collections.abc import Sequence

import cv2
import numpy as np
from matplotlib import colormaps
from matplotlib.colors import ListedColormap

VOID_COLOUR = (0, 0, 0)
OVERLAY_OPACITY = 0.55
"""Share of the class colour in an overlay; the rest is the image."""

BLUE, ORANGE, GREEN, GRAY, PALE_BLUE = "#0072b2", "#d55e00", "#009e73", "#777777", "#b8d8ec"
"""Colours that colour-blind readers can distinguish (Okabe & Ito 2008)."""

_MAPS = ("tab20", "tab20b", "tab20c")
_ORDER = [*range(0, 20, 2), *range(1, 20, 2), *range(20, 60)]
"""Every second colour of tab20 first: the others are pale versions of them."""


def palette(colours: Sequence[tuple[int, int, int] | None]) -> np.ndarray:
    """The colour of each class, uint8 (classes, 3): the given one, or else a distinct one of 60 default colours."""
    maps = [colormaps[name] for name in _MAPS]
    defaults = np.concatenate([np.array(colours.colors) for colours in maps if isinstance(colours, ListedColormap)])
    defaults = np.round(255 * defaults[_ORDER]).astype(np.uint8)
    return np.array([colour or defaults[index % len(defaults)] for index, colour in enumerate(colours)], np.uint8)


def colour_mask(mask: np.ndarray, colours: np.ndarray) -> np.ndarray:
    """Class indices (height, width) -> RGB uint8 (height, width, 3). Void is black."""
    table = np.tile(np.array(VOID_COLOUR, np.uint8), (256, 1))
    table[: len(colours)] = colours
    return table[mask]


def overlay_mask(image: np.ndarray, mask: np.ndarray, colours: np.ndarray) -> np.ndarray:
    """The image, RGB uint8 (height, width, 3), tinted with the colours of its classes."""
    return cv2.addWeighted(image, 1 - OVERLAY_OPACITY, colour_mask(mask, colours), OVERLAY_OPACITY, 0)
