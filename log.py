"""Messages of a command: on the screen and, once the run is known, with their times in its `train.log`.

Modules use `logger`. INFO and above are shown on the screen, warnings and errors on standard error; DEBUG goes to the
file alone.
"""

import io
import logging
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from logging.handlers import MemoryHandler
from pathlib import Path

logger = logging.getLogger("scenelab")
"""The logger of all modules. Only a command sets its handlers: a program that imports a module sees no messages."""

PYTHON_WARNINGS = logging.getLogger("py.warnings")
MAX_KEPT = 10_000
"""Messages that are kept until the file is known."""


COMMAND = re.compile(r"\bpython -m (?=[a-z_]+(\.[a-z_0-9]+)*\b)")
"""A command in a message."""

CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
"""Characters that a terminal obeys instead of showing them, or that turn the direction in which text is read."""

_shown_as = "python -m"


def visible(text: str, kept: str = "") -> str:
    """A text with its control characters, other than the `kept` ones, and the bytes that are not UTF-8 as escapes."""
    if text.isascii() and text.isprintable():
        return text
    text = CONTROLS.sub(lambda match: match[0] if match[0] in kept else _escape(match[0]), text)
    return text.encode("utf-8", "backslashreplace").decode()


def _escape(character: str) -> str:
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def commands_are_shown_as(program: str) -> None:
    """Messages show `python -m NAME` as `PROGRAM NAME` from now on, as the user has typed it."""
    global _shown_as
    _shown_as = program


def as_typed(text: str) -> str:
    """A text with its commands as the user types them."""
    return COMMAND.sub(f"{_shown_as} ", text)


def duration(seconds: float) -> str:
    """`2 h 5 min`, `3 min 20 s`, `12 s` or `3.2 s`."""
    if round(seconds, 1) < 10:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s" if minutes else f"{rest} s"


class _Harmless(logging.Formatter):
    """Names from files reach the screen and the log file through here alone, and cannot command a terminal."""

    def format(self, record: logging.LogRecord) -> str:
        return visible(super().format(record), kept="\n\t")


class _AsTyped(_Harmless):
    def format(self, record: logging.LogRecord) -> str:
        return as_typed(super().format(record))


class _Screen(logging.StreamHandler):
    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        """Raises the error again: a closed pipe ends the command."""
        raise


class _File(logging.FileHandler):
    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        """Ignores the error: if the disk is full, saving the checkpoint reports it."""


@contextmanager
def logging_to_screen() -> Iterator[None]:
    """Shows messages on the screen while it is open, and keeps them for `log_to`."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal of another encoding than UTF-8
    out, err = _Screen(sys.stdout), _Screen(sys.stderr)
    out.setLevel(logging.INFO)
    out.addFilter(lambda record: record.levelno < logging.WARNING)
    err.setLevel(logging.WARNING)
    for screen in (out, err):
        screen.setFormatter(_AsTyped())
    kept = MemoryHandler(MAX_KEPT, logging.CRITICAL + 1, flushOnClose=False)
    logging.captureWarnings(True)
    logger.setLevel(logging.DEBUG)
    logger.propagate = PYTHON_WARNINGS.propagate = False
    for one in (logger, PYTHON_WARNINGS):
        one.handlers = [out, err, kept]
    try:
        yield
    finally:
        for one in (logger, PYTHON_WARNINGS):
            for handler in one.handlers:
                handler.close()
            one.handlers = []
        logger.propagate = PYTHON_WARNINGS.propagate = True
        logging.captureWarnings(False)


@contextmanager
def messages_without(text: str) -> Iterator[None]:
    """Leaves out messages that contain a text, such as the path of a folder that is removed afterwards."""

    def keeps(record: logging.LogRecord) -> bool:
        return text not in record.getMessage()

    logger.addFilter(keeps)
    try:
        yield
    finally:
        logger.removeFilter(keeps)


def show_all_on_stderr() -> None:
    """Shows also the messages of INFO on standard error, because something else goes to standard output."""
    for handler in logger.handlers:
        if isinstance(handler, _Screen):
            handler.setStream(sys.stderr)


def log_to(path: Path) -> None:
    """Also appends messages to this file from now on, each with its time; first those that were shown before.

    Without `logging_to_screen`, as in a program that imports a module, nothing happens.
    """
    kept = next((handler for handler in logger.handlers if isinstance(handler, MemoryHandler)), None)
    if kept is None:
        return
    file = _File(path, encoding="utf-8", errors="surrogateescape")
    file.setFormatter(_Harmless("%(asctime)s %(message)s"))
    kept.setTarget(file)
    kept.flush()
    for one in (logger, PYTHON_WARNINGS):
        one.handlers = [file if handler is kept else handler for handler in one.handlers]
