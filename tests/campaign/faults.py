"""The faults: each runs a command once under a trouble, and says how that may end."""

import errno
import os
import random
import signal
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from tests.campaign.place import Place
from tests.conftest import start
from tests.kills import Conditions, Ended, Kill

DONE, FAILED, WRONG_SETTINGS, STOPPED, KILLED = 0, 1, 2, 130, -signal.SIGKILL
ABORTED = (-signal.SIGABRT, -signal.SIGSEGV, -signal.SIGBUS)
"""C++, in TensorFlow or below, ends a process that gets no memory. No Python code can prevent that."""

LEAST = 0.1
"""Seconds until the first signal: the process is a command by then. `Ctrl-C at the start` covers what is before."""


class Fault(NamedTuple):
    """`strike` runs the command; `codes` are the exit codes that are right; of the words `named` one is shown when the
    code is 1 or 2."""

    strike: Callable[[Place, random.Random], Ended]
    codes: tuple[int, ...]
    named: tuple[str, ...] = ()


def kill_at_operation(place: Place, draw: random.Random) -> Ended:
    operation = draw.randint(1, max(1, len(place.unbroken.operations)))
    return place.run(kill=Kill(operation, draw.choice(("before", "after"))))


def _signals(*numbers: int, apart: float = 0.03) -> Callable[[Place, random.Random], Ended]:
    def strike(place: Place, draw: random.Random) -> Ended:
        first = draw.uniform(LEAST, max(LEAST, place.seconds))
        return place.run(Conditions([(first + apart * index, sent) for index, sent in enumerate(numbers)]))

    return strike


def ctrl_c_at_start(place: Place, draw: random.Random) -> Ended:
    """A process of its own, because the import of Python's and TensorFlow's modules is part of it."""
    environment = os.environ | {"PYTHONPATH": str(place.home), "TF_CPP_MIN_LOG_LEVEL": "3"}
    process = start(place.command.module, *place.command.flags, cwd=place.root, env=environment)
    time.sleep(draw.uniform(0.05, 5))
    for _ in range(draw.choice((1, 2, 8))):
        process.send_signal(signal.SIGINT)
        time.sleep(0.02)
    out, err = process.communicate(timeout=120)
    return Ended(process.returncode, out + err, [])


def disk_full(place: Place, draw: random.Random) -> Ended:
    with place.room_for(int(place.growth * draw.random())):
        return place.run()


def quota(place: Place, draw: random.Random) -> Ended:
    """A limit of the size of each file: what a write beyond it says is told like a full disk."""
    return place.run(Conditions(limits={"FSIZE": int(place.largest_file * draw.random())}))


def read_only(place: Place, draw: random.Random) -> Ended:
    with place.read_only():
        return place.run()


def no_descriptors(place: Place, draw: random.Random) -> Ended:
    return place.run(Conditions(limits={"NOFILE": draw.randint(6, 40)}))


def little_memory(place: Place, draw: random.Random) -> Ended:
    return place.run(Conditions(limits={"AS": draw.randint(1, 400) << 20}))


def clock_set_back(place: Place, draw: random.Random) -> Ended:
    """The first run was killed when the clock was a day ahead, so its files are of tomorrow."""
    ended = kill_at_operation(place, draw)
    tomorrow = time.time() + 24 * 3600
    for path in place.root.rglob("*"):
        os.utime(path, (tomorrow, tomorrow), follow_symlinks=False)
    return ended


def two_at_once(place: Place, draw: random.Random) -> Ended:
    """One of them ends well; the other does too, or says who is in the way."""
    wait = draw.uniform(0, place.seconds / 2)
    with ThreadPoolExecutor(1) as pool:
        other = pool.submit(lambda: (time.sleep(wait), place.run(with_other=True))[1])
        first = place.run()
        second = other.result()
    good, bad = sorted((first, second), key=lambda ended: ended.code)
    return bad if good.code == DONE else Ended(good.code, f"Both failed: {good.screen} {bad.screen} Traceback", [])


FULL, READ_ONLY = (os.strerror(errno.ENOSPC), "disk"), (os.strerror(errno.EROFS), "read-only", "written")
FILES, MEMORY = (os.strerror(errno.EMFILE), "descriptors"), ("emory",)
FAULTS = {
    "kill -9 at a file operation": Fault(kill_at_operation, (KILLED, DONE)),
    "kill -9 at any moment": Fault(_signals(signal.SIGKILL), (KILLED, DONE)),
    "SIGTERM": Fault(_signals(signal.SIGTERM), (STOPPED, DONE)),
    "SIGHUP": Fault(_signals(signal.SIGHUP), (STOPPED, DONE)),
    "Ctrl-C": Fault(_signals(signal.SIGINT), (STOPPED, DONE)),
    "Ctrl-C twice": Fault(_signals(signal.SIGINT, signal.SIGINT, apart=0.2), (STOPPED, DONE)),
    "Ctrl-C many times": Fault(_signals(*[signal.SIGINT] * 20), (STOPPED, DONE)),
    "Ctrl-C at the start": Fault(ctrl_c_at_start, (STOPPED, DONE)),
    "disk full": Fault(disk_full, (FAILED, WRONG_SETTINGS, DONE), FULL),
    "quota": Fault(quota, (FAILED, WRONG_SETTINGS, DONE), (os.strerror(errno.EFBIG), "disk")),
    "read-only": Fault(read_only, (FAILED, WRONG_SETTINGS, DONE), READ_ONLY),
    "no descriptors": Fault(no_descriptors, (FAILED, WRONG_SETTINGS, DONE), FILES),
    "little memory": Fault(little_memory, (FAILED, WRONG_SETTINGS, DONE, *ABORTED), MEMORY),
    "clock set back": Fault(clock_set_back, (KILLED, DONE)),
    "two at once": Fault(two_at_once, (FAILED, WRONG_SETTINGS, DONE)),
}
NEEDS_DISK = ("disk full", "read-only")
"""Faults for which a small disk is mounted, which root alone may do."""
