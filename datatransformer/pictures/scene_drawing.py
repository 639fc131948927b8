"""Draws photographs of five kinds of scene, which a person tells apart, each with its mask.

Scenes share most things, so that no colour gives a scene away: mountains stand behind a beach, trees before a city, and
any scene may be foggy, dark, blurred or a close-up. The same seed draws the same image.
"""

import numpy as np

from datatransformer.listing import EncodedPair
from datatransformer.pictures.drawing import Canvas, encode_drawing, random_view
from datatransformer.pictures.scene_things import (
    AFTER_SUNSET,
    BUILDINGS,
    MEADOW,
    MOUNTAIN,
    ROAD,
    SAND,
    SKY,
    TREES,
    WATER,
    car_lamps,
    conifer,
    crown,
    far_houses,
    house,
    leaf_colour,
    meadow,
    mountains,
    one_of,
    road,
    road_marking,
    sky,
    town,
    trees,
    water,
)

SIGNS = {
    "beach": ((SAND, 0.12), (WATER, 0.06)),
    "city": ((BUILDINGS, 0.25),),
    "forest": ((TREES, 0.4),),
    "mountain": ((MOUNTAIN, 0.15), (SKY, 0.08)),
    "night_road": ((ROAD, 0.1),),
}
"""The things by which a person recognises a scene, and the smallest share of the image that they need."""

SMALLEST_VIEW, MOST_TILT, VIEWS = 0.4, 0.15, 8
"""The side of the closest view as a share of the drawing, the largest tilt in radians, and the number of tries."""

FOGGY = 0.35
"""Share of foggy images."""


def draw_scene(scene: str, size: int, seed: tuple[int, ...]) -> EncodedPair:
    """One image of `size` x `size` pixels with its mask."""
    canvas = Canvas(size, np.random.default_rng(seed))
    DRAW[scene](canvas, canvas.random)
    _choose_view(canvas, scene)
    if canvas.random.random() < FOGGY:
        canvas.fog(canvas.random.uniform(0.3, 0.7))
    return encode_drawing(canvas.photograph(), canvas.mask, ".jpg")


def _choose_view(canvas: Canvas, scene: str) -> None:
    """Shows a random part in which the scene can still be recognised, or everything if none of some tries does."""
    for _ in range(VIEWS):
        view = random_view(canvas.random, SMALLEST_VIEW, MOST_TILT)
        seen = np.bincount(view.show(canvas.mask).ravel(), minlength=ROAD + 1) / canvas.mask.size
        if all(seen[thing] >= share for thing, share in SIGNS[scene]):
            canvas.look_closer(view)
            return


# ---- Scenes ----


def _beach(canvas: Canvas, random: np.random.Generator) -> None:
    sky(canvas, random)
    horizon = random.uniform(0.25, 0.45)
    if random.random() < 0.4:
        mountains(canvas, random, horizon - random.uniform(0.02, 0.14), 0.08)
    water(canvas, random, np.full(canvas.size, horizon))
    behind = random.random()
    if behind < 0.25:
        far_houses(canvas, random, horizon + 0.01)
    elif behind < 0.5:
        town(canvas, random, horizon)
    left, right = random.uniform(-0.16, 0.16, 2)
    slope = np.linspace(left, right, canvas.size)
    shore = horizon + random.uniform(0.15, 0.3) + slope + 0.015 * canvas.texture(6)[0]
    canvas.fill(canvas.below(shore - 0.02), WATER, (225, 230, 230))
    sand = one_of(random, (225, 195, 140), (190, 180, 165), (170, 140, 110))
    canvas.fill(canvas.below(shore), SAND, sand, sand * 0.9, rough=0.12)
    if random.random() < 0.4:
        meadow(canvas, random, random.uniform(0.85, 0.95))
    if random.random() < 0.35:
        trees(canvas, random, 3, random.uniform(0.7, 0.95), random.uniform(0.08, 0.14))
    for _ in range(random.integers(0, 4)):
        x, y, width = random.uniform(0.1, 0.9), random.uniform(0.72, 0.9), random.uniform(0.05, 0.1)
        canvas.rectangle(x - 0.006, y, x + 0.006, y + width * 1.3, SAND, (110, 80, 60))
        canvas.polygon([(x - width, y), (x, y - width * 0.8), (x + width, y)], SAND, random.uniform(40, 255, 3))


def _city(canvas: Canvas, random: np.random.Generator) -> None:
    sky(canvas, random)
    street, skyline = random.uniform(0.7, 0.93), random.uniform(0.05, 0.35)
    if random.random() < 0.4:
        mountains(canvas, random, random.uniform(0.15, 0.4), 0.12)
    for row in range(2):
        left = random.uniform(-0.1, 0)
        while left < 1:
            width, top = random.uniform(0.1, 0.26), skyline + random.uniform(0, 0.3) + 0.12 * row
            house(canvas, random, (left, top, left + width, street), random.uniform(0.035, 0.06))
            left += width + random.uniform(0, 0.05)
    foreground = random.choice(3, p=(0.55, 0.25, 0.2))
    if foreground == 0:
        canvas.fill(canvas.below(np.full(canvas.size, street)), ROAD, (95, 95, 100), rough=0.08)
    elif foreground == 1:
        water(canvas, random, np.full(canvas.size, street))
    else:
        meadow(canvas, random, street)
    if random.random() < 0.5:
        trees(canvas, random, 6, street + 0.03, random.uniform(0.06, 0.12))


