"""Kills a command at one of its file operations, to see what the kill leaves.

    with Commands() as commands:
        made = commands.run("datatransformer", *flags, root=tmp_path)               # an unbroken run
        for operation in made.operations:                                           # everything that it did to files
            commands.run("datatransformer", *flags, root=tmp_path, kill=Kill(operation.number, "before"))

    commands.run(..., conditions=Conditions(signals=[(0.5, signal.SIGINT)], limits={"NOFILE": 20}))  # other troubles

Commands run in processes that are forked from one which has imported TensorFlow, so that each takes a second less than
its work. Operations below `root` are counted: files opened for writing, renamed, linked, removed, folders made and
removed. What C++ writes without Python, such as TensorBoard's files, is not seen.
"""

import json
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from types import MappingProxyType
from typing import Literal, NamedTuple

ROOT = Path(__file__).resolve().parent.parent
EVENTS = ("open", "os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.link", "os.symlink", "os.truncate")
"""Python's audit events; `os.rename` stands for `os.replace` too, `os.remove` for `os.unlink`."""
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


class Kill(NamedTuple):
    """The moment of a SIGKILL: just before or after the operation with this number, from 1."""

    number: int
    when: Literal["before", "after"]


class Conditions(NamedTuple):
    """Troubles that a command meets: signals after so many seconds, and limits of resources.

    The limit AS of memory is counted from what the process has at its start.
    """

    signals: Sequence[tuple[float, int]] = ()
    limits: Mapping[str, int] = MappingProxyType({})


NO_TROUBLE = Conditions()


class Operation(NamedTuple):
    """A file operation; the path is the last one that it names."""

    number: int
    event: str
    path: str


class Ended(NamedTuple):
    """How a command ended: its exit code, or minus the signal; what it wrote to the screen; what it did to files; and
    how many processes that it had started were still there a few seconds later."""

    code: int
    screen: str
    operations: list[Operation]
    left: int = 0

    @property
    def was_killed(self) -> bool:
        return self.code == -signal.SIGKILL


class Commands(AbstractContextManager["Commands"]):
    """Runs commands, one at a time."""

    def __enter__(self) -> "Commands":
        environment = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "", "PYTHONPATH": str(ROOT)}
        words = [sys.executable, __file__]
        pipe = subprocess.PIPE
        self.server = subprocess.Popen(words, cwd=ROOT, env=environment, stdin=pipe, stdout=pipe, text=True)
        return self

    def __exit__(self, *_: object) -> None:
        self.server.communicate()

    def run(
        self, module: str, *flags: object, root: Path, kill: Kill | None = None, conditions: Conditions = NO_TROUBLE
    ) -> Ended:
        """Runs `python -m module flags` in the folder `root`."""
        assert self.server.stdin and self.server.stdout
        self.server.stdin.write(
            json.dumps([module, list(map(str, flags)), str(root), kill, (conditions.signals, dict(conditions.limits))])
            + "\n"
        )
        self.server.stdin.flush()
        code, screen, operations, left = json.loads(self.server.stdout.readline())
        return Ended(code, screen, [Operation(*operation) for operation in operations], left)


# ---- In the process that is forked -----------------------------------------------------------------------------------


class _Watch:
    """An audit hook that notes the operations below a folder, and kills the process at one of them."""

    def __init__(self, root: str, kill: Kill | None, log: int) -> None:
        self.root, self.kill, self.log, self.count = root, kill, log, 0
        self.process, self.lock = os.getpid(), threading.Lock()

    def __call__(self, event: str, arguments: tuple) -> None:
        if event not in EVENTS or os.getpid() != self.process:
            return
        if event == "open" and not (isinstance(arguments[2], int) and arguments[2] & WRITES):
            return
        if (path := _last_path(event, arguments)) is None or not path.startswith(self.root + os.sep):
            return
        with self.lock:
            self.count += 1
            os.write(self.log, (json.dumps((self.count, event, path[len(self.root) + 1 :])) + "\n").encode())
            if self.kill and self.kill.number == self.count:
                if self.kill.when == "before":
                    os.kill(self.process, signal.SIGKILL)
                sys.setprofile(lambda *_: os.kill(self.process, signal.SIGKILL))  # at the next step of this thread


