"""Draws synthetic images and their masks: textures, gradients and shapes."""

from collections.abc import Sequence
from dataclasses import dataclass

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

OUT_OF_FOCUS = 0.35
"""Share of blurred photographs."""

DARKEST, DIM = 60, 90
"""Mean of the darkest photograph, since a camera exposes darker ones for longer, and of those with good contrast."""


@dataclass(frozen=True)
class View:
    """A square part of an image: its middle and its side as shares of the image's side, and its tilt in radians."""

    x: float
    y: float
    side: float
    tilt: float

    def show(self, image: np.ndarray) -> np.ndarray:
        """The part of an image (float32), or of a mask (uint8), that the view shows, in the size of the whole."""
        size = len(image)
        turn = self.side * np.array([(np.cos(self.tilt), -np.sin(self.tilt)), (np.sin(self.tilt), np.cos(self.tilt))])
        middle = np.array([(self.x,), (self.y,)]) * size - 0.5
        matrix = np.hstack([turn, middle - turn @ np.full((2, 1), (size - 1) / 2)])
        flags = cv2.WARP_INVERSE_MAP | (cv2.INTER_NEAREST if image.dtype == np.uint8 else cv2.INTER_LINEAR)
        return cv2.warpAffine(image, matrix, (size, size), flags=flags, borderMode=cv2.BORDER_REPLICATE)


def random_view(random: np.random.Generator, smallest: float, most_tilt: float) -> View:
    """A view within the image, with a side of `smallest` or more."""
    tilt = random.uniform(-most_tilt, most_tilt)
    width = np.cos(tilt) + np.sin(abs(tilt))  # of a tilted square of side 1
    side = random.uniform(smallest, 1) / width
    x, y = random.uniform(side * width / 2, 1 - side * width / 2, 2)
    return View(x, y, side, tilt)


class Canvas:
    """A square image, float32 RGB of 0..255, and its mask of class indices. Each method draws on both.

    `light`: the share of red, green and blue that things reflect. It holds for all that is drawn after it is set.
    """

    def __init__(self, size: int, random: np.random.Generator) -> None:
        self.size, self.random = size, random
        self.image = np.zeros((size, size, 3), np.float32)
        self.mask = np.zeros((size, size), np.uint8)
        self.light: np.ndarray = np.ones(3, np.float32)

    def fill(self, region: np.ndarray, index: int, top: Paint, bottom: Paint | None = None, rough: float = 0) -> None:
        """Paints where `region` (bool) is true, from one colour at the top of the image to another at the bottom.

        `rough`: the strength of a random texture.
        """
        bottom = top if bottom is None else bottom
        box = _bounding_box(region)
        down = np.linspace(0, 1, self.size, dtype=np.float32)[box[0], None, None]
        colours = (np.asarray(top, np.float32) * (1 - down) + np.asarray(bottom, np.float32) * down) * self.light
        if rough:
            colours = colours * (1 + np.float32(rough) * self.texture(12)[box][..., None])
        np.copyto(self.image[box], colours, where=region[box][..., None])
        np.copyto(self.mask[box], index, where=region[box], casting="unsafe")

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
        self.image[rows, columns] = colour * self.light
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

    def look_closer(self, view: View) -> None:
        """Keeps the part of the image and the mask that `view` shows, at the size of the whole."""
        self.image, self.mask = view.show(self.image), view.show(self.mask)

    def fog(self, density: float) -> None:
        """Covers the image with gray mist, which is densest in the middle of its height, and thin at night."""
        down = np.linspace(-1, 1, self.size, dtype=np.float32)[:, None, None]
        mist = density * self.light.mean() * (1 - 0.6 * down**2)
        self.image += mist * (205 * self.light - self.image)

    def photograph(self) -> np.ndarray:
        """The image with random light, contrast, blur and noise, as a camera gives it: (size, size, 3) uint8."""
        random = self.random
        blur = random.uniform(0.4, 0.9)
        if random.random() < OUT_OF_FOCUS:
            blur += random.uniform(0.003, 0.012) * self.size
        image = cv2.GaussianBlur(self.image, (0, 0), blur)
        image *= (random.uniform(0.75, 1.2) * random.uniform(0.92, 1.08, 3)).astype(np.float32)
        image *= max(1, DARKEST / max(1, image.mean()))
        contrast = random.uniform(0.45, 1.1) if image.mean() > DIM else random.uniform(0.9, 1.3)
        image = image.mean() + (image - image.mean()) * np.float32(contrast)
        noise = np.float32(random.uniform(2, 22) * min(1, image.mean() / 128) ** 0.5)
        image += noise * random.standard_normal(image.shape, np.float32)
        return np.clip(image, 0, 255).astype(np.uint8)


def _bounding_box(region: np.ndarray) -> tuple[slice, slice]:
    """The rows and columns of the smallest rectangle that contains the region."""
    row, column = (np.flatnonzero(region.any(axis)) for axis in (1, 0))
    return (slice(row[0], row[-1] + 1), slice(column[0], column[-1] + 1)) if len(row) else (slice(0), slice(0))


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
