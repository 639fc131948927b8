"""Checks whether a program listens at host:port, and ends the process when it no longer does."""

import contextlib
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator

from command import FAILED, INTERRUPTED, STOPPING
from log import logger

ANSWER_WITHIN = 5.0
"""Seconds that a program has to accept or answer a connection."""

LOST_AFTER = 60.0
"""Seconds without an answer after which a program counts as lost."""


def call(address: str, seconds: float = ANSWER_WITHIN) -> socket.socket:
    """Connects to host:port, with or without grpc:// before it. Raises OSError."""
    host, _, port = address.removeprefix("grpc://").rpartition(":")
    return socket.create_connection((host, int(port)), seconds)


def is_listening(address: str) -> bool:
    """Whether a program listens at host:port, with or without grpc:// before it."""
    with contextlib.suppress(OSError), call(address):
        return True
    return False


@contextlib.contextmanager
def exit_if_unreachable(address: str, advice: str) -> Iterator[None]:
    """Watches an address while the block runs.

    Ends the process with exit code 1 if nothing answers there for a minute, and with 130 at a second Ctrl-C.

    This is for calls in which TensorFlow waits for hours: meanwhile the main thread can neither raise an exception nor
    handle Ctrl-C. So another thread receives the signals.
    """
    reader, writer = socket.socketpair()
    writer.setblocking(False)
    usual = signal.set_wakeup_fd(writer.fileno())
    watcher = threading.Thread(target=_watch, args=(address, advice, reader), daemon=True)
    watcher.start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(usual)
        writer.close()
        watcher.join()


def _watch(address: str, advice: str, reader: socket.socket) -> None:
    """Runs until the other end of `reader`, to which Python writes the numbers of signals, is closed."""
    last_answer, stop_signals, announced = time.monotonic(), 0, False
    reader.settimeout(ANSWER_WITHIN)
    with reader:
        while True:
            try:
                signals = reader.recv(64)
                if not signals:
                    return
                stop_signals += sum(number in STOPPING for number in signals)
            except TimeoutError:  # no signal came for ANSWER_WITHIN seconds
                if stop_signals > 1:
                    _end_process(INTERRUPTED, "Stopped. Run the same command again to resume.")
                if stop_signals and not announced:
                    logger.warning("Waiting for a batch. Press Ctrl-C again to end at once.")
                    announced = True
                if is_listening(address):
                    last_answer = time.monotonic()
                elif time.monotonic() - last_answer > LOST_AFTER:
                    _end_process(FAILED, f"error: Nothing answers at {address} any more. {advice}")


def _end_process(code: int, message: str) -> None:
    """Logs the message and ends the whole process, from any thread."""
    logger.error(message)
    os._exit(code)
