"""Clocks of a training: wall-clock time, processor time, and time in callbacks."""

import time
from collections.abc import Callable

HOOKS = {
    f"on_{event}_{end}" for event in ("train", "train_batch", "test", "test_batch", "epoch") for end in ("begin", "end")
}
"""Methods of callbacks that a fit calls."""


def now(seconds_in_callbacks: Callable[[], float]) -> tuple[float, float, float]:
    """Seconds: wall-clock time, processor time of this process, and time in callbacks.

    Other load on the machine affects the first most and the last least.
    """
    return time.perf_counter(), time.process_time(), seconds_in_callbacks()


def time_callbacks() -> Callable[[], float]:
    """Starts to time the callbacks of every fit. The returned function gives the total seconds so far."""
    from keras.callbacks import CallbackList

    seconds: list[float] = []
    original = CallbackList.__init__

    def timed(hook: Callable[..., None]) -> Callable[..., None]:
        def call(*arguments: object, **named: object) -> None:
            start = time.perf_counter()
            hook(*arguments, **named)
            seconds.append(time.perf_counter() - start)

        return call

    def timed_init(self: CallbackList, *arguments: object, **named: object) -> None:
        original(self, *arguments, **named)
        for callback in self.callbacks:
            for name in HOOKS.intersection(dir(callback)):
                setattr(callback, name, timed(getattr(callback, name)))

    CallbackList.__init__ = timed_init
    return lambda: sum(seconds)
