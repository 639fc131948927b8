"""Draws photographs of five kinds of scene, which a person tells apart, each with its mask.

Scenes share most things, so that no colour gives a scene away: mountains stand behind a beach, trees before a city, and
any scene may be foggy, dark, blurred or a close-up. The same seed draws the same image.
"""

import numpy as np

from datatransformer.listing import EncodedPair
from datatransformer.pictures.drawing import Canvas, encode_drawing, random_view

SKY, WATER, SAND, TREES, BUILDINGS, MOUNTAIN, MEADOW, ROAD = range(8)
"""Class indices in the masks: the order of THINGS in sources/scenes.py."""

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

SKIES = {
    "day": ((70, 130, 215), (190, 215, 240), (1, 1, 1)),
    "gray": ((140, 150, 165), (215, 215, 215), (0.85, 0.87, 0.9)),
    "evening": ((95, 95, 165), (250, 180, 120), (0.85, 0.72, 0.65)),
    "dusk": ((45, 50, 95), (165, 120, 115), (0.45, 0.43, 0.52)),
    "night": ((6, 8, 20), (18, 20, 38), (0.24, 0.24, 0.32)),
}
"""Colour of the sky at the top and at the horizon, and the light on all things."""

EVERGREEN = np.array((0.6, 1.1, 0.9))
"""The colour of needles as shares of the colour of leaves, which may be brown."""

AT_ANY_TIME, AFTER_SUNSET = (0.4, 0.2, 0.18, 0.16, 0.06), (0, 0, 0.1, 0.45, 0.45)
"""Share of each sky."""


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
    _sky(canvas, random)
    horizon = random.uniform(0.25, 0.45)
    if random.random() < 0.4:
        _mountains(canvas, random, horizon - random.uniform(0.02, 0.14), 0.08)
    _water(canvas, random, np.full(canvas.size, horizon))
    behind = random.random()
    if behind < 0.25:
        _far_houses(canvas, random, horizon + 0.01)
    elif behind < 0.5:
        _town(canvas, random, horizon)
    left, right = random.uniform(-0.16, 0.16, 2)
    slope = np.linspace(left, right, canvas.size)
    shore = horizon + random.uniform(0.15, 0.3) + slope + 0.015 * canvas.texture(6)[0]
    canvas.fill(canvas.below(shore - 0.02), WATER, (225, 230, 230))
    sand = _one_of(random, (225, 195, 140), (190, 180, 165), (170, 140, 110))
    canvas.fill(canvas.below(shore), SAND, sand, sand * 0.9, rough=0.12)
    if random.random() < 0.4:
        _meadow(canvas, random, random.uniform(0.85, 0.95))
    if random.random() < 0.35:
        _trees(canvas, random, 3, random.uniform(0.7, 0.95), random.uniform(0.08, 0.14))
    for _ in range(random.integers(0, 4)):
        x, y, width = random.uniform(0.1, 0.9), random.uniform(0.72, 0.9), random.uniform(0.05, 0.1)
        canvas.rectangle(x - 0.006, y, x + 0.006, y + width * 1.3, SAND, (110, 80, 60))
        canvas.polygon([(x - width, y), (x, y - width * 0.8), (x + width, y)], SAND, random.uniform(40, 255, 3))


def _city(canvas: Canvas, random: np.random.Generator) -> None:
    _sky(canvas, random)
    street, skyline = random.uniform(0.7, 0.93), random.uniform(0.05, 0.35)
    if random.random() < 0.4:
        _mountains(canvas, random, random.uniform(0.15, 0.4), 0.12)
    for row in range(2):
        left = random.uniform(-0.1, 0)
        while left < 1:
            width, top = random.uniform(0.1, 0.26), skyline + random.uniform(0, 0.3) + 0.12 * row
            _house(canvas, random, (left, top, left + width, street), random.uniform(0.035, 0.06))
            left += width + random.uniform(0, 0.05)
    foreground = random.choice(3, p=(0.55, 0.25, 0.2))
    if foreground == 0:
        canvas.fill(canvas.below(np.full(canvas.size, street)), ROAD, (95, 95, 100), rough=0.08)
    elif foreground == 1:
        _water(canvas, random, np.full(canvas.size, street))
    else:
        _meadow(canvas, random, street)
    if random.random() < 0.5:
        _trees(canvas, random, 6, street + 0.03, random.uniform(0.06, 0.12))


