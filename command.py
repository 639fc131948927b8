"""What every command does around its work: reads its settings, turns errors into exit codes, keeps the screen quiet."""

import contextlib
import errno
import importlib
import os
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator

DONE, FAILED, WRONG_SETTINGS, INTERRUPTED = 0, 1, 2, 130
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
FULL_DISK = ". Make room on the disk and run the same command again: it goes on where it stopped."


def run(program: str, config_class: str, work: Callable, argv: list[str] | None = None) -> None:
    """Runs `work(settings)` and leaves the process with the exit code that says how it went.

    Arguments:
        program: the command as its user types it, `python -m classifiers.small`.
        config_class: the name of its class in `config.py`, which is read here so that a slip of the pen
            in that file is reported like any other wrong setting.
        work: takes the settings, prints its own progress, raises SettingError, WorkError or OSError.
        argv: the flags; those of the process if None.
    """
    argv = sys.argv[1:] if argv is None else argv
    debug = "--debug" in argv
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # a cluster's "stop now" ends as Ctrl-C does
    sys.exit(_exit_code(program, config_class, work, argv, debug))


def _exit_code(program: str, config_class: str, work: Callable, argv: list[str], debug: bool) -> int:
    try:
        from settings import SettingError, WorkError, read_settings

        settings = read_settings(class_in_config(config_class), argv, program)
        debug = settings.debug
        work(settings)
        return DONE
    except KeyboardInterrupt as interruption:
        _say(str(interruption) or "Stopped. Run the same command again to go on.")
        return INTERRUPTED
    except BrokenPipeError:  # the reader of our output, `head` say, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except SettingError as error:
        for line in error.faults:
            _say(f"error: {line}")
        return WRONG_SETTINGS
    except WorkError as error:
        _say(f"error: {error}", debug)
        return FAILED
    except OSError as error:
        _say(f"error: {error}{FULL_DISK if error.errno in NO_ROOM else ''}", debug)
        return FAILED
    except Exception as error:
        _say(f"error: {type(error).__name__}: {error}", debug)
        if not debug:
            _say("This was not foreseen: --debug shows where it happened.")
        return FAILED


def _say(message: str, debug: bool = False) -> None:
    if debug:
        traceback.print_exc()
    sys.stdout.flush()
    print(message, file=sys.stderr)


def class_in_config(class_name: str) -> type:
    """A class of `config.py`. Raises SettingError with the line of a slip of the pen in that file."""
    from settings import SettingError

    try:
        return getattr(importlib.import_module("config"), class_name)
    except SyntaxError as error:
        raise SettingError(f"config.py, line {error.lineno}: {error.msg}: {(error.text or '').strip()}") from error
    except Exception as error:
        frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename.endswith("config.py")]
        where = f", line {frames[-1].lineno}" if frames else ""
        raise SettingError(f"config.py{where}: {error}") from error


def import_tensorflow():
    """TensorFlow, imported without its remarks on drivers and processor features.

    They are written to the file descriptor by C++ before any setting of its log can stop them,
    so standard error points elsewhere for these seconds; if the import fails, what was said is shown.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    with standard_error_held_back():
        import tensorflow as tf

        tf.config.list_physical_devices()  # the search for GPUs talks too
        return tf


@contextlib.contextmanager
def standard_error_held_back() -> Iterator[None]:
    """What C++ writes to standard error too is shown only if the block fails."""
    sys.stderr.flush()
    screen = os.dup(2)
    with tempfile.TemporaryFile() as held_back:
        os.dup2(held_back.fileno(), 2)
        try:
            yield
        except BaseException:
            held_back.seek(0)
            os.write(screen, held_back.read())
            raise
        finally:
            os.dup2(screen, 2)
            os.close(screen)
