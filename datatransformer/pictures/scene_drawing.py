"""Draws photographs of five kinds of scene, which a person tells apart at a glance, each with its mask.

Layout, colours, light and noise are random. The same seed draws the same image.
"""

import numpy as np

from datatransformer.listing import EncodedPair
from datatransformer.pictures.drawing import Canvas, encode_drawing

SKY, WATER, SAND, TREES, BUILDINGS, MOUNTAIN, MEADOW, ROAD = range(8)
"""Class indices in the masks: the order of THINGS in sources/scenes.py."""


def draw_scene(scene: str, size: int, seed: tuple[int, ...]) -> EncodedPair:
    """One image of `size` x `size` pixels with its mask."""
    canvas = Canvas(size, np.random.default_rng(seed))
    DRAW[scene](canvas, canvas.random)
    return encode_drawing(canvas.photograph(), canvas.mask, ".jpg")


def _sky(canvas: Canvas, random: np.random.Generator) -> None:
    """A blue, gray or red evening sky with clouds and perhaps a sun."""
    everywhere = np.ones_like(canvas.mask, bool)
    top, bottom = [
        ((70, 130, 215), (190, 215, 240)),
        ((140, 150, 165), (215, 215, 215)),
        ((95, 95, 165), (250, 180, 120)),
    ][random.choice(3, p=(0.6, 0.2, 0.2))]
    canvas.fill(everywhere, SKY, np.array(top) + random.normal(0, 12, 3), np.array(bottom) + random.normal(0, 8, 3))
    clouds = np.clip(canvas.texture(int(random.integers(4, 9))) - random.uniform(0, 0.5), 0, 1)[..., None]
    canvas.image += clouds * (250 - canvas.image) * 0.8
    if random.random() < 0.5:
        canvas.glow(random.uniform(0.1, 0.9), random.uniform(0.02, 0.3), random.uniform(0.04, 0.09), (120, 110, 60), 2)


def _beach(canvas: Canvas, random: np.random.Generator) -> None:
    _sky(canvas, random)
    horizon = random.uniform(0.25, 0.45)
    sea = np.array((30, 120, 165)) + random.normal(0, 18, 3)
    canvas.fill(canvas.below(np.full(canvas.size, horizon)), WATER, sea * 1.1, sea * 0.7)
    waves = np.repeat(random.uniform(-1, 1, (canvas.size, 1, 1)), canvas.size, 1) * canvas.texture(20)[..., None]
    canvas.image += np.where((canvas.mask == WATER)[..., None], 28 * waves, 0).astype(np.float32)
    left, right = random.uniform(-0.16, 0.16, 2)
    slope = np.linspace(left, right, canvas.size)
    shore = horizon + random.uniform(0.15, 0.3) + slope + 0.015 * canvas.texture(6)[0]
    canvas.fill(canvas.below(shore - 0.02), WATER, (235, 240, 240))
    sand = np.array((225, 195, 140)) + random.normal(0, 14, 3)
    canvas.fill(canvas.below(shore), SAND, sand, sand * 0.9, rough=0.08)
    for _ in range(random.integers(0, 4)):
        x, y, width = random.uniform(0.1, 0.9), random.uniform(0.72, 0.9), random.uniform(0.05, 0.1)
        canvas.rectangle(x - 0.006, y, x + 0.006, y + width * 1.3, SAND, (110, 80, 60))
        canvas.polygon([(x - width, y), (x, y - width * 0.8), (x + width, y)], SAND, random.uniform(40, 255, 3))


def _forest(canvas: Canvas, random: np.random.Generator) -> None:
    _sky(canvas, random)
    green = np.array((45, 85, 40)) + random.normal(0, 12, 3)
    canvas.fill(canvas.below(canvas.ridge(random.uniform(0.0, 0.2), 0.1)), TREES, green * 1.1, green * 0.7, rough=0.4)
    ground = canvas.below(canvas.ridge(random.uniform(0.78, 0.92), 0.02))
    canvas.fill(ground, MEADOW, np.array((90, 80, 45)) + random.normal(0, 12, 3), rough=0.25)
    for depth in np.sort(random.uniform(0.2, 1, random.integers(8, 18))):
        x, width, foot = random.uniform(0, 1), 0.05 * depth, 0.75 + 0.2 * depth
        canvas.rectangle(
            x - width / 2, 0, x + width / 2, foot, TREES, np.array((95, 70, 50)) * random.uniform(0.5, 1.2)
        )
    for _ in range(random.integers(25, 50)):
        x, y, radius = random.uniform(0, 1), random.uniform(-0.05, 0.55), random.uniform(0.03, 0.11)
        angles = np.linspace(0, 2 * np.pi, 14)
        reach = radius * random.uniform(0.7, 1.2, 14)
        crown = np.stack([x + reach * np.cos(angles), y + reach * np.sin(angles)], 1)
        canvas.polygon(crown, TREES, green * random.uniform(0.6, 1.7), rough=0.3)


