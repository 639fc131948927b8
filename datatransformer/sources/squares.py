"""Synthetic images of one flat square on a flat ground, each with a mask."""

from typing import TYPE_CHECKING

from datatransformer.listing import EncodedPair, Listing, RawImage
from datatransformer.sources import Evidence
from settings import SettingError, bad_setting

if TYPE_CHECKING:
    from config import DataTransformerConfig
    from datatransformer.report import Report

TASKS = ("segmentation",)
SETTINGS = ("pictures", "picture_size", "seed")
NAMED_BY = ()

IMAGES, SIZE, MIN_SIZE = 200, 512, 128


def recognises(settings: "DataTransformerConfig") -> list[Evidence]:
    """Nothing: synthetic images are drawn on request only."""
    return []


def read(settings: "DataTransformerConfig", report: "Report") -> Listing:
    """The images to draw: the first half for training, the second half for validation. Raises SettingError."""
    from datatransformer.pictures.drawing import draw_square

    count, size, seed = settings.pictures or IMAGES, settings.picture_size or SIZE, settings.seed
    if size < MIN_SIZE:
        allowed = f"source squares needs {MIN_SIZE} or more for a square of 100 pixels"
        raise SettingError(bad_setting("picture_size", size, allowed))
    images = (RawImage(f"{number:05d}", split="train" if number < count / 2 else "val") for number in range(count))

    def make_pair(image: RawImage) -> EncodedPair:
        return draw_square(size, (seed, int(image.name)))

    return Listing(images, ["ground", "square"], make_pair)
