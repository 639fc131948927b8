"""VGG16's 13 convolutions as encoder and mirrored as decoder, with pooling and unpooling that keep positions."""

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import keras

STAGES = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))
"""Filters and number of convolutions of each stage; after each, height and width are halved."""


class Names(NamedTuple):
    """Patterns of layer names, with the number of the stage and that of the convolution within it."""

    down: str
    pool: str
    unpool: str
    up: str


Convolution = Callable[["keras.KerasTensor", str, int], "keras.KerasTensor"]
"""Takes features, the name of the layer and the number of its filters."""


def encode_and_decode(x: "keras.KerasTensor", names: Names, down: Convolution, up: Convolution) -> "keras.KerasTensor":
    """(batch, height, width, channels) -> (batch, height, width, 64), the input of the head.

    The decoder's last stage has one convolution less than the encoder's first stage, because the head is its last one.
    """
    from layers.pooling import MaxPoolWithIndices2D, MaxUnpool2D

    pooled = []
    for stage, (filters, count) in enumerate(STAGES, 1):
        for number in range(1, count + 1):
            x = down(x, names.down.format(stage, number), filters)
        before = x
        x, indices = MaxPoolWithIndices2D(name=names.pool.format(stage))(x)
        pooled.append((before, indices))
    for stage, (filters, count) in reversed(list(enumerate(STAGES, 1))):
        before, indices = pooled.pop()
        x = MaxUnpool2D(name=names.unpool.format(stage))(x, indices, like=before)
        for number in range(count, 1, -1):
            x = up(x, names.up.format(stage, number), filters)
        if stage > 1:
            x = up(x, names.up.format(stage, 1), STAGES[stage - 2][0])
    return x
