"""Synthetic photographs of five kinds of scene, each with a mask. The same seed draws the same images."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from datatransformer.listing import EncodedPair, Listing, RawImage
from datatransformer.sources import Evidence

if TYPE_CHECKING:
    from config import DataTransformerConfig
    from datatransformer.report import Report

TASKS = ("classification", "segmentation")
SETTINGS = ("pictures", "picture_size", "seed")
NAMED_BY = ()

IMAGES, SIZE = 1000, 160
SCENES = ("beach", "city", "forest", "mountain", "night_road")
THINGS = ("sky", "water", "sand", "trees", "buildings", "mountain", "meadow", "road")
"""The classes of the masks."""


def recognises(settings: "DataTransformerConfig") -> list[Evidence]:
    """Nothing: synthetic images are drawn on request only."""
    return []


def read(settings: "DataTransformerConfig", report: "Report") -> Listing:
    """The images to draw, the same number of each scene."""
    from datatransformer.pictures.scene_drawing import draw_scene

    count, size, seed = settings.pictures or IMAGES, settings.picture_size or SIZE, settings.seed

    def entries() -> Iterator[RawImage]:
        for number in range(count):
            round_, scene = divmod(number, len(SCENES))
            yield RawImage(f"{SCENES[scene]}_{round_:05d}", class_name=SCENES[scene])

    def make_pair(image: RawImage) -> EncodedPair:
        number = int(image.name.rpartition("_")[2]) * len(SCENES) + SCENES.index(image.class_name)
        return draw_scene(image.class_name, size, (seed, number))

    return Listing(entries(), list(THINGS if settings.task == "segmentation" else SCENES), make_pair)
