"""The connected regions of a mask, with their outlines along the edges of pixels.

A region is what hangs together by the sides of pixels, not by corners alone. So its outline never crosses itself, and
polygons lose no pixel: only corners in a straight line are left out.
"""

from collections.abc import Iterator
from typing import NamedTuple

import cv2
import numpy as np

INSET = 0.01
"""Pixels by which the corners of `Region.polygon` lie inside of the outline.

Readers that cut off decimals, and paint the pixels that the outline touches, then paint the pixels of the region; so do
readers that paint the pixels whose centres are inside.
"""

BRIDGE = 0.25
"""Where in its row of pixels a bridge runs: its height is rounded, and cut off, to the same row."""

EAST, SOUTH, WEST, NORTH = range(4)
STEPS = np.array([(1, 0), (0, 1), (-1, 0), (0, -1)])
"""x and y of each direction. Sides of a pixel are walked with the region at the right hand: the upper one eastward."""

ENDS = np.array([(1, 0), (1, 1), (0, 1), (0, 0)])
"""x and y of the corner of a pixel at which the side of each direction ends."""


class Region(NamedTuple):
    """A connected region of one class. Coordinates are pixels; 0 is the left or upper edge of the image.

    Attributes:
        label: the index of its class.
        box: left, top, width, height.
        area: pixels.
        outline: (corners, 2) int: x and y of the outer outline, clockwise as on the screen, not closed.
        polygon: (corners, 2) float: the same a bit further inside, see INSET. Holes are joined to it by bridges
            without width, which run there and back.
        inside: (height, width) bool of the box; None for a region without holes.
    """

    label: int
    box: tuple[int, int, int, int]
    area: int
    outline: np.ndarray
    polygon: np.ndarray
    inside: np.ndarray | None


def find_regions(mask: np.ndarray, skipped: int | None = None) -> Iterator[Region]:
    """Yields the regions of a mask, uint8 (height, width), by class and then from top to bottom.

    Arguments:
        skipped: the index of a class whose regions are left out.
    """
    numbers, labels = _numbered(mask, skipped)
    outlines = _Outlines(numbers)
    holes: dict[int, list[int]] = {}
    outer: dict[int, int] = {}
    for start in outlines.starts():
        number = outlines.number_of(start)
        if outlines.is_hole(start):
            holes.setdefault(number, []).append(start)
        else:
            outer[number] = start
    for number, label in enumerate(labels, 1):
        outline = outlines.corners(outer[number])
        (left, top), (right, bottom) = outline.min(axis=0).tolist(), outline.max(axis=0).tolist()
        inside = numbers[top + 1 : bottom + 1, left + 1 : right + 1] == number
        bridges = outlines.bridges(holes.get(number, []))
        polygon = outlines.polygon(outer[number], bridges)
        box = (left, top, right - left, bottom - top)
        yield Region(label, box, int(inside.sum()), outline, polygon, inside if bridges else None)


def _numbered(mask: np.ndarray, skipped: int | None) -> tuple[np.ndarray, list[int]]:
    """The number of the region of each pixel, from 1, in a frame of 0: (height + 2, width + 2). And their classes."""
    numbers, labels = np.zeros((mask.shape[0] + 2, mask.shape[1] + 2), np.int32), list[int]()
    for label in np.unique(mask).tolist():
        if label == skipped:
            continue
        count, found = cv2.connectedComponents((mask == label).astype(np.uint8), connectivity=4, ltype=cv2.CV_32S)
        numbers[1:-1, 1:-1] += np.where(found > 0, found + len(labels), 0)
        labels += [label] * (count - 1)
    return numbers, labels


