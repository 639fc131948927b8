"""The files of predicted masks: class indices, colours and overlays as PNG, and the row of the CSV."""

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import cv2
import numpy as np

from datatransformer.layout import Colour, DataFolder
from predictor.image_names import image_path
from predictor.images import evaluated_images
from predictor.masks.annotations import files as annotation_files
from predictor.masks.annotations.files import AnnotationFiles
from predictor.output import Output
from settings import WorkError
from storage.tables import csv_safe, printable, replacing_binary

if TYPE_CHECKING:
    from config import ClassicalConfig, PredictorConfig

FOLDERS = {"index": "masks", "colour": "colours", "overlay": "overlays"}
"""Folders of pictures beside NAME.csv: NAME.masks and so on."""


class SegmentedImage(NamedTuple):
    """An image, RGB uint8 (height, width, 3), and its class indices, uint8 (height, width)."""

    name: str
    image: np.ndarray
    mask: np.ndarray


class MaskFiles:
    """The mask files beside the CSV `settings.output`, of the kinds in `settings.mask_files`.

    Attributes:
        kinds: also includes `index` if the masks are evaluated, since the evaluation reads those files.
        columns: the columns of the CSV after the name of the image.
    """

    def __init__(
        self,
        settings: "PredictorConfig | ClassicalConfig",
        classes: Sequence[str],
        colours: Sequence[Colour | None],
    ):
        self.output, self.classes, self.known_colours = settings.output, classes, colours
        self.kinds = sorted({*settings.mask_files, *(["index"] if settings.evaluate else [])})
        formats = [kind for kind in self.kinds if kind in annotation_files.FOLDERS]
        self.annotations = AnnotationFiles(settings, formats, classes, lambda: self.colours)
        self.columns = ["height", "width", *(f"share {printable(name)}" for name in classes)]

    @cached_property
    def colours(self) -> np.ndarray:
        """The colour of each class, uint8 (classes, 3)."""
        from plots.palette import palette

        return palette(self.known_colours)

    def add(self, segmented: SegmentedImage) -> list[object]:
        """Writes the files of an image and returns its cells of the CSV."""
        from plots.palette import colour_mask

        draw: dict[str, Callable[[SegmentedImage], np.ndarray]] = {
            "index": lambda segmented: segmented.mask,
            "colour": lambda segmented: colour_mask(segmented.mask, self.colours)[..., ::-1],
            "overlay": lambda segmented: self._overlay(segmented)[..., ::-1],
        }
        for kind in filter(FOLDERS.get, self.kinds):
            path = mask_path(self.output, kind, segmented.name)
            path.parent.mkdir(parents=True, exist_ok=True)
            with replacing_binary(path) as file:
                file.write(cv2.imencode(".png", draw[kind](segmented))[1].tobytes())
        mask = segmented.mask
        self.annotations.add(segmented.name, mask)
        pixels = np.zeros(len(self.classes), np.int64)
        for row in mask:
            pixels += np.bincount(row, minlength=len(self.classes))
        return [*mask.shape, *(f"{share:.6f}" for share in pixels / mask.size)]

    def finish(self) -> None:
        """Writes the annotation files for all images of the CSV. Raises WorkError if a part of them is missing."""
        annotation_files.write_files_of_all(self.output, self.kinds, self.classes)

    def _overlay(self, segmented: SegmentedImage) -> np.ndarray:
        from plots.legend import add_legend
        from plots.palette import overlay_mask

        image = overlay_mask(segmented.image, segmented.mask, self.colours)
        return add_legend(image, segmented.mask, self.classes, self.colours)

    def read_validation(self, data: DataFolder) -> Iterator[SegmentedImage]:
        """The evaluated images, without the rejected ones, and their masks. Raises WorkError if a mask is missing."""
        rejected = set(Output(self.output, ()).rejected_names())
        for image in evaluated_images(data):
            path = mask_path(self.output, "index", image.name)
            if path.exists() or csv_safe(image.name) not in rejected:
                pixels = cv2.imdecode(np.frombuffer(image.path.read_bytes(), np.uint8), cv2.IMREAD_COLOR_RGB)
                mask = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
                if pixels is None or mask is None:
                    problem = "is damaged" if pixels is None or path.exists() else "is missing"
                    raise WorkError(f"{path if mask is None else image.path} {problem}; --overwrite predicts again")
                yield SegmentedImage(image.name, pixels, mask)


def mask_path(output: Path, kind: str, name: str) -> Path:
    """The path of an image's mask file of a kind."""
    return image_path(output, FOLDERS[kind], name)
