"""The frame of a command: it reads the settings, turns errors into exit codes, and shows messages."""

import contextlib
import errno
import importlib
import os
import signal
import sys
import tempfile
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from types import FrameType, ModuleType
from typing import TYPE_CHECKING, NoReturn, TextIO

from pydantic_core import to_json

from installation import IS_COMMAND, STOP_SIGNALS
from log import as_typed, logger, logging_to_screen

if TYPE_CHECKING:
    from settings import Settings

DONE, FAILED, WRONG_SETTINGS, NOTHING_DONE, INTERRUPTED = 0, 1, 2, 3, 130
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
FULL_DISK = ". Free some disk space and run the same command again: it resumes where it stopped."
STOPPING = tuple(
    number for number in STOP_SIGNALS if signal.getsignal(number) != signal.SIG_IGN or number == signal.SIGTERM
)
"""A shell has a command in the background ignore Ctrl-C, and nohup the end of the terminal: both stay ignored."""
NEEDED_DESCRIPTORS = 64
RESUME = "Stopped. Run the same command again to resume."
OLD_CONFIG = "This file is of an earlier version: take the new config.py and enter your values there."


Handler = Callable[[int, FrameType | None], object]

Work = Callable[..., Mapping[str, object] | None]
"""What a command does with its settings. It returns what `--json` prints: what was made, where, and the scores."""

Others = Callable[[], "list[type[Settings]]"] | None


def run(
    program: str,
    config_class: str,
    work: Work,
    argv: list[str] | None = None,
    others: "Others" = None,
) -> None:
    """Runs `work(settings)` and exits with the code that tells how it ended.

    Arguments:
        program: the command as a user types it, `python -m classifiers.small`.
        config_class: the name of its class in `config.py`. The file is read here, so that an error in it is reported
            like any other wrong setting.
        work: logs its own progress; raises SettingError, WorkError or OSError.
        argv: the flags; those of the process if None.
        others: the classes of the commands that get all flags which are not of this one. `work` then takes their words
            before the settings.
    """
    argv = sys.argv[1:] if argv is None else argv
    before = [signal.getsignal(number) for number in STOPPING]
    try:
        _on_stop(_ending(2))  # nothing is begun before the settings are read
        code = _exit_code(as_typed(program), config_class, work, argv, others)
    except KeyboardInterrupt:  # after the part that reports it
        _on_stop(signal.SIG_IGN)
        os.write(2, f"{RESUME}\n".encode())
        code = INTERRUPTED
    if code == INTERRUPTED:  # TensorFlow's threads may be in the middle of a batch, and Python would wait for them
        _end_at_once(code)
    if IS_COMMAND:
        _on_stop(signal.SIG_IGN)  # what is done is done
    else:
        for number, handler in zip(STOPPING, before, strict=True):
            signal.signal(number, handler)
    sys.exit(code)


def _on_stop(handler: Handler | signal.Handlers) -> None:
    """Sets what Ctrl-C does, and its like, which end a command in the same way."""
    for number in STOPPING:
        signal.signal(number, handler)


def _ending(screen: int) -> Handler:
    """What ends the process with a line on the file descriptor `screen`."""

    def end(number: int, frame: FrameType | None) -> NoReturn:
        os.write(screen, f"{RESUME}\n".encode())
        os._exit(INTERRUPTED)

    return end


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _again_if_lost(lost: "sys.UnraisableHookArgs") -> None:
    """Python drops an exception in a destructor or a callback, and says so: Ctrl-C is sent again, a moment later."""
    if lost.exc_type is KeyboardInterrupt:
        again = threading.Timer(0.02, os.kill, (os.getpid(), signal.SIGINT))
        again.daemon = True
        again.start()
    else:
        sys.__unraisablehook__(lost)


def _end_at_once(code: int) -> NoReturn:
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)


def _exit_code(program: str, config_class: str, work: Work, argv: list[str], others: "Others") -> int:
    """`--debug` and `--json` hold even if the settings cannot be read."""
    as_json, debug = "--json" in argv or _is_asked_for("json"), "--debug" in argv or _is_asked_for("debug")
    screen = sys.stdout
    with contextlib.redirect_stdout(sys.stderr if as_json else screen), logging_to_screen():
        code, result = _outcome(program, config_class, work, argv, debug, others)
        if as_json:
            content = {"command": program, "exit_code": code, **result}
            code = _print_json(content, screen, code)
    return code


def _print_json(content: Mapping[str, object], screen: TextIO, code: int) -> int:
    """Returns the exit code, which tells if the reader of the output has closed it."""
    try:
        print(to_json(content, inf_nan_mode="null").decode(), file=screen, flush=True)
    except BrokenPipeError:
        return _give_up_output(screen)
    return code


