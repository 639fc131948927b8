"""A trained segmentation network, and the masks that it predicts."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property, partial
from typing import TYPE_CHECKING

import cv2
import numpy as np
from tqdm import tqdm

from datatransformer.layout import DataFolder
from datatransformer.pictures.images import read_pixels
from datatransformer.pictures.pixel_limit import pixel_limit_by_tiles
from predictor.engines.runner import Predict, Runner
from predictor.images import ImageFile, evaluated_images
from predictor.masks.files import SegmentedImage
from predictor.masks.tiles import mask_by_tiles
from predictor.model import DEFAULT_BATCH_SIZE, load_runner
from predictor.reading import DecodedImage, ImageReader, compute_batches, decoder
from settings import WorkError
from training.run_folder import RunFolder

if TYPE_CHECKING:
    import tensorflow as tf

SCALES = (0.75, 1, 1.25)
"""Scales of the test-time augmentation `multi-scale`, relative to the network's image size."""

OPEN_PER_WORKER = 8
"""Images at their own sizes that are in memory for each worker."""

ImageAndInput = tuple[np.ndarray, np.ndarray]
"""An image at its own size, and resized for the network; RGB uint8 (height, width, 3)."""


class Network:
    """A segmentation network. It is loaded when it is first used.

    Arguments:
        engine, precision: as in PredictorConfig.
        by_tiles: whether it gets images of other sizes than its own.
        batch_size: images or tiles per batch, at most.
    """

    def __init__(
        self,
        run: RunFolder,
        tta: str,
        engine: str = "tensorflow",
        precision: str = "f32",
        by_tiles: bool = False,
        batch_size: int = DEFAULT_BATCH_SIZE,
    ):
        self.run, self.tta, self.engine, self.precision = run, tta, engine, precision
        self.batch_size = batch_size
        self.takes_any_size = by_tiles or tta == "multi-scale"
        self.classes = run.classes()
        self.size = run.image_size()

    @cached_property
    def runner(self) -> Runner:
        """The loaded network. It returns probabilities (batch, height, width, classes)."""
        size = None if self.takes_any_size else self.size
        wrap = partial(average_views, tta=self.tta)
        return load_runner(self.run, self.engine, self.precision, size, wrap, self.batch_size)

    def probabilities(self, images: np.ndarray) -> np.ndarray:
        """uint8 (batch, height, width, 3) -> float32 (batch, height, width, classes)."""
        return self.runner.predict(images).numpy()

    def masks(self, batch: Sequence[DecodedImage[ImageAndInput]]) -> list[SegmentedImage]:
        """The masks at the images' own sizes: the probabilities are resized before the most probable class is taken."""
        probabilities = self.probabilities(np.stack([image.decoded[1] for image in batch]))
        return [
            SegmentedImage(image.name, image.decoded[0], resized_mask(scores, image.decoded[0].shape[:2]))
            for image, scores in zip(batch, probabilities, strict=True)
        ]


def resized_mask(probabilities: np.ndarray, size: tuple[int, ...]) -> np.ndarray:
    """(height, width, classes) -> the most probable class of each pixel at `size` (height, width), uint8.

    One class after the other: this takes a fifth of the time, and less memory, than resizing all classes at once.
    """
    mask, largest = np.zeros(size, np.uint8), np.full(size, -1, np.float32)
    for index, channel in enumerate(np.ascontiguousarray(np.moveaxis(probabilities, -1, 0))):
        channel = cv2.resize(channel, size[::-1], interpolation=cv2.INTER_LINEAR)
        np.copyto(mask, index, where=channel > largest)
        cv2.max(channel, largest, largest)
    return mask


def average_views(predict: Predict, tta: str) -> Predict:
    """Averages the probabilities of the views of each image.

    `none`: the image. `flip`: the image and its mirror image. `multi-scale`: both at three scales, see SCALES.
    """
    import tensorflow as tf

    if tta == "none":
        return predict

    def flip(images: "np.ndarray | tf.Tensor") -> "tf.Tensor":
        return (predict(images) + predict(images[:, :, ::-1])[:, :, ::-1]) / 2

    def rescale(images: "np.ndarray | tf.Tensor", scale: float) -> "tf.Tensor":
        if scale == 1:
            return flip(images)
        size = tf.shape(images)[1:3]
        scaled = tf.maximum(1, tf.cast(tf.round(scale * tf.cast(size, tf.float32)), tf.int32))
        return tf.image.resize(flip(tf.image.resize(images, scaled, antialias=True)), size)

    if tta == "flip":
        return flip
    return lambda images: sum(rescale(images, scale) for scale in SCALES) / len(SCALES)


def segment_images(network: Network, reader: ImageReader) -> Iterator[SegmentedImage]:
    """Segments images in order, resized for the network."""
    from pipeline.decode import decode_full_and_resized

    decode_graph, runner = decoder(partial(decode_full_and_resized, size=network.size)), network.runner

    def decode(content: bytes) -> ImageAndInput:
        image, resized = decode_graph(content)
        return image.numpy(), resized.numpy()

    batches = reader.batches(decode, runner.batch_size, OPEN_PER_WORKER)
    for masks in compute_batches(network.masks, batches, runner.parallel_calls):
        yield from masks


def segment_by_tiles(network: Network, reader: ImageReader, tile: int, overlap: int) -> Iterator[SegmentedImage]:
    """Segments images in order, at their own sizes, in overlapping tiles.

    Few images are open at a time: they may be large, and reading one takes much less time than its tiles do.
    """
    from pipeline.decode import decode

    decode_graph, runner = decoder(decode), network.runner
    make_mask = partial(
        mask_by_tiles, network.probabilities, classes=len(network.classes), tile=tile, overlap=overlap,
        batch_size=runner.batch_size, parallel_calls=runner.parallel_calls,
    )  # fmt: skip

    def decode_large(content: bytes) -> np.ndarray:
        return read_pixels(content, reader.pixel_range, pixel_limit_by_tiles())[0]

    reader = replace(reader, workers=reader.workers or 1, decode_large=decode_large)
    for (image,) in reader.batches(lambda content: decode_graph(content).numpy(), 1, open_per_worker=1):
        yield SegmentedImage(image.name, image.decoded, make_mask(image.decoded))


def validation_masks(
    network: Network, data: DataFolder, images: Sequence[ImageFile] | None = None
) -> Iterator[SegmentedImage]:
    """Segments these validation images, or all. Raises WorkError if one cannot be read."""
    images = evaluated_images(data) if images is None else images
    progress = partial(tqdm, desc="evaluating", total=len(images), unit=" images", disable=None, leave=False)

    def refuse(name: str, reason: str) -> None:
        raise WorkError(f"The validation image {name} of {data.path} cannot be read: {reason}")

    return segment_images(network, ImageReader(images, refuse, progress=progress))
