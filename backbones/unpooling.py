"""VGG16's 13 convolutions down and as many up again, with pooling and unpooling that remember places between them."""

from collections.abc import Callable
from typing import NamedTuple

STAGES = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))
"""Filters and how many convolutions have them; behind each stage height and width are halved."""


class Names(NamedTuple):
    """Of layers, by the stage's number and that of the convolution within it."""

    down: str
    pool: str
    unpool: str
    up: str


def down_and_up(x, names: Names, down: Callable, up: Callable):
    """(batch, height, width, channels) -> (batch, height, width, 64): the features before the last layer, the head.

    The first stage has one convolution fewer on the way up: that one is the head. `down` and `up` take features, the
    name of the layer and its filters.
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