def _forest(canvas: Canvas, random: np.random.Generator) -> None:
    _sky(canvas, random)
    green = _green(random)
    canopy, floor = random.choice((0.05, 0.3), p=(0.6, 0.4)), random.uniform(0.72, 0.92)
    if canopy > 0.1:
        _mountains(canvas, random, canopy - 0.1, 0.12)
    canvas.fill(canvas.below(canvas.ridge(canopy, 0.1)), TREES, green * 1.1, green * 0.6, rough=0.4)
    _forest_floor(canvas, random, floor)
    for depth in np.sort(random.uniform(0.2, 1, random.integers(6, 16))):
        x, width, foot = random.uniform(0, 1), 0.05 * depth, floor - 0.03 + 0.17 * depth
        bark = _one_of(random, (95, 70, 50), (120, 115, 110)) * random.uniform(0.5, 1.2)
        canvas.rectangle(x - width / 2, canopy, x + width / 2, foot, TREES, bark)
    draw = _conifer if random.random() < 0.35 else _crown
    for _ in range(random.integers(25, 50)):
        x, y = random.uniform(0, 1), canopy + random.uniform(-0.05, 0.5)
        draw(canvas, random, (x, y), random.uniform(0.03, 0.11), green)


def _forest_floor(canvas: Canvas, random: np.random.Generator, top: float) -> None:
    """Earth, grass, a pond or a path before the trees."""
    kind = random.choice(4, p=(0.4, 0.25, 0.2, 0.15))
    if kind == 2:
        _water(canvas, random, canvas.ridge(top, 0.02))
        return
    ground = _one_of(random, (90, 80, 45) if kind == 0 else (90, 120, 55))
    canvas.fill(canvas.below(canvas.ridge(top, 0.02)), MEADOW, ground, rough=0.25)
    if kind == 3:
        _road(canvas, random.uniform(0.3, 0.7), top, (0.25, 0.75), (120, 110, 95))


def _mountain(canvas: Canvas, random: np.random.Generator) -> None:
    _sky(canvas, random)
    foot = random.uniform(0.68, 0.9)
    for depth in range(random.integers(1, 3)):
        _mountains(canvas, random, random.uniform(0.2, 0.4) + 0.2 * depth, 0.17, random.random() < 0.6)
    if random.random() < 0.4:
        wood = canvas.below(canvas.ridge(foot - random.uniform(0.05, 0.15), 0.06))
        canvas.fill(wood, TREES, _green(random), rough=0.4)
    if random.random() < 0.3:
        _water(canvas, random, np.full(canvas.size, foot - 0.06))
    _meadow(canvas, random, foot)
    if random.random() < 0.25:
        _road(canvas, random.uniform(0.3, 0.7), foot + 0.02, (0.3, 0.7), (120, 115, 110))
    if random.random() < 0.4:
        _far_houses(canvas, random, foot + 0.04)
    if random.random() < 0.5:
        _trees(canvas, random, 14, foot + 0.04, random.uniform(0.03, 0.08), random.random() < 0.5)


def _night_road(canvas: Canvas, random: np.random.Generator) -> None:
    _sky(canvas, random, AFTER_SUNSET)
    horizon, vanishing = random.uniform(0.4, 0.55), random.uniform(0.3, 0.7)
    _roadside(canvas, random, horizon)
    left, right, gray = random.uniform(-0.3, 0.15), random.uniform(0.85, 1.3), random.uniform(85, 130)
    _road(canvas, vanishing, horizon, (left, right), (gray, gray, gray))
    _road_marking(canvas, random, vanishing, horizon, (left + right) / 2)
    for _ in range(random.integers(1, 5)):
        _car_lamps(canvas, random, vanishing, horizon, (left, right))
    for near in np.linspace(0.1, 1, random.integers(0, 6)):
        x = vanishing + (right + 0.1 - vanishing) * near
        canvas.glow(x, horizon - 0.35 * near, 0.015 + 0.05 * near, (255, 190, 110), 1.1)


def _roadside(canvas: Canvas, random: np.random.Generator, horizon: float) -> None:
    """Land on both sides of the road: mountains, houses or trees at the horizon, and grass."""
    kind = random.integers(4)
    if kind == 0:
        _mountains(canvas, random, horizon - random.uniform(0.1, 0.25), 0.12)
    green = _green(random)
    canvas.fill(canvas.below(canvas.ridge(horizon, 0.03)), TREES, green, rough=0.3)
    _meadow(canvas, random, horizon + 0.03)
    if kind == 1:
        _town(canvas, random, horizon + 0.05)
    elif kind == 2:
        _trees(canvas, random, 12, horizon + 0.08, random.uniform(0.05, 0.1))