def _give_up_output(screen: TextIO) -> int:
    """Python would fail once more when it flushes the output at its end, so that goes nowhere now."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), screen.fileno())
    return FAILED


def _is_asked_for(field: str) -> bool:
    """Whether the environment switches it on, as pydantic reads it."""
    return os.environ.get(f"SCENELAB_{field.upper()}", "").lower() in ("1", "true", "t", "yes", "y", "on")


def _outcome(
    program: str, config_class: str, work: Work, argv: list[str], debug: bool, others: "Others"
) -> tuple[int, Mapping[str, object]]:
    """The exit code and what `--json` tells of the outcome."""
    from settings import NothingDone, SettingError, WorkError, read_settings
    from storage.exhausted import advice, what_ran_out

    try:
        config = class_in_config(config_class)
        if others:
            from passed_words import parted

            argv, passed_on = parted(argv, config, others())
            work = partial(work, passed_on)
        settings = read_settings(config, argv, program)
        debug = settings.debug
        if IS_COMMAND:
            sys.unraisablehook = _again_if_lost
        _on_stop(_interrupt)  # from here on the work is told, which may save what is done
        result = work(settings) or {}
        _on_stop(_ending(2))
        return DONE, result
    except KeyboardInterrupt as interruption:
        _on_stop(signal.SIG_IGN)
        return _report(INTERRUPTED, [str(interruption) or RESUME], False)
    except BrokenPipeError:  # the reader of the output, `head` for example, has closed it
        return _give_up_output(sys.stdout), {}
    except SettingError as error:
        return _report(WRONG_SETTINGS, [f"error: {line}" for line in error.errors], False)
    except NothingDone as error:
        return _report(NOTHING_DONE, [f"error: {error}"], debug)
    except WorkError as error:
        return _report(FAILED, [f"error: {error}"], debug)
    except OSError as error:
        remedy = FULL_DISK if error.errno in NO_ROOM else ""
        if ran_out := what_ran_out(error):
            remedy = f". {advice(ran_out)}."
        return _report(FAILED, [f"error: {error}{remedy}"], debug)
    except Exception as error:
        if ran_out := what_ran_out(error):
            return _report(FAILED, [f"error: {ran_out}. {advice(ran_out)}."], debug)
        lines = [f"error: {type(error).__name__}: {error}"]
        if not debug:
            lines.append("This is an unexpected error: --debug shows where it happened.")
        return _report(FAILED, lines, debug)


def _report(code: int, lines: list[str], debug: bool) -> tuple[int, Mapping[str, object]]:
    """Shows the lines on standard error. The traceback goes to the log, and with `debug` to the screen."""
    if debug:
        traceback.print_exc()
    sys.stdout.flush()
    for line in lines:
        logger.error(line)
    if code == FAILED:
        logger.debug("Traceback of this error:", exc_info=True)
    return code, {"errors": [line.strip().removeprefix("error: ") for line in lines]}


def class_in_config(class_name: str) -> "type[Settings]":
    """A class of `config.py`. Raises SettingError with the line of an error in that file."""
    from settings import SettingError

    try:
        return getattr(importlib.import_module("config"), class_name)
    except SyntaxError as error:
        raise SettingError(f"config.py, line {error.lineno}: {error.msg}: {(error.text or '').strip()}") from error
    except Exception as error:
        frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename.endswith("config.py")]
        where = f", line {frames[-1].lineno}" if frames else ""
        advice = f". {OLD_CONFIG}" if isinstance(error, ImportError) and error.name == "settings" else ""
        raise SettingError(f"config.py{where}: {error}{advice}") from error


def check_descriptors(needed: int = NEEDED_DESCRIPTORS) -> None:
    """Raises WorkError if this process cannot open so many files more: TensorFlow would end it without a message."""
    from settings import WorkError

    opened = []
    try:
        for _ in range(needed):
            opened.append(os.open(os.devnull, os.O_RDONLY))
    except OSError as error:
        raise WorkError(
            f"Too many open files: TensorFlow needs {needed} at a time, and only {len(opened)} more can be opened. "
            "Raise the limit, for example by: ulimit -n 1024"
        ) from error
    finally:
        for descriptor in opened:
            os.close(descriptor)


def import_tensorflow() -> ModuleType:
    """TensorFlow, imported without its messages on drivers and processor features.

    C++ writes them to the file descriptor before any setting of its log can stop them, so standard error is redirected
    meanwhile. If the import fails, they are shown.
    """
    check_descriptors()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    with standard_error_hidden() as screen, _ending_at_once(screen):
        import tensorflow as tf

        tf.config.list_physical_devices()  # the search for GPUs writes messages too
        return tf


@contextlib.contextmanager
def _ending_at_once(screen: int) -> Iterator[None]:
    """Ctrl-C ends the process: an import that raises it anywhere may go on, or fail in another way.

    `screen`: the file descriptor for the message.
    """
    usual = signal.getsignal(signal.SIGTERM)
    if usual is not _interrupt:  # another program has imported a module of ours
        yield
        return

    _on_stop(_ending(screen))
    try:
        yield
    finally:
        _on_stop(usual)


@contextlib.contextmanager
def standard_error_hidden() -> Iterator[int]:
    """Standard error, that of C++ included, is shown only if the block fails. Gives its file descriptor."""
    sys.stderr.flush()
    screen = os.dup(2)
    with tempfile.TemporaryFile() as hidden:
        os.dup2(hidden.fileno(), 2)
        try:
            yield screen
        except BaseException:
            hidden.seek(0)
            os.write(screen, hidden.read())
            raise
        finally:
            os.dup2(screen, 2)
            os.close(screen)
