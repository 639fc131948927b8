"""Draws synthetic images and their masks: textures, gradients and shapes."""

from collections.abc import Sequence

import cv2
import numpy as np

from datatransformer.listing import EncodedPair
from datatransformer.masks.split_report import with_mask
from datatransformer.pictures.images import EncodedImage

Paint = Sequence[float] | np.ndarray
"""RGB of 0..255, not rounded."""

SQUARE_SIDES = (90, 100)
"""Shortest and longest side of a square in pixels."""

MIN_CONTRAST = 32
"""Smallest difference, in one channel at least, between a square and its ground."""


class Canvas:
    """A square image, float32 RGB of 0..255, and its mask of class indices. Each method draws on both."""

    def __init__(self, size: int, random: np.random.Generator) -> None:
        self.size, self.random = size, random
        self.image = np.zeros((size, size, 3), np.float32)
        self.mask = np.zeros((size, size), np.uint8)

    def fill(self, region: np.ndarray, index: int, top: Paint, bottom: Paint | None = None, rough: float = 0) -> None:
        """Paints where `region` (bool) is true, from one colour at the top of the image to another at the bottom.

        `rough`: the strength of a random texture.
        """
        bottom = top if bottom is None else bottom
        down = np.linspace(0, 1, self.size, dtype=np.float32)[:, None, None]
        colours = np.asarray(top, np.float32) * (1 - down) + np.asarray(bottom, np.float32) * down
        colours = np.broadcast_to(colours, self.image.shape)
        if rough:
            colours = colours * (1 + rough * self.texture(12)[..., None])
        self.image[region] = colours[region]
        self.mask[region] = index

    def polygon(
        self, points: np.ndarray | Sequence[tuple[float, float]], index: int, colour: Paint, rough: float = 0
    ) -> None:
        """Fills a polygon. `points` are (x, y) as shares of the image's side."""
        region = np.zeros((self.size, self.size), np.uint8)
        cv2.fillPoly(region, [np.round(np.asarray(points) * self.size).astype(np.int32)], (1,))
        self.fill(region.astype(bool), index, colour, rough=rough)

    def rectangle(self, left: float, top: float, right: float, bottom: float, index: int, colour: Paint) -> None:
        """Fills a rectangle. Its sides are shares of the image's side."""
        rows, columns = (
            slice(*(max(0, round(side * self.size)) for side in pair)) for pair in ((top, bottom), (left, right))
        )
        self.image[rows, columns] = colour
        self.mask[rows, columns] = index

    def glow(self, x: float, y: float, radius: float, colour: Paint, strength: float = 1) -> None:
        """Adds light that fades with the distance. The mask does not change."""
        rows, columns = np.ogrid[: self.size, : self.size]
        distance = ((columns / self.size - x) ** 2 + (rows / self.size - y) ** 2) / radius**2
        self.image += strength * np.exp(-distance)[..., None].astype(np.float32) * np.asarray(colour, np.float32)

    def texture(self, cells: int) -> np.ndarray:
        """Smooth random numbers of about -1..1, (size, size), with about `cells` bumps across."""
        coarse = self.random.uniform(-1, 1, (cells, cells)).astype(np.float32)
        return cv2.resize(coarse, (self.size, self.size), interpolation=cv2.INTER_CUBIC)

    def below(self, line: np.ndarray) -> np.ndarray:
        """The region below a line. `line` has its distance from the top in each column, as shares of the side."""
        return np.arange(self.size)[:, None] >= np.asarray(line)[None, :] * self.size

    def ridge(self, height: float, spread: float, cells: int = 5) -> np.ndarray:
        """A jagged line for `below`."""
        across = np.linspace(0, 1, self.size)
        line = np.full(self.size, height)
        for octave in range(4):
            knots = self.random.uniform(-1, 1, cells * 2**octave + 1)
            line = line + spread / 2**octave * np.interp(across, np.linspace(0, 1, len(knots)), knots)
        return line

    def photograph(self) -> np.ndarray:
        """The image with random light, colour cast, blur and noise, as a camera gives it: (size, size, 3) uint8."""
        light = self.random.uniform(0.75, 1.2) * self.random.uniform(0.94, 1.06, 3)
        noise = self.random.normal(0, self.random.uniform(2, 9), self.image.shape)
        blurred = cv2.GaussianBlur(self.image, (0, 0), self.random.uniform(0.4, 0.9))
        return np.clip(blurred * light + noise, 0, 255).astype(np.uint8)


def draw_square(size: int, seed: tuple[int, ...]) -> EncodedPair:
    """A flat image of `size` x `size` pixels. In its mask 0 is ground and 1 is the square."""
    random = np.random.default_rng(seed)
    ground, colour = random.integers(0, 256, (2, 3))
    while np.abs(colour - ground).max() < MIN_CONTRAST:
        colour = random.integers(0, 256, 3)
    side = random.integers(SQUARE_SIDES[0], SQUARE_SIDES[1] + 1)
    top, left = random.integers(0, size - side + 1, 2)
    mask = np.zeros((size, size), np.uint8)
    mask[top : top + side, left : left + side] = 1
    return encode_drawing(np.where(mask[..., None] == 1, colour, ground).astype(np.uint8), mask, ".png")


def encode_drawing(image: np.ndarray, mask: np.ndarray, suffix: str) -> EncodedPair:
    """Encodes an RGB uint8 image as JPEG or PNG, and class indices as PNG."""
    content = cv2.imencode(suffix, cv2.cvtColor(image, cv2.COLOR_RGB2BGR))[1].tobytes()
    return with_mask(EncodedImage(content, suffix), mask)