# ---- Things ----


def _sky(canvas: Canvas, random: np.random.Generator, times: tuple[float, ...] = AT_ANY_TIME) -> None:
    """The sky of some time of day, with clouds and perhaps a sun or stars. Sets the light of the canvas."""
    name = random.choice(list(SKIES), p=times)
    *ends, light = SKIES[name]
    top, bottom = np.array(ends) + random.normal(0, 12 * light[0], (2, 3))
    canvas.fill(np.ones_like(canvas.mask, bool), SKY, top, bottom)
    canvas.light = np.array(light, np.float32) * np.float32(random.uniform(0.85, 1.1))
    clouds = np.clip(canvas.texture(int(random.integers(4, 9))) - random.uniform(0, 0.5), 0, 1)[..., None]
    canvas.image += clouds * (250 * canvas.light - canvas.image) * 0.8
    if name == "night":
        canvas.image[random.random(canvas.mask.shape) < 0.002] = 200
    elif name != "dusk" and random.random() < 0.4:
        canvas.glow(random.uniform(0.1, 0.9), random.uniform(0.02, 0.3), random.uniform(0.04, 0.09), (120, 110, 60), 2)


def _mountains(
    canvas: Canvas, random: np.random.Generator, height: float, spread: float, has_snow: bool = False
) -> None:
    """A chain of mountains from `height` down."""
    rock = _one_of(random, (125, 130, 150), (100, 95, 95), (120, 100, 80), (85, 100, 85)) * random.uniform(0.7, 1.2)
    ridge = canvas.ridge(height, spread, cells=3)
    canvas.fill(canvas.below(ridge), MOUNTAIN, rock * 1.15, rock * 0.8, rough=0.3)
    if has_snow:
        line = np.minimum(ridge + random.uniform(0.04, 0.16), height + 0.15 + 0.02 * canvas.texture(30)[0])
        canvas.fill(canvas.below(ridge) & ~canvas.below(line), MOUNTAIN, (240, 243, 248), rough=0.06)


def _water(canvas: Canvas, random: np.random.Generator, line: np.ndarray) -> None:
    """Waves from the line down."""
    colour = _one_of(random, (30, 120, 165), (70, 105, 115), (105, 120, 130))
    region = canvas.below(line)
    canvas.fill(region, WATER, colour * 1.1, colour * 0.7)
    waves = np.repeat(random.uniform(-1, 1, (canvas.size, 1, 1)), canvas.size, 1) * canvas.texture(20)[..., None]
    canvas.image += np.where(region[..., None], 28 * waves * canvas.light, 0).astype(np.float32)


def _meadow(canvas: Canvas, random: np.random.Generator, top: float) -> None:
    """Grass from about `top` down."""
    grass = _one_of(random, (100, 135, 65), (150, 145, 80), (85, 110, 60))
    canvas.fill(canvas.below(canvas.ridge(top, 0.03)), MEADOW, grass, grass * 0.7, rough=0.2)


def _road(
    canvas: Canvas, vanishing: float, horizon: float, feet: tuple[float, float], colour: tuple[float, float, float]
) -> None:
    """A road from the vanishing point to the lower edge, where it reaches from one of `feet` to the other."""
    canvas.polygon([(vanishing, horizon), (feet[1], 1), (feet[0], 1)], ROAD, colour, rough=0.1)


def _road_marking(canvas: Canvas, random: np.random.Generator, vanishing: float, horizon: float, foot: float) -> None:
    """A dashed line in the middle of the road."""
    for near in np.arange(random.uniform(0, 0.15), 1, 0.2):
        ys = horizon + (1 - horizon) * np.array((near, min(near + 0.1, 1))) ** 1.5
        shares = (ys - horizon) / (1 - horizon)
        xs, widths = vanishing + (foot - vanishing) * shares, 0.012 * shares
        dash = np.stack([[*(xs - widths), *(xs + widths)[::-1]], [*ys, *ys[::-1]]], 1)
        canvas.polygon(dash, ROAD, (230, 230, 210))


def _car_lamps(
    canvas: Canvas, random: np.random.Generator, vanishing: float, horizon: float, feet: tuple[float, float]
) -> None:
    """The two lamps of a car: white if it comes, red if it goes."""
    near, side = random.uniform(0.05, 0.8) ** 2, random.choice((-1, 1))
    y, gap = horizon + (1 - horizon) * near, 0.01 + 0.07 * near
    x = vanishing + (sum(feet) / 2 - vanishing) * near + side * (feet[1] - feet[0]) * near * 0.25
    colour = (255, 245, 210) if side < 0 else (255, 40, 25)
    for lamp in (x - gap, x + gap):
        canvas.glow(lamp, y, 0.012 + 0.03 * near, colour, 1.2)


