"""What a command says: messages on the screen and, once a run is known, the same with times in its `train.log`.

Modules use `logger`. INFO and above are shown on the screen, warnings and errors on standard error; DEBUG goes to the
file alone.
"""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from logging.handlers import MemoryHandler
from pathlib import Path

logger = logging.getLogger("scenelab")
"""Of all modules. Its handlers are set by the command, so that a program that imports a module hears nothing."""

PYTHON_WARNINGS = logging.getLogger("py.warnings")
MOST_KEPT = 10_000
"""Messages that are kept until the file is known."""


class _Screen(logging.StreamHandler):
    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        """A closed pipe ends the command. Other errors are those of the caller."""
        raise


class _File(logging.FileHandler):
    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        """A full disk is reported by what cannot be saved there, not by its log."""


@contextmanager
def logging_to_screen() -> Iterator[None]:
    """While it is open, messages appear on the screen and are kept for `log_to`."""
    out, err = _Screen(sys.stdout), _Screen(sys.stderr)
    out.setLevel(logging.INFO)
    out.addFilter(lambda record: record.levelno < logging.WARNING)
    err.setLevel(logging.WARNING)
    kept = MemoryHandler(MOST_KEPT, logging.CRITICAL + 1, flushOnClose=False)
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


def log_to(path: Path) -> None:
    """From now on messages are appended to this file too, each with its time, as are those that were shown before.

    Without `logging_to_screen`, as in a program that imports a module, nothing happens.
    """
    kept = next((handler for handler in logger.handlers if isinstance(handler, MemoryHandler)), None)
    if kept is None:
        return
    file = _File(path, encoding="utf-8", errors="surrogateescape")
    file.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
    kept.setTarget(file)
    kept.flush()
    for one in (logger, PYTHON_WARNINGS):
        one.handlers = [file if handler is kept else handler for handler in one.handlers]
