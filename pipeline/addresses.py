"""Programs at host:port: whether one answers, and what to do when it no longer does."""

import contextlib
import os
import socket
import sys
import threading
import time
from collections.abc import Iterator

ANSWER_WITHIN = 5.0
"""Seconds that a program has to take up or answer a call."""

LOST_AFTER = 60.0
"""Seconds of silence."""


def call(address: str, seconds: float = ANSWER_WITHIN) -> socket.socket:
    """A connection to host:port. Raises OSError."""
    host, _, port = address.removeprefix("grpc://").rpartition(":")
    return socket.create_connection((host, int(port)), seconds)


def answers(address: str) -> bool:
    """Whether a program listens at host:port, with or without grpc:// before it."""
    with contextlib.suppress(OSError), call(address):
        return True
    return False


@contextlib.contextmanager
def kept_in_sight(address: str, advice: str) -> Iterator[None]:
    """Ends the process, exit code 1, if nothing answers there for a minute while the block runs.

    For what TensorFlow waits for by the hour; meanwhile Python can neither raise in the main thread nor see Ctrl-C.
    """
    done = threading.Event()

    def watch() -> None:
        heard = time.monotonic()
        while not done.wait(ANSWER_WITHIN):
            if answers(address):
                heard = time.monotonic()
            elif time.monotonic() - heard > LOST_AFTER:
                print(f"error: Nothing answers at {address} any more. {advice}", file=sys.stderr, flush=True)
                os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
    try:
        yield
    finally:
        done.set()
