"""Pictures read and decoded in parallel, a batch at a time, in order, while earlier batches are computed."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Generic, NamedTuple, TypeVar

from datatransformer.images import UnreadableImage, encode, read_content
from predictor.pictures import ImageFile
from storage.parallel import WAITING_PER_WORKER, in_parallel

Decoded = TypeVar("Decoded")
Computed = TypeVar("Computed")

BATCHES_WAITING = 2
"""For each that is computed, itself among them: so that the next begins at once."""


class DecodedImage(NamedTuple, Generic[Decoded]):
    """A picture's name and what was decoded of it, or why nothing was."""

    name: str
    decoded: Decoded | None
    unreadable: UnreadableImage | None = None


@dataclass(frozen=True)
class ImageReader:
    """Which pictures are read, and how.

    Attributes:
        listed: in their order.
        reject: is told the name of what cannot be read, and the reason.
        workers: how many are read at the same time; one a processor core if None.
        shown: is laid around the pictures as they come, a progress bar say.
    """

    listed: Iterable[ImageFile]
    reject: Callable[[str, str], None]
    workers: int | None = None
    shown: Callable[[Iterable], Iterable] = iter

    def batches(
        self, decode: Callable[[bytes], Decoded], batch_size: int, ahead: int = WAITING_PER_WORKER
    ) -> Iterator[list[DecodedImage[Decoded]]]:
        """`decode` makes something from a file's bytes, all of which it decodes, or raises UnreadableImage.

        At most `ahead` pictures a worker are open at a time, besides the batch.
        """
        batch: list[DecodedImage[Decoded]] = []
        for picture in self.shown(in_parallel(partial(_open, decode), self.listed, self.workers, ahead)):
            if picture.unreadable:
                self.reject(picture.name, str(picture.unreadable))
                continue
            batch.append(picture)
            if len(batch) == batch_size:
                yield batch
                batch = []
        if batch:
            yield batch


def computed(
    compute: Callable[[list[DecodedImage]], Computed], batches: Iterable[list[DecodedImage]], at_a_time: int
) -> Iterator[Computed]:
    """What `compute` makes of each batch, in order; `at_a_time` of them are computed while the next are read."""
    return in_parallel(compute, batches, at_a_time, BATCHES_WAITING)


def decoder(decode: Callable) -> Callable[[bytes], object]:
    """`decode`, which takes a file's bytes, a string tensor, as a graph. Raises UnreadableImage."""
    import tensorflow as tf

    graph = tf.function(decode, input_signature=[tf.TensorSpec((), tf.string)], autograph=False)

    def decoded(content: bytes) -> object:
        try:
            return graph(tf.constant(content))
        except tf.errors.InvalidArgumentError as error:
            raise UnreadableImage(f"cannot be decoded: {error.message.splitlines()[0]}") from error

    return decoded


def _open(decode: Callable[[bytes], Decoded], picture: ImageFile) -> DecodedImage[Decoded]:
    try:
        content = read_content(picture.path)
        try:
            return DecodedImage(picture.name, decode(encode(content, decode_follows=True).content))
        except UnreadableImage:  # by the longer way the reason is told as DataTransformer tells it
            return DecodedImage(picture.name, decode(encode(content).content))
    except UnreadableImage as error:
        return DecodedImage(picture.name, None, error)
