"""The shapes that annotation tools draw on images, and masks made of them."""

import base64
import io
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from PIL import Image, ImageDraw

from datatransformer.annotations.run_lengths import brush_mask, coco_mask, row_mask
from datatransformer.masks.classes import VOID
from datatransformer.pictures.images import UnreadableImage
from datatransformer.pictures.png_rows import check_rows
from storage.exhausted import raise_if_ran_out

FAR = 10
"""A point further outside than this many times the image is a mistake, not a shape that goes over the edge."""


class Shape(NamedTuple):
    """A region of an image that an annotation tool has marked.

    Attributes:
        label: the name of its class; empty for void.
        kind: one of DRAWINGS, which says what the data are.
        data: numbers, lists and texts, as JSON has them. Coordinates are pixels, or fractions of width and height if
            `drawn_mask` is told so; 0 is the left or upper edge of the image.
    """

    label: str
    kind: str
    data: Any


def drawn_mask(
    shapes: Iterable[Shape], classes: Mapping[str, int], size: tuple[int, int], background: int, fractions: bool = False
) -> np.ndarray:
    """(height, width) uint8 of class indices: the shapes in their order, later ones over earlier ones.

    Arguments:
        classes: the index of each label. Other labels are void.
        size: width and height.
        background: the index of pixels without a shape.
        fractions: coordinates are fractions of width and height.

    Raises UnreadableImage for a shape that cannot be drawn.
    """
    width, height = size
    mask = np.full((height, width), background, np.uint8)
    for shape in shapes:
        draw = DRAWINGS[shape.kind]
        try:
            draw(mask, scaled(shape.data, width, height) if fractions else shape.data, classes.get(shape.label, VOID))
        except UnreadableImage as error:
            raise UnreadableImage(f"a shape of {shape.label or 'no class'} {error}") from error
        except (TypeError, ValueError, OverflowError, KeyError, IndexError, MemoryError) as error:
            raise UnreadableImage(f"a shape of {shape.label or 'no class'} is damaged: {error}") from error
    return mask


def scaled(rings: Sequence[Sequence[float]], width: int, height: int) -> list[list[float]]:
    """Rings of fractions as rings of pixels."""
    return [[value * (height if place % 2 else width) for place, value in enumerate(ring)] for ring in rings]


def points_of(data: Any, mask: np.ndarray, fewest: int) -> np.ndarray:
    """(points, 2) float64 from x, y, x, y ... Raises UnreadableImage."""
    points = np.asarray(data, np.float64)
    if points.ndim != 1 or len(points) % 2 or len(points) < 2 * fewest:
        raise UnreadableImage(f"has {points.size} coordinates; x and y of at least {fewest} points are needed")
    points = points.reshape(-1, 2)
    if not np.isfinite(points).all():
        raise UnreadableImage("has a coordinate that is no number")
    height, width = mask.shape
    far = np.abs(points / (width, height)).max(axis=1) > FAR
    if far.any():
        x, y = points[far][0]
        raise UnreadableImage(f"has a point at x={x:g}, y={y:g}, far outside the image of {width}x{height} pixels")
    return points


def fill_ring(mask: np.ndarray, points: np.ndarray, value: int) -> None:
    """Fills a polygon: every pixel whose centre lies inside. Where it crosses itself, it is inside as often as odd.

    So a pixel on the border of two polygons belongs to one of them, as for pycocotools. OpenCV's fillPoly also fills
    all pixels that the outline touches: half a pixel too much on each side, which counts for thin things.

    Arguments:
        mask: (height, width).
        points: (points, 2) of x and y in pixels, not closed.
    """
    height, width = mask.shape
    top, bottom = (int(np.clip(math.ceil(edge - 0.5), 0, height)) for edge in (points[:, 1].min(), points[:, 1].max()))
    left, right = (int(np.clip(math.ceil(edge - 0.5), 0, width)) for edge in (points[:, 0].min(), points[:, 0].max()))
    if top == bottom or left == right:
        return
    start, end = points, np.roll(points, -1, axis=0)
    down = start[:, 1] < end[:, 1]
    upper, lower = np.where(down[:, None], start, end), np.where(down[:, None], end, start)
    first = np.clip(np.ceil(upper[:, 1] - 0.5), top, bottom).astype(int)
    counts = np.clip(np.ceil(lower[:, 1] - 0.5), top, bottom).astype(int) - first
    edge = np.repeat(np.arange(len(points)), counts)  # the edges, once for each row whose middle they cross
    row = np.arange(len(edge)) - np.repeat(np.cumsum(counts) - counts, counts) + first[edge]
    slope = (lower[edge, 0] - upper[edge, 0]) / (lower[edge, 1] - upper[edge, 1])
    crossing = upper[edge, 0] + (row + 0.5 - upper[edge, 1]) * slope
    column = np.clip(np.ceil(crossing - 0.5), left, right).astype(int)
    turns = np.zeros((bottom - top, right - left + 1), np.uint8)
    np.add.at(turns, (row - top, column - left), 1)  # a count of 256 is even too
    inside = np.cumsum(turns, axis=1, dtype=np.uint8)[:, :-1] & 1
    mask[top:bottom, left:right][inside.astype(bool)] = value