def _forest(canvas: Canvas, random: np.random.Generator) -> None:
    sky(canvas, random)
    green = leaf_colour(random)
    canopy, floor = random.choice((0.05, 0.3), p=(0.6, 0.4)), random.uniform(0.72, 0.92)
    if canopy > 0.1:
        mountains(canvas, random, canopy - 0.1, 0.12)
    canvas.fill(canvas.below(canvas.ridge(canopy, 0.1)), TREES, green * 1.1, green * 0.6, rough=0.4)
    _forest_floor(canvas, random, floor)
    for depth in np.sort(random.uniform(0.2, 1, random.integers(6, 16))):
        x, width, foot = random.uniform(0, 1), 0.05 * depth, floor - 0.03 + 0.17 * depth
        bark = one_of(random, (95, 70, 50), (120, 115, 110)) * random.uniform(0.5, 1.2)
        canvas.rectangle(x - width / 2, canopy, x + width / 2, foot, TREES, bark)
    draw = conifer if random.random() < 0.35 else crown
    for _ in range(random.integers(25, 50)):
        x, y = random.uniform(0, 1), canopy + random.uniform(-0.05, 0.5)
        draw(canvas, random, (x, y), random.uniform(0.03, 0.11), green)


def _forest_floor(canvas: Canvas, random: np.random.Generator, top: float) -> None:
    """Earth, grass, a pond or a path before the trees."""
    kind = random.choice(4, p=(0.4, 0.25, 0.2, 0.15))
    if kind == 2:
        water(canvas, random, canvas.ridge(top, 0.02))
        return
    ground = one_of(random, (90, 80, 45) if kind == 0 else (90, 120, 55))
    canvas.fill(canvas.below(canvas.ridge(top, 0.02)), MEADOW, ground, rough=0.25)
    if kind == 3:
        road(canvas, random.uniform(0.3, 0.7), top, (0.25, 0.75), (120, 110, 95))


def _mountain(canvas: Canvas, random: np.random.Generator) -> None:
    sky(canvas, random)
    foot = random.uniform(0.68, 0.9)
    for depth in range(random.integers(1, 3)):
        mountains(canvas, random, random.uniform(0.2, 0.4) + 0.2 * depth, 0.17, random.random() < 0.6)
    if random.random() < 0.4:
        wood = canvas.below(canvas.ridge(foot - random.uniform(0.05, 0.15), 0.06))
        canvas.fill(wood, TREES, leaf_colour(random), rough=0.4)
    if random.random() < 0.3:
        water(canvas, random, np.full(canvas.size, foot - 0.06))
    meadow(canvas, random, foot)
    if random.random() < 0.25:
        road(canvas, random.uniform(0.3, 0.7), foot + 0.02, (0.3, 0.7), (120, 115, 110))
    if random.random() < 0.4:
        far_houses(canvas, random, foot + 0.04)
    if random.random() < 0.5:
        trees(canvas, random, 14, foot + 0.04, random.uniform(0.03, 0.08), random.random() < 0.5)


def _night_road(canvas: Canvas, random: np.random.Generator) -> None:
    sky(canvas, random, AFTER_SUNSET)
    horizon, vanishing = random.uniform(0.4, 0.55), random.uniform(0.3, 0.7)
    _roadside(canvas, random, horizon)
    left, right, gray = random.uniform(-0.3, 0.15), random.uniform(0.85, 1.3), random.uniform(85, 130)
    road(canvas, vanishing, horizon, (left, right), (gray, gray, gray))
    road_marking(canvas, random, vanishing, horizon, (left + right) / 2)
    for _ in range(random.integers(1, 5)):
        car_lamps(canvas, random, vanishing, horizon, (left, right))
    for near in np.linspace(0.1, 1, random.integers(0, 6)):
        x = vanishing + (right + 0.1 - vanishing) * near
        canvas.glow(x, horizon - 0.35 * near, 0.015 + 0.05 * near, (255, 190, 110), 1.1)


def _roadside(canvas: Canvas, random: np.random.Generator, horizon: float) -> None:
    """Land on both sides of the road: mountains, houses or trees at the horizon, and grass."""
    kind = random.integers(4)
    if kind == 0:
        mountains(canvas, random, horizon - random.uniform(0.1, 0.25), 0.12)
    green = leaf_colour(random)
    canvas.fill(canvas.below(canvas.ridge(horizon, 0.03)), TREES, green, rough=0.3)
    meadow(canvas, random, horizon + 0.03)
    if kind == 1:
        town(canvas, random, horizon + 0.05)
    elif kind == 2:
        trees(canvas, random, 12, horizon + 0.08, random.uniform(0.05, 0.1))


# ---- Things ----


DRAW = {
    "beach": _beach,
    "city": _city,
    "forest": _forest,
    "mountain": _mountain,
    "night_road": _night_road,
}
