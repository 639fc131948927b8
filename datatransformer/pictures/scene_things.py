"""Draws the things of scenes into an image and its mask: sky, mountains, water, roads, houses, trees."""

import numpy as np

from datatransformer.pictures.drawing import Canvas

SKY, WATER, SAND, TREES, BUILDINGS, MOUNTAIN, MEADOW, ROAD = range(8)
"""Class indices in the masks: the order of THINGS in sources/scenes.py."""

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


def sky(canvas: Canvas, random: np.random.Generator, times: tuple[float, ...] = AT_ANY_TIME) -> None:
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


def mountains(
    canvas: Canvas, random: np.random.Generator, height: float, spread: float, has_snow: bool = False
) -> None:
    """A chain of mountains from `height` down."""
    rock = one_of(random, (125, 130, 150), (100, 95, 95), (120, 100, 80), (85, 100, 85)) * random.uniform(0.7, 1.2)
    ridge = canvas.ridge(height, spread, cells=3)
    canvas.fill(canvas.below(ridge), MOUNTAIN, rock * 1.15, rock * 0.8, rough=0.3)
    if has_snow:
        line = np.minimum(ridge + random.uniform(0.04, 0.16), height + 0.15 + 0.02 * canvas.texture(30)[0])
        canvas.fill(canvas.below(ridge) & ~canvas.below(line), MOUNTAIN, (240, 243, 248), rough=0.06)


def water(canvas: Canvas, random: np.random.Generator, line: np.ndarray) -> None:
    """Waves from the line down."""
    colour = one_of(random, (30, 120, 165), (70, 105, 115), (105, 120, 130))
    region = canvas.below(line)
    canvas.fill(region, WATER, colour * 1.1, colour * 0.7)
    waves = np.repeat(random.uniform(-1, 1, (canvas.size, 1, 1)), canvas.size, 1) * canvas.texture(20)[..., None]
    canvas.image += np.where(region[..., None], 28 * waves * canvas.light, 0).astype(np.float32)


def meadow(canvas: Canvas, random: np.random.Generator, top: float) -> None:
    """Grass from about `top` down."""
    grass = one_of(random, (100, 135, 65), (150, 145, 80), (85, 110, 60))
    canvas.fill(canvas.below(canvas.ridge(top, 0.03)), MEADOW, grass, grass * 0.7, rough=0.2)


def road(
    canvas: Canvas, vanishing: float, horizon: float, feet: tuple[float, float], colour: tuple[float, float, float]
) -> None:
    """A road from the vanishing point to the lower edge, where it reaches from one of `feet` to the other."""
    canvas.polygon([(vanishing, horizon), (feet[1], 1), (feet[0], 1)], ROAD, colour, rough=0.1)


def road_marking(canvas: Canvas, random: np.random.Generator, vanishing: float, horizon: float, foot: float) -> None:
    """A dashed line in the middle of the road."""
    for near in np.arange(random.uniform(0, 0.15), 1, 0.2):
        ys = horizon + (1 - horizon) * np.array((near, min(near + 0.1, 1))) ** 1.5
        shares = (ys - horizon) / (1 - horizon)
        xs, widths = vanishing + (foot - vanishing) * shares, 0.012 * shares
        dash = np.stack([[*(xs - widths), *(xs + widths)[::-1]], [*ys, *ys[::-1]]], 1)
        canvas.polygon(dash, ROAD, (230, 230, 210))


def car_lamps(
    canvas: Canvas, random: np.random.Generator, vanishing: float, horizon: float, feet: tuple[float, float]
) -> None:
    """The two lamps of a car: white if it comes, red if it goes."""
    near, side = random.uniform(0.05, 0.8) ** 2, random.choice((-1, 1))
    y, gap = horizon + (1 - horizon) * near, 0.01 + 0.07 * near
    x = vanishing + (sum(feet) / 2 - vanishing) * near + side * (feet[1] - feet[0]) * near * 0.25
    colour = (255, 245, 210) if side < 0 else (255, 40, 25)
    for lamp in (x - gap, x + gap):
        canvas.glow(lamp, y, 0.012 + 0.03 * near, colour, 1.2)


