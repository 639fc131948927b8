"""Colours of classes and of figures."""

from collections.abc import Sequence
from functools import cache

import cv2
import numpy as np
from matplotlib import colormaps
from matplotlib.colors import ListedColormap

VOID_COLOUR = (0, 0, 0)
VOID_NAME = "void (not counted)"
"""What a legend calls pixels without a class."""

OVERLAY_OPACITY = 0.55
"""Share of the class colour in an overlay; the rest is the image."""

BLUE, ORANGE, GREEN, GRAY, PALE_BLUE = "#0072b2", "#d55e00", "#009e73", "#777777", "#b8d8ec"
"""Colours that colour-blind readers can distinguish (Okabe & Ito 2008)."""

SERIES_COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#000000", "#b8a900")
"""Those of lines and points, colour-blind safe too, with a darker yellow for a white background."""

MARKERS = ("o", "^", "s", "X", "D", "v", "P", "*", "<", ">", "p", "h")

_ORDER = [*range(0, 20, 2), *range(1, 20, 2)]
"""Every second colour of tab20 first: the others are pale versions of them."""

_STEP = 15
"""Distance of the red, green and blue values among which further colours are looked for."""


def palette(colours: Sequence[tuple[int, int, int] | None]) -> np.ndarray:
    """The colour of each class, uint8 (classes, 3): the given one, or else a distinct one."""
    if None not in colours:
        return np.array(colours, np.uint8).reshape(-1, 3)
    defaults = _default_colours(len(colours))
    return np.array([colour or default for colour, default in zip(colours, defaults, strict=True)], np.uint8)


@cache
def _default_colours(count: int) -> list[tuple[int, int, int]]:
    """The 20 of Matplotlib's tab20, then always the colour that is farthest, to the eye, from void and all before."""
    tab20 = colormaps["tab20"]
    assert isinstance(tab20, ListedColormap)
    chosen = np.round(255 * np.array(tab20.colors)[_ORDER]).astype(np.uint8).tolist()
    candidates = np.stack(np.meshgrid(*[np.arange(0, 256, _STEP)] * 3), axis=-1).reshape(-1, 3).astype(np.uint8)
    places = _lab(candidates)
    nearest = np.min([np.linalg.norm(places - place, axis=1) for place in _lab([VOID_COLOUR, *chosen])], axis=0)
    for _ in range(count - len(chosen)):
        farthest = int(nearest.argmax())
        chosen.append(candidates[farthest].tolist())
        nearest = np.minimum(nearest, np.linalg.norm(places - places[farthest], axis=1))
    return [(red, green, blue) for red, green, blue in chosen[:count]]


def _lab(colours: Sequence[Sequence[int]] | np.ndarray) -> np.ndarray:
    """RGB of 0..255 (colours, 3) -> CIELAB, in which distances are about those that an eye sees."""
    return cv2.cvtColor(np.array(colours, np.float32)[None] / 255, cv2.COLOR_RGB2Lab)[0]


def colour_mask(mask: np.ndarray, colours: np.ndarray) -> np.ndarray:
    """Class indices (height, width) -> RGB uint8 (height, width, 3). Void is black."""
    table = np.tile(np.array(VOID_COLOUR, np.uint8), (256, 1))
    table[: len(colours)] = colours
    return table[mask]


def overlay_mask(image: np.ndarray, mask: np.ndarray, colours: np.ndarray) -> np.ndarray:
    """The image, RGB uint8 (height, width, 3), tinted with the colours of its classes."""
    return cv2.addWeighted(image, 1 - OVERLAY_OPACITY, colour_mask(mask, colours), OVERLAY_OPACITY, 0)