def _house(canvas: Canvas, random: np.random.Generator, box: tuple[float, ...], pitch: float) -> None:
    """A wall with windows, more of them lit when it is dark. `pitch`: the distance from window to window."""
    left, top, right, bottom = box
    wall = _one_of(random, (150, 145, 140), (165, 110, 90), (120, 130, 150), (190, 180, 160)) * random.uniform(0.6, 1.1)
    canvas.rectangle(left, top, right, bottom, BUILDINGS, wall)
    glass, lit = wall * random.uniform(0.35, 0.6), np.array((240, 225, 150)) / canvas.light
    share = 0.1 if canvas.light[0] > 0.6 else 0.3
    for y in np.arange(top + pitch / 2, bottom - pitch, pitch):
        for x in np.arange(left + pitch / 3, right - pitch * 0.7, pitch):
            colour = lit if random.random() < share else glass
            canvas.rectangle(x, y, x + pitch * 0.55, y + pitch * 0.55, BUILDINGS, colour)


def _town(canvas: Canvas, random: np.random.Generator, ground: float) -> None:
    """Some tall houses at the horizon."""
    for left in random.uniform(-0.1, 1, random.integers(3, 9)):
        box = (left, ground - random.uniform(0.08, 0.3), left + random.uniform(0.08, 0.2), ground)
        _house(canvas, random, box, 0.045)


def _far_houses(canvas: Canvas, random: np.random.Generator, ground: float) -> None:
    """A few small houses with roofs."""
    for left in random.uniform(0, 0.95, random.integers(1, 6)):
        width, height = random.uniform(0.04, 0.08), random.uniform(0.03, 0.06)
        _house(canvas, random, (left, ground - height, left + width, ground), 0.025)
        eaves, ridge = ground - height, ground - 1.7 * height
        roof = [(left - 0.01, eaves), (left + width / 2, ridge), (left + width + 0.01, eaves)]
        canvas.polygon(roof, BUILDINGS, (130, 65, 50))


def _trees(
    canvas: Canvas, random: np.random.Generator, most: int, foot: float, radius: float, is_conifer: bool = False
) -> None:
    """One or more single trees that stand at about `foot`."""
    green, draw = _green(random), _conifer if is_conifer else _crown
    for x in random.uniform(0, 1, random.integers(1, most + 1)):
        size, ground = radius * random.uniform(0.7, 1.3), foot + random.uniform(-0.02, 0.02)
        canvas.rectangle(x - size / 8, ground - 1.5 * size, x + size / 8, ground, TREES, (95, 70, 50))
        draw(canvas, random, (x, ground - 2 * size), size, green)


def _green(random: np.random.Generator) -> np.ndarray:
    """The colour of leaves, in autumn too."""
    return _one_of(random, (45, 85, 40), (45, 85, 40), (70, 95, 45), (120, 85, 40))


def _one_of(random: np.random.Generator, *colours: tuple[int, int, int]) -> np.ndarray:
    """One of the colours, a little changed."""
    return np.array(colours[random.integers(len(colours))]) + random.normal(0, 12, 3)


def _crown(
    canvas: Canvas, random: np.random.Generator, middle: tuple[float, float], radius: float, green: np.ndarray
) -> None:
    """The round crown of a tree."""
    angles = np.linspace(0, 2 * np.pi, 14)
    reach = radius * random.uniform(0.7, 1.2, 14)
    crown = np.stack([middle[0] + reach * np.cos(angles), middle[1] + reach * np.sin(angles)], 1)
    canvas.polygon(crown, TREES, green * random.uniform(0.6, 1.7), rough=0.3)


def _conifer(
    canvas: Canvas, random: np.random.Generator, middle: tuple[float, float], radius: float, green: np.ndarray
) -> None:
    """The pointed crown of a tree."""
    (x, y), width = middle, radius * random.uniform(0.7, 1)
    points = [(x - width, y + 1.5 * radius), (x, y - 1.5 * radius), (x + width, y + 1.5 * radius)]
    canvas.polygon(points, TREES, green * EVERGREEN * random.uniform(0.5, 1.3), rough=0.3)


DRAW = {
    "beach": _beach,
    "city": _city,
    "forest": _forest,
    "mountain": _mountain,
    "night_road": _night_road,
}