def _city(canvas: Canvas, random: np.random.Generator) -> None:
    _sky(canvas, random)
    street = random.uniform(0.82, 0.93)
    for row in range(2):
        left = random.uniform(-0.1, 0)
        while left < 1:
            width, top = random.uniform(0.1, 0.26), random.uniform(0.1, 0.5) + 0.15 * row
            wall = np.array([(150, 145, 140), (165, 110, 90), (120, 130, 150), (190, 180, 160)][random.integers(4)])
            wall = wall * random.uniform(0.6, 1.1)
            canvas.rectangle(left, top, left + width, street, BUILDINGS, wall)
            _windows(canvas, random, (left, top, left + width, street), wall)
            left += width + random.uniform(0, 0.02)
    canvas.fill(canvas.below(np.full(canvas.size, street)), ROAD, (95, 95, 100), rough=0.08)


def _windows(canvas: Canvas, random: np.random.Generator, house: tuple[float, ...], wall: np.ndarray) -> None:
    left, top, right, bottom = house
    pitch = random.uniform(0.035, 0.06)
    glass = wall * random.uniform(0.35, 0.6)
    for y in np.arange(top + pitch / 2, bottom - pitch, pitch):
        for x in np.arange(left + pitch / 3, right - pitch * 0.7, pitch):
            colour = (240, 225, 150) if random.random() < 0.15 else glass
            canvas.rectangle(x, y, x + pitch * 0.55, y + pitch * 0.55, BUILDINGS, colour)


def _mountain(canvas: Canvas, random: np.random.Generator) -> None:
    _sky(canvas, random)
    for depth in (0, 1):
        rock = np.array((125, 130, 150) if depth == 0 else (100, 95, 95)) * random.uniform(0.7, 1.15)
        ridge = canvas.ridge(random.uniform(0.25, 0.4) + 0.2 * depth, 0.17, cells=3)
        canvas.fill(canvas.below(ridge), MOUNTAIN, rock * 1.15, rock * 0.8, rough=0.3)
        snow = canvas.below(ridge) & ~canvas.below(
            np.minimum(ridge + random.uniform(0.04, 0.16), 0.5 + 0.02 * canvas.texture(30)[0])
        )
        canvas.fill(snow, MOUNTAIN, (240, 243, 248), rough=0.06)
    grass = np.array((100, 135, 65)) + random.normal(0, 16, 3)
    canvas.fill(canvas.below(canvas.ridge(random.uniform(0.75, 0.92), 0.03)), MEADOW, grass, grass * 0.7, rough=0.15)


def _night_road(canvas: Canvas, random: np.random.Generator) -> None:
    night = random.uniform(4, 22, 3)
    canvas.fill(np.ones_like(canvas.mask, bool), SKY, night, night * 1.8)
    stars = random.random(canvas.mask.shape) < 0.002
    canvas.image[stars] = 200
    horizon, vanishing = random.uniform(0.4, 0.55), random.uniform(0.3, 0.7)
    canvas.fill(canvas.below(canvas.ridge(horizon, 0.03)), TREES, night * 0.8, rough=0.3)
    feet = np.array((random.uniform(-0.3, 0.15), random.uniform(0.85, 1.3)))
    canvas.polygon(
        [(vanishing, horizon), (feet[1], 1), (feet[0], 1)], ROAD, np.full(3, random.uniform(38, 60)), rough=0.1
    )
    for near in np.arange(random.uniform(0, 0.15), 1, 0.2):
        ys = horizon + (1 - horizon) * np.array((near, min(near + 0.1, 1))) ** 1.5
        xs = vanishing + (feet.mean() - vanishing) * (ys - horizon) / (1 - horizon)
        widths = 0.012 * (ys - horizon) / (1 - horizon)
        marking = [
            (xs[0] - widths[0], ys[0]),
            (xs[0] + widths[0], ys[0]),
            (xs[1] + widths[1], ys[1]),
            (xs[1] - widths[1], ys[1]),
        ]
        canvas.polygon(marking, ROAD, (190, 190, 170))
    for _ in range(random.integers(2, 6)):
        near, side = random.uniform(0.05, 0.8) ** 2, random.choice((-1, 1))
        y, gap = horizon + (1 - horizon) * near, 0.01 + 0.07 * near
        x = vanishing + (feet.mean() - vanishing) * near + side * (feet[1] - feet[0]) * near * 0.25
        colour = (255, 245, 210) if side < 0 else (255, 40, 25)
        for lamp in (x - gap, x + gap):
            canvas.glow(lamp, y, 0.012 + 0.03 * near, colour, 1.2)
    for near in np.linspace(0.1, 1, random.integers(2, 6)):
        x = vanishing + (feet[1] + 0.1 - vanishing) * near
        canvas.glow(x, horizon - 0.35 * near, 0.015 + 0.05 * near, (255, 190, 110), 1.1)


DRAW = {
    "beach": _beach,
    "city": _city,
    "forest": _forest,
    "mountain": _mountain,
    "night_road": _night_road,
}
