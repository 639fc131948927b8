"""What is written of predicted masks: class indices, colours, overlays, and a row of the CSV each."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from datatransformer.layout import Colour, DataFolder
from plots.palette import coloured, overlay, palette
from predictor.output import picture_path
from predictor.pictures import validation_images
from storage.tables import csv_safe, replacing_binary

FOLDERS = {"index": "masks", "colour": "colours", "overlay": "overlays"}
"""Beside the CSV, NAME.masks and so on."""


class Segmented(NamedTuple):
    """A picture, RGB uint8 (height, width, 3), and its class indices, uint8 (height, width)."""

    name: str
    picture: np.ndarray
    mask: np.ndarray


class MaskFiles:
    """The files beside the CSV `settings.output`, of the kinds that `settings.mask_files` names.

    Attributes:
        columns: of the CSV, behind the name of the picture.
    """

    def __init__(self, settings, classes: Sequence[str], colours: Sequence[Colour | None]):
        self.output, self.classes, self.colours = settings.output, classes, palette(colours)
        self.kinds = sorted({*settings.mask_files, *["index"] * bool(settings.evaluate)})  # which is evaluated
        self.columns = ["height", "width", *(f"share {csv_safe(name)}" for name in classes)]

    def add(self, one: Segmented) -> list[object]:
        """Writes the files of a picture; its cells of the CSV."""
        from plots.legend import with_legend

        images = {
            "index": lambda: one.mask,
            "colour": lambda: coloured(one.mask, self.colours)[..., ::-1],
            "overlay": lambda: with_legend(
                overlay(one.picture, one.mask, self.colours), one.mask, self.classes, self.colours
            )[..., ::-1],
        }
        for kind in self.kinds:
            path = mask_path(self.output, kind, one.name)
            path.parent.mkdir(parents=True, exist_ok=True)
            with replacing_binary(path) as file:
                file.write(cv2.imencode(".png", images[kind]())[1].tobytes())
        shares = sum(np.bincount(row, minlength=len(self.classes)) for row in one.mask) / one.mask.size
        return [*one.mask.shape, *(f"{share:.6f}" for share in shares)]

    def written(self, data: DataFolder) -> Iterator[Segmented]:
        """The validation images of `data` with the masks that are written of them."""
        for picture in validation_images(data):
            mask = mask_path(self.output, "index", picture.name)
            if mask.exists():
                image = cv2.imdecode(np.frombuffer(picture.path.read_bytes(), np.uint8), cv2.IMREAD_COLOR_RGB)
                yield Segmented(picture.name, image, cv2.imread(str(mask), cv2.IMREAD_GRAYSCALE))


def mask_path(output: Path, kind: str, name: str) -> Path:
    """Where a mask of `kind` lies."""
    return picture_path(output, FOLDERS[kind], name)
