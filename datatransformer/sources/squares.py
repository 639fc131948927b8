"""S3's synthetic pictures: one square of 90 to 100 pixels a side at a random place, two random colours."""

import numpy as np

from datatransformer.drawing import encoded
from datatransformer.listing import EncodedPair, Listing, Picture
from settings import SettingError, bad_setting

TASKS = ("segmentation",)
SETTINGS = ("pictures", "picture_size")
PICTURES, SIZE, SIDES = 200, 512, (90, 100)


def read(settings) -> Listing:
    """The first half of the pictures is for training, the other for validation, as S3 had it."""
    count, size = settings.pictures or PICTURES, settings.picture_size or SIZE
    if size < SIDES[1] + 28:
        raise SettingError(bad_setting("picture_size", size, "source squares needs 128 or more for a square of 100"))
    pictures = (Picture(f"{number:05d}", split="train" if number < count / 2 else "val") for number in range(count))
    return Listing(pictures, ["ground", "square"], lambda picture: draw(size, (settings.seed, int(picture.name))))


def draw(size: int, seed: tuple[int, ...]) -> EncodedPair:
    """One flat picture of `size` x `size` pixels; in its mask 0 is ground and 1 is the square."""
    random = np.random.default_rng(seed)
    ground, colour = random.integers(0, 256, (2, 3))
    while np.abs(colour - ground).max() < 32:  # two colours that nobody tells apart make no picture of a square
        colour = random.integers(0, 256, 3)
    side = random.integers(SIDES[0], SIDES[1] + 1)
    top, left = random.integers(0, size - side + 1, 2)
    mask = np.zeros((size, size), np.uint8)
    mask[top : top + side, left : left + side] = 1
    return encoded(np.where(mask[..., None] == 1, colour, ground).astype(np.uint8), mask, ".png")