def _last_path(event: str, arguments: tuple) -> str | None:
    """The absolute path that an operation makes or removes; None if it names a descriptor."""
    two = event in ("os.rename", "os.link", "os.symlink")
    path = arguments[1] if two else arguments[0]
    if isinstance(path, int):
        return None
    place = {"os.remove": 1, "os.rmdir": 1, "os.mkdir": 2}.get(event)
    folder = arguments[place] if place is not None else -1
    text = os.fsdecode(path)
    if folder >= 0 and not os.path.isabs(text):
        text = os.path.join(os.readlink(f"/proc/self/fd/{folder}"), text)
    return os.path.abspath(text)


def _fork(
    module: str, flags: list[str], root: str, kill: Kill | None, conditions: Conditions
) -> tuple[int, str, list, int]:
    screen, log = os.memfd_create("screen"), os.memfd_create("log")
    child = os.fork()
    if child == 0:
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(screen, 1)
        os.dup2(screen, 2)
        os.setsid()
        _run_module(module, flags, root, kill, log, conditions.limits)
    status = _wait(child, conditions.signals)
    left = _end_session(child)
    shown, noted = (_content(descriptor) for descriptor in (screen, log))
    return os.waitstatus_to_exitcode(status), shown, [json.loads(line) for line in noted.splitlines()], left


def _wait(child: int, signals: Sequence[tuple[float, int]]) -> int:
    """Sends the signals, those that a terminal would send to all its processes, until the child has ended."""
    began = time.monotonic()
    for after, number in signals:
        while (left := began + after - time.monotonic()) > 0:
            done, status = os.waitpid(child, os.WNOHANG)
            if done:
                return status
            time.sleep(min(left, 0.01))
        os.kill(child, number)
    return os.waitpid(child, 0)[1]


def _end_session(session: int, within: float = 6.0) -> int:
    """Waits for the other processes of a session, and ends what is left. Returns how many were."""
    until = time.monotonic() + within
    while (left := _processes(session)) and time.monotonic() < until:
        time.sleep(0.1)
    for process in left:
        os.kill(process, signal.SIGKILL)
    return len(left)


def _processes(session: int) -> list[int]:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            state, _, _, of = (folder / "stat").read_text().rpartition(")")[2].split()[:4]
        except OSError:
            continue
        if int(of) == session and state != "Z":
            found.append(int(folder.name))
    return found


def _content(descriptor: int) -> str:
    os.lseek(descriptor, 0, os.SEEK_SET)
    with os.fdopen(descriptor, encoding="utf-8", errors="replace") as file:
        return file.read()


def _limit(limits: Mapping[str, int]) -> None:
    for name, number in limits.items():
        if name == "AS":
            pages = int(Path("/proc/self/statm").read_text().split()[0])
            number += pages * resource.getpagesize()
        resource.setrlimit(getattr(resource, f"RLIMIT_{name}"), (number, number))


def _run_module(
    module: str, flags: list[str], root: str, kill: Kill | None, log: int, limits: Mapping[str, int]
) -> None:
    import runpy

    sys.stdin, sys.stdout, sys.stderr = (os.fdopen(number, mode, buffering=1) for number, mode in enumerate("rww"))
    os.chdir(root)
    sys.argv = ["-m", *flags]
    code = 1
    try:
        sys.addaudithook(_Watch(root, kill, log))
        _limit(limits)
        runpy.run_module(module, run_name="__main__", alter_sys=True)
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _serve() -> None:
    import cv2  # noqa: F401
    import keras  # noqa: F401
    import matplotlib.figure  # noqa: F401
    import sklearn.metrics  # noqa: F401

    for line in sys.stdin:
        module, flags, root, kill, conditions = json.loads(line)
        ended = _fork(module, flags, root, Kill(*kill) if kill else None, Conditions(*conditions))
        print(json.dumps(ended), flush=True)


if __name__ == "__main__":
    _serve()
