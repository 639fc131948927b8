"""A trained segmentation network and the masks that it gives of pictures."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property, partial

import cv2
import numpy as np
from tqdm import tqdm

from datatransformer.layout import DataFolder
from predictor.engines.runner import Runner
from predictor.masks.evaluation import BATCH_SIZE
from predictor.masks.files import Segmented
from predictor.masks.tiles import mask_by_tiles
from predictor.model import load_runner
from predictor.pictures import validation_images
from predictor.reading import DecodedImage, ImageReader, computed, decoder
from settings import WorkError
from training.run_folder import RunFolder

SCALES = (0.75, 1, 1.25)
"""Of `multi-scale`, against the size that the network is given."""

OPEN_PER_WORKER = 8
"""Pictures, at their own sizes."""


class Network:
    """A trained network; loaded when it is first used.

    Arguments:
        engine, precision: what computes, as `python -m predictor` takes it.
        by_tiles: whether it is given pictures of other sizes than its own.
    """

    def __init__(
        self, run: RunFolder, tta: str, engine: str = "tensorflow", precision: str = "f32", by_tiles: bool = False
    ):
        self.run, self.tta, self.engine, self.precision = run, tta, engine, precision
        self.sizes_differ = by_tiles or tta == "multi-scale"
        self.classes = run.classes()
        self.size = run.image_size()

    @cached_property
    def runner(self) -> Runner:
        """Its answers are probabilities (batch, height, width, classes)."""
        size = None if self.sizes_differ else self.size
        return load_runner(self.run, self.engine, self.precision, size, partial(average_views, tta=self.tta))

    def probabilities(self, pictures: np.ndarray) -> np.ndarray:
        """Of pictures uint8 (batch, height, width, 3)."""
        return self.runner.answer(pictures).numpy()

    def masks(self, batch: Sequence[DecodedImage]) -> list[Segmented]:
        """At the pictures' own sizes: probabilities are resized, and the most probable class is taken then.

        What is decoded of a picture is it as it is, and at the size of the model.
        """
        answers = self.probabilities(np.stack([one.decoded[1] for one in batch]))
        return [
            Segmented(one.name, one.decoded[0], mask_of(answer, one.decoded[0].shape[:2]))
            for one, answer in zip(batch, answers, strict=True)
        ]


def mask_of(probabilities: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """(height, width, classes) -> the most probable class of each pixel at `size`, uint8.

    Class by class, in a fifth of the time that OpenCV takes to resize them all at once, and less memory.
    """
    mask, most = np.zeros(size, np.uint8), np.full(size, -1, np.float32)
    for index, of_class in enumerate(np.ascontiguousarray(np.moveaxis(probabilities, -1, 0))):
        of_class = cv2.resize(of_class, size[::-1], interpolation=cv2.INTER_LINEAR)
        np.copyto(mask, index, where=of_class > most)
        cv2.max(of_class, most, most)
    return mask


def average_views(probabilities: Callable, tta: str) -> Callable:
    """`probabilities` of pictures (batch, height, width, 3), averaged over what `tta` makes of them.

    `none`: the pictures. `flip`: and their mirror images. `multi-scale`: both at three scales, as SCALES says.
    """
    import tensorflow as tf

    if tta == "none":
        return probabilities

    def flipped(images: tf.Tensor) -> tf.Tensor:
        return (probabilities(images) + probabilities(images[:, :, ::-1])[:, :, ::-1]) / 2

    def scaled(images: tf.Tensor, scale: float) -> tf.Tensor:
        size = tf.shape(images)[1:3]
        wanted = tf.maximum(1, tf.cast(tf.round(scale * tf.cast(size, tf.float32)), tf.int32))
        return tf.image.resize(flipped(tf.image.resize(images, wanted, antialias=True)), size)

    if tta == "flip":
        return flipped
    return lambda images: (
        sum(flipped(images) if scale == 1 else scaled(images, scale) for scale in SCALES) / len(SCALES)
    )


def segmented(network: Network, reading: ImageReader, batch_size: int) -> Iterator[Segmented]:
    """In the order of the pictures, at most `batch_size` of which go through the network at a time."""
    from pipeline.decode import decode_whole_and_resized

    graph, runner = decoder(partial(decode_whole_and_resized, size=network.size)), network.runner

    def decode_both(content: bytes) -> tuple[np.ndarray, ...]:
        return tuple(part.numpy() for part in graph(content))

    batches = reading.batches(decode_both, runner.batch(batch_size), OPEN_PER_WORKER)
    for masks in computed(network.masks, batches, runner.at_a_time):
        yield from masks


def segmented_by_tiles(
    network: Network, reading: ImageReader, batch_size: int, tile: int, overlap: int
) -> Iterator[Segmented]:
    """As `segmented`, of pictures as large as they are; `batch_size` is of tiles.

    Few pictures are open at a time: they may be large, and reading one takes little of the time that its tiles take.
    """
    from pipeline.decode import decode

    graph, runner = decoder(decode), network.runner
    by_tiles = partial(
        mask_by_tiles, network.probabilities, classes=len(network.classes), tile=tile, overlap=overlap,
        batch_size=runner.batch(batch_size), at_a_time=runner.at_a_time,
    )  # fmt: skip
    few = replace(reading, workers=reading.workers or 1)
    for (one,) in few.batches(lambda content: graph(content).numpy(), 1, ahead=1):
        yield Segmented(one.name, one.decoded, by_tiles(one.decoded))


def validation_masks(network: Network, data: DataFolder) -> Iterator[Segmented]:
    """Each validation picture with its prediction. Raises WorkError if one cannot be read."""
    pictures = validation_images(data)

    def shown(opened):
        return tqdm(opened, "evaluating", len(pictures), unit=" images", disable=None, leave=False)

    def refuse(name: str, reason: str) -> None:
        raise WorkError(f"The validation picture {name} of {data.path} cannot be read: {reason}")

    return segmented(network, ImageReader(pictures, refuse, shown=shown), BATCH_SIZE)
