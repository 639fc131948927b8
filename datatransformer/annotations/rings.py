"""Closed shapes as polygons: x, y, x, y ... of their corners."""

import math

ELLIPSE_POINTS = 360
"""Corners of the polygon that stands for an ellipse."""


def ellipse_ring(x: float, y: float, radius_x: float, radius_y: float, degrees: float = 0) -> list[float]:
    """An ellipse. `degrees`: it is turned clockwise, as on the screen, about its centre."""
    angles = [place * 2 * math.pi / ELLIPSE_POINTS for place in range(ELLIPSE_POINTS)]
    return _turned([(radius_x * math.cos(angle), radius_y * math.sin(angle)) for angle in angles], x, y, degrees)


def box_ring(left: float, top: float, width: float, height: float, degrees: float = 0) -> list[float]:
    """A rectangle, turned clockwise about its upper left corner."""
    return _turned([(0, 0), (width, 0), (width, height), (0, height)], left, top, degrees)


def centred_box_ring(x: float, y: float, width: float, height: float, degrees: float = 0) -> list[float]:
    """A rectangle, turned clockwise about its centre at `x` and `y`."""
    right, bottom = width / 2, height / 2
    return _turned([(-right, -bottom), (right, -bottom), (right, bottom), (-right, bottom)], x, y, degrees)


def _turned(points: list[tuple[float, float]], x: float, y: float, degrees: float) -> list[float]:
    cosine, sine = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return [value for px, py in points for value in (x + px * cosine - py * sine, y + px * sine + py * cosine)]
