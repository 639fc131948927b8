"""Ctrl-C during training."""

import os
import signal
import threading
from types import FrameType, TracebackType

import keras
import tensorflow as tf

from command import INTERRUPTED, RESUME, STOPPING
from log import logger
from training.callbacks import Logs

NOTICED_WITHIN = 5.0
"""Seconds. TensorFlow waits for a batch outside of Python, which does not see a signal meanwhile: if a file does not
come from its disk, for ever."""


class StopOnSignal(keras.callbacks.Callback):
    """Ctrl-C, SIGTERM from a cluster, or the end of the terminal stops training after the current batch; a second
    signal stops it at once.

    Python's own handler would raise anywhere, also in code that swallows exceptions or is writing a file. If Python
    itself does not come to see the signal, the process ends without it.
    """

    def __init__(self) -> None:
        super().__init__()
        self.stopped_by: int | None = None
        self.handlers: dict = {}
        self.noticed = threading.Event()

    def __enter__(self) -> "StopOnSignal":
        self.handlers = {number: signal.signal(number, self._note) for number in STOPPING}
        self.numbers, self.writer = os.pipe()
        os.set_blocking(self.writer, False)
        self.usual = signal.set_wakeup_fd(self.writer, warn_on_full_buffer=False)
        self.watcher = threading.Thread(target=self._watch, daemon=True)
        self.watcher.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        signal.set_wakeup_fd(self.usual)
        self.noticed.set()
        os.close(self.writer)
        self.watcher.join()
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

    def _watch(self) -> None:
        """Runs until the pipe, to which Python writes the numbers of signals at once, is closed."""
        while numbers := os.read(self.numbers, 64):
            stops = any(number in self.handlers for number in numbers)
            if stops and not self.noticed.wait(NOTICED_WITHIN):
                logger.error(f"{RESUME} Nothing was read or computed meanwhile: a file may not come from its disk.")
                os._exit(INTERRUPTED)
        os.close(self.numbers)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.noticed.set()
        self.check()
        self.stopped_by = number
