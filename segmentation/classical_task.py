"""Segments the images of `segmentation.classical`, and writes and scores their masks."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
from tqdm import tqdm

from datatransformer.layout import DataFolder
from datatransformer.pictures.images import UnreadableImage, read_image
from predictor.images import ImageFile
from predictor.masks.evaluation import evaluate_masks
from predictor.masks.files import MaskFiles, SegmentedImage
from predictor.output import Output
from predictor.reading import ImageReader, ProgressBar
from predictor.task import PredictedRows, Reject, Scores
from segmentation import classical_methods
from segmentation.codebook import Codebook, RegionVotes, count_votes, describe_regions, make_codebook
from settings import WorkError
from storage.parallel import in_parallel

if TYPE_CHECKING:
    from config import ClassicalConfig

METHODS: dict[str, Callable[..., np.ndarray]] = {
    "mean-shift": classical_methods.mean_shift,
    "kmeans": classical_methods.kmeans,
    "otsu": classical_methods.otsu,
    "histogram": classical_methods.histogram,
    "canny": classical_methods.canny,
}

OPEN_PER_WORKER = 2
"""Images in memory for each worker. Few are enough, because segmenting an image takes longer than reading it."""


class ClassicalTask:
    """Segments images by a method; see `predictor.task.PredictionTask`.

    Arguments:
        defaults: the settings that the method takes, with the values that they have if they are not given.
        match: the data folder whose classes the regions get. None: masks hold the numbers of regions.
    """

    columns: Sequence[str]
    evaluation_columns: Sequence[str] = ()
    takes_new_images = True
    depends_on: dict[str, object]
    classes: Sequence[str]

    def __init__(self, settings: "ClassicalConfig", defaults: Mapping[str, int | float], match: DataFolder | None):
        given = {name: value for name in defaults if (value := getattr(settings, name)) is not None}
        arguments = {**defaults, **given}
        self.segment = partial(METHODS[settings.method], **arguments)
        self.workers, self.match, self.seed = settings.workers, match, settings.seed or 0
        count = int(arguments.get("regions", 2))
        self.classes = match.classes if match else tuple(f"region {number}" for number in range(count))
        self.files = MaskFiles(settings, self.classes, match.colours if match else [None] * count)
        self.columns = self.files.columns
        self.depends_on = {
            "method": settings.method,
            **arguments,
            "mask_files": self.files.kinds,
            "match": [str(match.path.resolve()), self.seed] if match else None,
        }

    def rows(self, images: Iterable[ImageFile], reject: Reject, progress: ProgressBar) -> PredictedRows:
        """Segments the images one by one, and writes their files."""
        codebook = self._make_codebook(self.match) if self.match else None
        reader = ImageReader(images, reject, self.workers, progress)
        for (image,) in reader.batches(partial(self._decode_and_segment, codebook), 1, OPEN_PER_WORKER):
            yield [image.name], [self.files.add(SegmentedImage(image.name, *image.decoded))]

    def finish(self) -> None:
        """Writes the files for all images."""
        self.files.finish()

    def evaluate(self, output: Output, data: DataFolder) -> Scores:
        """Scores the masks in files of their own."""
        return evaluate_masks(self.files.read_validation(data), data, output.evaluation)

    def _decode_and_segment(self, codebook: Codebook | None, content: bytes) -> tuple[np.ndarray, np.ndarray]:
        """The image in a file's bytes, and its mask."""
        image = decode(content)
        labels = self.segment(image)
        return image, codebook.mask(describe_regions(image, labels)) if codebook else labels.astype(np.uint8)

    def _make_codebook(self, match: DataFolder) -> Codebook:
        pairs = list(zip(match.images("train"), match.masks("train"), strict=True))
        votes = in_parallel(partial(self._vote, len(match.classes)), pairs, self.workers, OPEN_PER_WORKER)
        return make_codebook(tqdm(votes, "matching", len(pairs), unit=" images", disable=None, leave=False), self.seed)

    def _vote(self, classes: int, pair: tuple[str, str]) -> RegionVotes:
        """The regions of a training image with their pixels of each class."""
        try:
            image, mask = (decode(read_image(Path(path)).content) for path in pair)
        except UnreadableImage as error:
            raise WorkError(f"The training image {pair[0]} or its mask cannot be read: {error}") from error
        regions = describe_regions(image, self.segment(image))
        return RegionVotes(regions.features, regions.areas, count_votes(regions.numbers, mask[..., 0], classes))


def decode(content: bytes) -> np.ndarray:
    """RGB uint8 (height, width, 3) from a file's bytes. Raises UnreadableImage."""
    image = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR_RGB)
    if image is None:
        raise UnreadableImage("cannot be decoded")
    return np.asarray(image)