def _fill_rings(mask: np.ndarray, rings: Any, value: int) -> None:
    for ring in rings:
        fill_ring(mask, points_of(ring, mask, fewest=3), value)


def _fill_coco_runs(mask: np.ndarray, run_lengths: Any, value: int) -> None:
    mask[coco_mask(run_lengths, *mask.shape)] = value


def _fill_brush(mask: np.ndarray, content: Any, value: int) -> None:
    mask[brush_mask(content, *mask.shape)] = value


def _fill_row_runs(mask: np.ndarray, data: Any, value: int) -> None:
    """`data`: left, top, width, height, counts."""
    left, top, width, height, counts = data
    if min(width, height) <= 0 or width > mask.shape[1] or height > mask.shape[0]:
        raise UnreadableImage(f"has run lengths for {width}x{height} pixels, which do not fit into the image")
    _put(mask, row_mask(counts, height, width), left, top, value)


def _fill_bitmap(mask: np.ndarray, data: Any, value: int) -> None:
    """`data`: left, top, and a PNG in base64, whose pixels are 0 outside."""
    left, top, text = data
    try:
        content = base64.b64decode(text)
        with Image.open(io.BytesIO(content), formats=("PNG",)) as image:
            if image.width > mask.shape[1] or image.height > mask.shape[0]:
                raise UnreadableImage(f"is a mask of {image.width}x{image.height} pixels, larger than the image")
            check_rows(content)
            inside = np.array(image.convert("L")) > 0
    except (OSError, SyntaxError, ValueError) as error:
        raise_if_ran_out(error)
        raise UnreadableImage(f"has a damaged mask: {error}") from error
    _put(mask, inside, left, top, value)


def _put(mask: np.ndarray, inside: np.ndarray, left: int, top: int, value: int) -> None:
    """Fills where `inside` is true, which begins at `left` and `top`. What is outside of the mask is cut off."""
    height, width = mask.shape
    first_row, first_column = max(0, -top), max(0, -left)
    inside = inside[first_row : max(0, height - top), first_column : max(0, width - left)]
    top, left = max(0, top), max(0, left)
    mask[top : top + inside.shape[0], left : left + inside.shape[1]][inside] = value


# ---- As labelme's own converter draws, by Pillow: the pixels that the outline touches belong to the shape ------------


def _draw_polygon(mask: np.ndarray, ring: Any, value: int) -> None:
    _draw(mask, value, lambda draw, points: draw.polygon(points, outline=1, fill=1), points_of(ring, mask, fewest=3))


def _draw_rectangle(mask: np.ndarray, ring: Any, value: int) -> None:
    """`ring`: two opposite corners."""
    points = points_of(ring, mask, fewest=2)
    corners = np.stack([points.min(axis=0), points.max(axis=0)])
    _draw(mask, value, lambda draw, points: draw.rectangle(points, outline=1, fill=1), corners)


def _draw_circle(mask: np.ndarray, ring: Any, value: int) -> None:
    """`ring`: the centre, and a point on the circle."""
    centre, edge = points_of(ring, mask, fewest=2)[:2]
    radius = math.dist(centre, edge)
    corners = np.stack([centre - radius, centre + radius])
    _draw(mask, value, lambda draw, points: draw.ellipse(points, outline=1, fill=1), corners)


Points = list[tuple[float, float]]


def _draw(
    mask: np.ndarray, value: int, draw: Callable[[ImageDraw.ImageDraw, Points], None], points: np.ndarray
) -> None:
    inside = Image.new("1", mask.shape[::-1])
    draw(ImageDraw.Draw(inside), [(x, y) for x, y in points.tolist()])
    mask[np.array(inside)] = value


DRAWINGS: dict[str, Callable[[np.ndarray, Any, int], None]] = {
    "rings": _fill_rings,
    "coco runs": _fill_coco_runs,
    "brush": _fill_brush,
    "row runs": _fill_row_runs,
    "bitmap": _fill_bitmap,
    "outlined polygon": _draw_polygon,
    "outlined rectangle": _draw_rectangle,
    "outlined circle": _draw_circle,
}
"""How each kind of shape fills a mask."""