def house(canvas: Canvas, random: np.random.Generator, box: tuple[float, ...], pitch: float) -> None:
    """A wall with windows, more of them lit when it is dark. `pitch`: the distance from window to window."""
    left, top, right, bottom = box
    wall = one_of(random, (150, 145, 140), (165, 110, 90), (120, 130, 150), (190, 180, 160)) * random.uniform(0.6, 1.1)
    canvas.rectangle(left, top, right, bottom, BUILDINGS, wall)
    glass, lit = wall * random.uniform(0.35, 0.6), np.array((240, 225, 150)) / canvas.light
    share = 0.1 if canvas.light[0] > 0.6 else 0.3
    for y in np.arange(top + pitch / 2, bottom - pitch, pitch):
        for x in np.arange(left + pitch / 3, right - pitch * 0.7, pitch):
            colour = lit if random.random() < share else glass
            canvas.rectangle(x, y, x + pitch * 0.55, y + pitch * 0.55, BUILDINGS, colour)


def town(canvas: Canvas, random: np.random.Generator, ground: float) -> None:
    """Some tall houses at the horizon."""
    for left in random.uniform(-0.1, 1, random.integers(3, 9)):
        box = (left, ground - random.uniform(0.08, 0.3), left + random.uniform(0.08, 0.2), ground)
        house(canvas, random, box, 0.045)


def far_houses(canvas: Canvas, random: np.random.Generator, ground: float) -> None:
    """A few small houses with roofs."""
    for left in random.uniform(0, 0.95, random.integers(1, 6)):
        width, height = random.uniform(0.04, 0.08), random.uniform(0.03, 0.06)
        house(canvas, random, (left, ground - height, left + width, ground), 0.025)
        eaves, ridge = ground - height, ground - 1.7 * height
        roof = [(left - 0.01, eaves), (left + width / 2, ridge), (left + width + 0.01, eaves)]
        canvas.polygon(roof, BUILDINGS, (130, 65, 50))


def trees(
    canvas: Canvas, random: np.random.Generator, most: int, foot: float, radius: float, is_conifer: bool = False
) -> None:
    """One or more single trees that stand at about `foot`."""
    green, draw = leaf_colour(random), conifer if is_conifer else crown
    for x in random.uniform(0, 1, random.integers(1, most + 1)):
        size, ground = radius * random.uniform(0.7, 1.3), foot + random.uniform(-0.02, 0.02)
        canvas.rectangle(x - size / 8, ground - 1.5 * size, x + size / 8, ground, TREES, (95, 70, 50))
        draw(canvas, random, (x, ground - 2 * size), size, green)


def leaf_colour(random: np.random.Generator) -> np.ndarray:
    """The colour of leaves, in autumn too."""
    return one_of(random, (45, 85, 40), (45, 85, 40), (70, 95, 45), (120, 85, 40))


def one_of(random: np.random.Generator, *colours: tuple[int, int, int]) -> np.ndarray:
    """One of the colours, a little changed."""
    return np.array(colours[random.integers(len(colours))]) + random.normal(0, 12, 3)


def crown(
    canvas: Canvas, random: np.random.Generator, middle: tuple[float, float], radius: float, green: np.ndarray
) -> None:
    """The round crown of a tree."""
    angles = np.linspace(0, 2 * np.pi, 14)
    reach = radius * random.uniform(0.7, 1.2, 14)
    crown = np.stack([middle[0] + reach * np.cos(angles), middle[1] + reach * np.sin(angles)], 1)
    canvas.polygon(crown, TREES, green * random.uniform(0.6, 1.7), rough=0.3)


def conifer(
    canvas: Canvas, random: np.random.Generator, middle: tuple[float, float], radius: float, green: np.ndarray
) -> None:
    """The pointed crown of a tree."""
    (x, y), width = middle, radius * random.uniform(0.7, 1)
    points = [(x - width, y + 1.5 * radius), (x, y - 1.5 * radius), (x + width, y + 1.5 * radius)]
    canvas.polygon(points, TREES, green * EVERGREEN * random.uniform(0.5, 1.3), rough=0.3)
