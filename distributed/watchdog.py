"""Programs at host:port: whether one answers, and what to do when it no longer does."""

import contextlib
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator

from command import FAILED, INTERRUPTED

ANSWER_WITHIN = 5.0
"""Seconds that a program has to take up or answer a call."""

LOST_AFTER = 60.0
"""Seconds of silence."""


def call(address: str, seconds: float = ANSWER_WITHIN) -> socket.socket:
    """A connection to host:port. Raises OSError."""
    host, _, port = address.removeprefix("grpc://").rpartition(":")
    return socket.create_connection((host, int(port)), seconds)


def is_listening(address: str) -> bool:
    """Whether a program listens at host:port, with or without grpc:// before it."""
    with contextlib.suppress(OSError), call(address):
        return True
    return False


@contextlib.contextmanager
def exit_if_unreachable(address: str, advice: str) -> Iterator[None]:
    """While the block runs ends the process if nothing answers there for a minute (exit code 1), or at a second Ctrl-C.

    For what TensorFlow waits for by the hour; meanwhile Python can neither raise in the main thread nor see Ctrl-C
    there. So another thread listens to the signals themselves (exit code 130).
    """
    ear, mouth = socket.socketpair()
    mouth.setblocking(False)
    usual = signal.set_wakeup_fd(mouth.fileno())
    watcher = threading.Thread(target=_watch, args=(address, advice, ear), daemon=True)
    watcher.start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(usual)
        mouth.close()
        watcher.join()


def _watch(address: str, advice: str, ear: socket.socket) -> None:
    """Until the other end of `ear`, to which Python writes the numbers of signals, is closed."""
    heard, stops, told = time.monotonic(), 0, False
    ear.settimeout(ANSWER_WITHIN)
    with ear:
        while True:
            try:
                signals = ear.recv(64)
                if not signals:
                    return
                stops += sum(number in (signal.SIGINT, signal.SIGTERM) for number in signals)
            except TimeoutError:  # nobody has called for so long
                if stops > 1:
                    _end(INTERRUPTED, "Stopped. Run the same command again to go on.")
                if stops and not told:
                    print("Waiting for a batch. Ctrl-C once more ends this at once.", file=sys.stderr, flush=True)
                    told = True
                if is_listening(address):
                    heard = time.monotonic()
                elif time.monotonic() - heard > LOST_AFTER:
                    _end(FAILED, f"error: Nothing answers at {address} any more. {advice}")


def _end(code: int, message: str) -> None:
    """Of the whole process, from any of its threads."""
    print(message, file=sys.stderr, flush=True)
    os._exit(code)
