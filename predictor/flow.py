"""Pictures through models: read and decoded in parallel, in order, a batch at a time."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Generic, NamedTuple, TypeVar

import numpy as np

from datatransformer.images import UnreadableImage, read_image
from datatransformer.parallel import WAITING_PER_WORKER, in_parallel
from predictor.members import Member
from predictor.pictures import Picture

Decoded = TypeVar("Decoded")


class Predicted(NamedTuple):
    """The names of a batch of pictures, and (members, pictures, classes) what each model says of them."""

    names: list[str]
    probabilities: np.ndarray


class Opened(NamedTuple, Generic[Decoded]):
    """A picture's name and what was decoded of it, or why nothing was."""

    name: str
    decoded: Decoded | None
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
    """In the order of the pictures. Those that cannot be read go to `reject` with the reason."""
    from predictor.views import views

    decoders = {member.size: decoder(partial(views, size=member.size, tta=tta)) for member in members}

    def decode(content: bytes) -> dict[tuple[int, int], np.ndarray]:
        return {size: decode_views(content).numpy() for size, decode_views in decoders.items()}

    for batch in opened(decode, listed, batch_size, workers, reject, shown):
        views_of = {size: np.stack([picture.decoded[size] for picture in batch]) for size in decoders}
        names = [picture.name for picture in batch]
        yield Predicted(names, np.stack([member.probabilities(views_of[member.size]) for member in members]))


def opened(
    decode: Callable[[bytes], Decoded],
    listed: Iterable[Picture],
    batch_size: int,
    workers: int | None,
    reject: Callable[[str, str], None],
    shown: Callable[[Iterable], Iterable] = iter,
    ahead: int = WAITING_PER_WORKER,
) -> Iterator[list[Opened[Decoded]]]:
    """Batches of pictures, of which `decode` makes something from a file's bytes, or raises UnreadableImage.

    What cannot be read goes to `reject` with the reason. `shown` is laid around the pictures as they come, a progress
    bar say. At most `ahead` pictures a worker are open at a time.
    """
    batch: list[Opened[Decoded]] = []
    for picture in shown(in_parallel(partial(_open, decode), listed, workers, ahead)):
        if picture.unreadable:
            reject(picture.name, str(picture.unreadable))
            continue
        batch.append(picture)
        if len(batch) == batch_size:
            yield batch
            batch = []
    if batch:
        yield batch


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


def _open(decode: Callable[[bytes], Decoded], picture: Picture) -> Opened[Decoded]:
    try:
        return Opened(picture.name, decode(read_image(picture.path).content))
    except UnreadableImage as error:
        return Opened(picture.name, None, error)