class _Outlines:
    """The sides of pixels at which regions end, each linked to the next one of its outline.

    Arguments:
        numbers: as of `_numbered`.
    """

    def __init__(self, numbers: np.ndarray):
        self.flat, self.width = numbers.ravel(), numbers.shape[1]
        ahead = STEPS @ (1, self.width)  # from a pixel to the next one in each direction
        pixels, directions, following, turns = [], [], [], []
        for direction in range(4):
            left = (direction - 1) % 4  # the neighbour at the left hand, across the side
            pixel = np.flatnonzero(self.flat)
            pixel = pixel[self.flat[pixel] != self.flat[pixel + ahead[left]]]
            front = pixel + ahead[direction]
            beyond = front + ahead[left]
            goes_on = self.flat[front] == self.flat[pixel]
            turns_left = goes_on & (self.flat[beyond] == self.flat[pixel])
            next_pixel = np.where(turns_left, beyond, np.where(goes_on, front, pixel))
            turn = np.where(turns_left, -1, np.where(goes_on, 0, 1))
            pixels.append(pixel)
            directions.append(np.full(len(pixel), direction))
            following.append(next_pixel * 4 + (direction + turn) % 4)
            turns.append(turn)
        self.pixel, self.direction, self.turn = map(np.concatenate, (pixels, directions, turns))
        keys = self.pixel * 4 + self.direction
        self.order = np.argsort(keys)
        self.keys = keys[self.order]
        self.next = self._side(np.concatenate(following)).tolist()
        self.is_corner = (self.turn != 0).tolist()
        self.x, self.y = self.pixel % self.width - 1, self.pixel // self.width - 1
        self.corner = np.stack([self.x, self.y], axis=1) + ENDS[self.direction]
        # the pixel of the region to which the corner is moved: that of the side, or behind a left turn the next one
        held = np.stack([self.x, self.y], axis=1) + STEPS[self.direction] * (self.turn == -1)[:, None]
        self.moved = (self.corner + 2 * INSET * (held + 0.5 - self.corner)).tolist()

    def _side(self, keys: np.ndarray) -> np.ndarray:
        """The places of sides by pixel * 4 + direction."""
        return self.order[np.searchsorted(self.keys, keys)]

    def starts(self) -> Iterator[int]:
        """Yields one side of each outline: of the leftmost ones."""
        seen = bytearray(len(self.next))
        for start in np.argsort(self.corner[:, 0], kind="stable").tolist():
            if self.direction[start] in (EAST, WEST) or seen[start]:
                continue
            yield start
            for side in self._walk(start):
                seen[side] = 1

    def _walk(self, start: int) -> Iterator[int]:
        side = start
        while True:
            yield side
            side = self.next[side]
            if side == start:
                return

    def number_of(self, side: int) -> int:
        return int(self.flat[self.pixel[side]])

    def is_hole(self, start: int) -> bool:
        """Whether an outline is that of a hole: at its left end, the region is then at the left."""
        return self.direction[start] == SOUTH

    def corners(self, start: int) -> np.ndarray:
        return self.corner[[side for side in self._walk(start) if self.is_corner[side]]]

    def bridges(self, holes: list[int]) -> dict[int, int]:
        """For each hole, the side at the left of which it is joined: there is only the region between the two.

        Arguments:
            holes: a leftmost side of each.
        """
        sides: dict[int, int] = {}
        for hole in holes:
            first = self.pixel[hole]
            row = self.flat[first - first % self.width : first + 1]
            pixel = first - (np.argmax(row[::-1] != self.flat[first]) - 1)
            sides[int(self._side(np.array([pixel * 4 + NORTH]))[0])] = hole
        return sides

    def polygon(self, start: int, bridges: dict[int, int]) -> np.ndarray:
        """The corners of an outline, moved inside, with the outlines of holes between them."""
        points: list[list[float]] = []
        waiting: list[tuple[int, int]] = []  # the sides from which bridges were crossed, and where they ended
        side = last = start
        while True:
            if side in bridges:
                hole = bridges[side]
                points += [self._on_bridge(side, INSET), self._on_bridge(hole, 1 - INSET)]
                waiting.append((side, last))
                side = last = hole
            if self.is_corner[side]:
                points.append(self.moved[side])
            side = self.next[side]
            while side == last:  # all around: over the bridge and back to where it began
                if not waiting:
                    return np.array(points)
                points.append(self._on_bridge(side, 1 - INSET))
                side, last = waiting.pop()
                points.append(self._on_bridge(side, INSET))
                if self.is_corner[side]:
                    points.append(self.moved[side])
                side = self.next[side]

    def _on_bridge(self, side: int, x: float) -> list[float]:
        """The end of a bridge in the pixel of a side."""
        return [float(self.x[side] + x), float(self.y[side] + BRIDGE)]
