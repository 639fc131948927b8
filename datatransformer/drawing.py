"""What the generators draw with: textures, gradients and shapes on a picture and its mask at once."""

import cv2
import numpy as np

from datatransformer.images import Encoded
from datatransformer.listing import EncodedPair

Colour = tuple[float, float, float] | np.ndarray


class Canvas:
    """A square picture, float32 RGB in 0..255, and its mask of class indices, drawn on together."""

    def __init__(self, size: int, random: np.random.Generator):
        self.size, self.random = size, random
        self.picture = np.zeros((size, size, 3), np.float32)
        self.mask = np.zeros((size, size), np.uint8)

    def fill(self, region: np.ndarray, index: int, top: Colour, bottom: Colour | None = None, rough: float = 0) -> None:
        """Paints where `region` (bool) is true, from one colour at the top of the picture to one at its foot."""
        bottom = top if bottom is None else bottom
        down = np.linspace(0, 1, self.size, dtype=np.float32)[:, None, None]
        colours = np.asarray(top, np.float32) * (1 - down) + np.asarray(bottom, np.float32) * down
        colours = np.broadcast_to(colours, self.picture.shape)
        if rough:
            colours = colours * (1 + rough * self.texture(12)[..., None])
        self.picture[region] = colours[region]
        self.mask[region] = index

    def polygon(self, points: np.ndarray, index: int, colour: Colour, rough: float = 0) -> None:
        """`points` are (x, y) in shares of the side."""
        region = np.zeros((self.size, self.size), np.uint8)
        cv2.fillPoly(region, [np.round(np.asarray(points) * self.size).astype(np.int32)], 1)
        self.fill(region.astype(bool), index, colour, rough=rough)

    def rectangle(self, left: float, top: float, right: float, bottom: float, index: int, colour: Colour) -> None:
        """Sides in shares of the side of the picture."""
        rows, columns = (
            slice(*(max(0, round(side * self.size)) for side in pair)) for pair in ((top, bottom), (left, right))
        )
        self.picture[rows, columns] = colour
        self.mask[rows, columns] = index

    def glow(self, x: float, y: float, radius: float, colour: Colour, strength: float = 1) -> None:
        """Adds light that fades with the distance; the mask stays as it is."""
        rows, columns = np.ogrid[: self.size, : self.size]
        distance = ((columns / self.size - x) ** 2 + (rows / self.size - y) ** 2) / radius**2
        self.picture += strength * np.exp(-distance)[..., None].astype(np.float32) * np.asarray(colour, np.float32)

    def texture(self, cells: int) -> np.ndarray:
        """Smooth random numbers around -1..1, (size, size), about `cells` bumps across."""
        coarse = self.random.uniform(-1, 1, (cells, cells)).astype(np.float32)
        return cv2.resize(coarse, (self.size, self.size), interpolation=cv2.INTER_CUBIC)

    def below(self, line: np.ndarray) -> np.ndarray:
        """The region under a line given as its height in each column, in shares of the side from the top."""
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
        """The picture as a camera might see it: (size, size, 3) uint8, with its own light, colour cast and noise."""
        light = self.random.uniform(0.75, 1.2) * self.random.uniform(0.94, 1.06, 3)
        noise = self.random.normal(0, self.random.uniform(2, 9), self.picture.shape)
        blurred = cv2.GaussianBlur(self.picture, (0, 0), self.random.uniform(0.4, 0.9))
        return np.clip(blurred * light + noise, 0, 255).astype(np.uint8)


def encoded(picture: np.ndarray, mask: np.ndarray, suffix: str) -> EncodedPair:
    """RGB uint8 and class indices as files: JPEG or PNG, and PNG."""
    content = cv2.imencode(suffix, cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))[1].tobytes()
    return EncodedPair(Encoded(content, suffix), cv2.imencode(".png", mask)[1].tobytes())
