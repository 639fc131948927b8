"""What computes the answers of a model, whatever the engine."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Runner:
    """A model as an engine runs it.

    Attributes:
        answer: pictures (batch, height, width, 3), numbers of 0..255 -> probabilities, tensors both. Threads may call
            it at the same time.
        batch_size: pictures at a time; None if the more the better.
        at_a_time: batches that keep it busy.
    """

    answer: Callable
    batch_size: int | None = None
    at_a_time: int = 1

    def batch(self, most: int) -> int:
        """How many pictures it is given at a time, at most so many."""
        return min(most, self.batch_size or most)
