"""Ctrl-C during training."""

import signal
from types import FrameType, TracebackType

import keras
import tensorflow as tf

from training.callbacks import Logs


class StopOnSignal(keras.callbacks.Callback):
    """Ctrl-C, or SIGTERM from a cluster, stops training after the current batch; a second one stops it at once.

    Python's own handler would raise anywhere, also in code that swallows exceptions or is writing a file.
    """

    def __init__(self) -> None:
        super().__init__()
        self.stopped_by: int | None = None
        self.handlers: dict = {}

    def __enter__(self) -> "StopOnSignal":
        self.handlers = {number: signal.signal(number, self._note) for number in (signal.SIGINT, signal.SIGTERM)}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for number, handler in self.handlers.items():
            signal.signal(number, handler)
        if self.stopped_by is not None and isinstance(error, tf.errors.OpError):  # the other workers were stopped too
            raise KeyboardInterrupt

    def check(self) -> None:
        """Raises KeyboardInterrupt if a signal has arrived."""
        if self.stopped_by is not None:
            raise KeyboardInterrupt

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        self.check()

    def on_test_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        self.check()

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.check()
        self.stopped_by = number
