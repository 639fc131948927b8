"""A trained segmentation network and the masks that it gives of pictures."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property, partial

import cv2
import numpy as np

from predictor.flow import Opened, decoder, opened
from predictor.mask_files import Segmented
from predictor.members import answering
from predictor.pictures import Picture
from predictor.tiles import mask_by_tiles
from training.run_folder import RunFolder

SCALES = (0.75, 1, 1.25)
"""Of `multi-scale`, against the size that the network is given."""


class Network:
    """A trained network; loaded when it is first used. `engine` computes, as `python -m predictor` takes it."""

    def __init__(self, run: RunFolder, tta: str, engine: str = "tensorflow"):
        self.run, self.tta, self.engine = run, tta, engine
        self.classes = run.classes()
        self.size = run.image_size()

    @cached_property
    def answer(self):
        """Pictures uint8 (batch, height, width, 3), of any size -> probabilities (batch, height, width, classes)."""
        return answering(self.run, self.engine, (None, None, None, 3), partial(averaged, tta=self.tta))

    def masks(self, batch: Sequence[Opened]) -> Iterator[Segmented]:
        """At the pictures' own sizes: probabilities are resized, and the most probable class is taken then.

        What is decoded of a picture is it as it is, and at the size of the model.
        """
        answers = self.answer(np.stack([one.decoded[1] for one in batch])).numpy()
        for one, answer in zip(batch, answers, strict=True):
            picture = one.decoded[0]
            height, width = picture.shape[:2]
            if answer.shape[:2] != (height, width):
                answer = cv2.resize(answer, (width, height), interpolation=cv2.INTER_LINEAR)
            yield Segmented(one.name, picture, answer.argmax(axis=-1).astype(np.uint8))


def averaged(probabilities: Callable, tta: str) -> Callable:
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


def segmented(
    network: Network,
    listed: Iterable[Picture],
    batch_size: int,
    workers: int | None,
    reject: Callable[[str, str], None],
    shown: Callable[[Iterable], Iterable] = iter,
) -> Iterator[Segmented]:
    """In the order of the pictures. Those that cannot be read go to `reject` with the reason."""
    from pipeline.decode import decode, resize

    def both(content):
        picture = decode(content)
        return picture, resize(picture, network.size)

    graph = decoder(both)

    def decode_both(content: bytes) -> tuple[np.ndarray, ...]:
        return tuple(part.numpy() for part in graph(content))

    for batch in opened(decode_both, listed, batch_size, workers, reject, shown):
        yield from network.masks(batch)


def segmented_by_tiles(
    network: Network,
    tile: int,
    overlap: int,
    listed: Iterable[Picture],
    batch_size: int,
    workers: int | None,
    reject: Callable[[str, str], None],
    shown: Callable[[Iterable], Iterable] = iter,
) -> Iterator[Segmented]:
    """As `segmented`, of pictures as large as they are; `batch_size` is of tiles.

    Few pictures are open at a time: they may be large, and reading one takes little of the time that its tiles take.
    """
    from pipeline.decode import decode

    graph = decoder(decode)
    by_tiles = partial(
        mask_by_tiles, lambda tiles: network.answer(tiles).numpy(),
        classes=len(network.classes), tile=tile, overlap=overlap, batch_size=batch_size,
    )  # fmt: skip
    for batch in opened(lambda content: graph(content).numpy(), listed, 1, workers or 1, reject, shown, ahead=1):
        for one in batch:
            yield Segmented(one.name, one.decoded, by_tiles(one.decoded))
