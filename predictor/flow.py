"""Pictures through models: read and decoded in parallel, in order, a batch at a time."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np

from datatransformer.images import UnreadableImage, read_image
from datatransformer.parallel import in_parallel
from predictor.members import Member
from predictor.pictures import Picture

Size = tuple[int, int]


class Predicted(NamedTuple):
    """The names of a batch of pictures, and (members, pictures, classes) what each model says of them."""

    names: list[str]
    probabilities: np.ndarray


class Opened(NamedTuple):
    """A picture's name and its views for each size that a model wants, or why there are none."""

    name: str
    views: dict[Size, np.ndarray]
    unreadable: UnreadableImage | None = None


def predictions(
    members: Sequence[Member],
    listed: Iterable[Picture],
    tta: str,
    batch_size: int,
    workers: int | None,
    reject: Callable[[str, str], None],
    shown: Callable[[Iterable], Iterable] = iter,
) -> Iterator[Predicted]:
    """In the order of the pictures. Those that cannot be read go to `reject` with the reason.

    `shown` is laid around the pictures as they come, a progress bar say.
    """
    open_views = _opener(sorted({member.size for member in members}), tta)
    opened = shown(in_parallel(open_views, listed, workers))
    for names, views in _batches(opened, batch_size, reject):
        yield Predicted(names, np.stack([member.probabilities(views[member.size]) for member in members]))


def _opener(sizes: Sequence[Size], tta: str) -> Callable[[Picture], Opened]:
    import tensorflow as tf

    from predictor.views import views

    signature = [tf.TensorSpec((), tf.string)]
    decoders = {
        size: tf.function(partial(views, size=size, tta=tta), input_signature=signature, autograph=False)
        for size in sizes
    }

    def open_views(picture: Picture) -> Opened:
        try:
            content = tf.constant(read_image(picture.path).content)
            return Opened(picture.name, {size: decode(content).numpy() for size, decode in decoders.items()})
        except UnreadableImage as error:
            return Opened(picture.name, {}, error)
        except tf.errors.InvalidArgumentError as error:
            reason = f"cannot be decoded: {error.message.splitlines()[0]}"
            return Opened(picture.name, {}, UnreadableImage(reason))

    return open_views


def _batches(
    opened: Iterable[Opened], batch_size: int, reject: Callable[[str, str], None]
) -> Iterator[tuple[list[str], dict[Size, np.ndarray]]]:
    batch: list[Opened] = []
    for picture in opened:
        if picture.unreadable:
            reject(picture.name, str(picture.unreadable))
            continue
        batch.append(picture)
        if len(batch) == batch_size:
            yield _stacked(batch)
            batch = []
    if batch:
        yield _stacked(batch)


def _stacked(batch: list[Opened]) -> tuple[list[str], dict[Size, np.ndarray]]:
    views = {size: np.stack([picture.views[size] for picture in batch]) for size in batch[0].views}
    return [picture.name for picture in batch], views
