"""Reads and decodes images in parallel, in batches and in order, while the model computes earlier batches."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache, partial
from typing import Any, Generic, NamedTuple, TypeVar

from datatransformer.pictures.eight_bits import SCALED_ALONE
from datatransformer.pictures.images import TooManyPixels, UnreadableImage, encode, read_content
from datatransformer.pictures.pixel_range import PixelRange
from log import logger
from predictor.images import ImageFile
from storage.exhausted import naming_what_was_read, raise_if_ran_out
from storage.parallel import WAITING_PER_WORKER, in_parallel

Decoded = TypeVar("Decoded")
Computed = TypeVar("Computed")

ProgressBar = Callable[[Iterable[Any]], Iterable[Any]]
"""Wraps items, and shows how many of them have been taken."""

BATCHES_PER_WORKER = 2
"""Batches in work or waiting for each worker, so that a worker starts the next batch without a pause."""


class DecodedImage(NamedTuple, Generic[Decoded]):
    """The name of an image and its decoded content."""

    name: str
    decoded: Decoded


class UnreadableFile(NamedTuple):
    """The name of a file that cannot be decoded, and the reason."""

    name: str
    reason: str


@dataclass(frozen=True)
class ImageReader:
    """Reads images in batches.

    Attributes:
        images: the files, in the order of the output.
        reject: is called with the name of each unreadable file and the reason.
        workers: images that are read at the same time; None: one per processor core.
        progress: wraps the images as they are read, for example in a progress bar.
        pixel_range: the values that become black and white in pictures of more than 8 bits, as in training.
        decode_large: takes the place of `decode` for images with more pixels than are usually read. None: they are
            rejected.
    """

    images: Iterable[ImageFile]
    reject: Callable[[str, str], None]
    workers: int | None = None
    progress: ProgressBar = iter
    pixel_range: PixelRange | None = None
    decode_large: Callable[[bytes], Any] | None = None

    def batches(
        self, decode: Callable[[bytes], Decoded], batch_size: int, open_per_worker: int = WAITING_PER_WORKER
    ) -> Iterator[list[DecodedImage[Decoded]]]:
        """Yields lists of at most `batch_size` decoded images.

        Arguments:
            decode: decodes all bytes of a file, or raises UnreadableImage.
            open_per_worker: images that are in memory for each worker, besides the batch.
        """
        batch: list[DecodedImage[Decoded]] = []
        for image in self.progress(
            in_parallel(partial(_read, self, decode), self.images, self.workers, open_per_worker)
        ):
            if isinstance(image, UnreadableFile):
                self.reject(image.name, image.reason)
                continue
            batch.append(image)
            if len(batch) == batch_size:
                yield batch
                batch = []
        if batch:
            yield batch


def compute_batches(
    compute: Callable[[list[DecodedImage[Decoded]]], Computed],
    batches: Iterable[list[DecodedImage[Decoded]]],
    workers: int,
) -> Iterator[Computed]:
    """Yields `compute(batch)` in order. `workers` batches are computed at the same time, while others are read."""
    return in_parallel(compute, batches, workers, BATCHES_PER_WORKER)


def decoder(decode: Callable[..., Decoded]) -> Callable[[bytes], Decoded]:
    """`decode`, which takes a file's bytes as a string tensor, compiled to a graph that raises UnreadableImage."""
    import tensorflow as tf

    graph = tf.function(decode, input_signature=[tf.TensorSpec((), tf.string)], autograph=False)

    def decode_or_raise(content: bytes) -> Decoded:
        try:
            return graph(tf.constant(content))
        except tf.errors.InvalidArgumentError as error:
            raise_if_ran_out(error)
            raise UnreadableImage(f"cannot be decoded: {error.message.splitlines()[0]}") from error

    return decode_or_raise


@cache
def _warn_of_unknown_range() -> None:
    logger.warning(
        "Pictures have more than 8 bits per pixel, but the model was trained on pictures of 8 bits: each is scaled by "
        "its own range of values, so that predictions may be worse."
    )


def _read(
    reader: ImageReader, decode: Callable[[bytes], Decoded], image: ImageFile
) -> DecodedImage[Decoded] | UnreadableFile:
    if image.refused:
        return UnreadableFile(image.name, image.refused)
    with naming_what_was_read(image.name):
        return _read_or_reject(reader, decode, image)


def _read_or_reject(
    reader: ImageReader, decode: Callable[[bytes], Decoded], image: ImageFile
) -> DecodedImage[Decoded] | UnreadableFile:
    try:
        content, pixel_range = read_content(image.path), reader.pixel_range
        try:
            encoded = encode(content, decode_follows=True, pixel_range=pixel_range)
            decoded = DecodedImage(image.name, decode(encoded.content))
        except TooManyPixels:
            if reader.decode_large is None:
                raise
            return DecodedImage(image.name, reader.decode_large(content))
        except UnreadableImage:  # the complete check gives the same reason as DataTransformer does
            encoded = encode(content, pixel_range=pixel_range)
            decoded = DecodedImage(image.name, decode(encoded.content))
        if encoded.remark.startswith(SCALED_ALONE):
            _warn_of_unknown_range()
        return decoded
    except UnreadableImage as error:
        return UnreadableFile(image.name, str(error))
