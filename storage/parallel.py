"""Work on many files at a time, results in order, memory bounded."""

import contextlib
import os
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

WAITING_PER_WORKER = 16

SHORT_TURN = 0.0005
"""Seconds after which a thread must hand over Python's lock if another waits for it; Python's own are 0.005."""


def in_parallel(
    function: Callable[[Item], Result],
    items: Iterable[Item],
    workers: int | None = None,
    waiting_per_worker: int = WAITING_PER_WORKER,
) -> Iterator[Result]:
    """Yields function(item) in the order of the items.

    Threads, since decoding and file access release Python's lock. Only a few items a worker are taken
    ahead of the one that is yielded. What `function` raises is raised here; unfinished work is then dropped.
    """
    workers = workers or os.cpu_count() or 1
    waiting: deque[Future] = deque()
    pool = ThreadPoolExecutor(workers)
    try:
        for item in items:
            waiting.append(pool.submit(function, item))
            if len(waiting) >= workers * waiting_per_worker:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


@contextlib.contextmanager
def short_switch_interval() -> Iterator[None]:
    """For threads that do little but short calls of the system: each costs the lock, and then a turn's wait for it."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(SHORT_TURN)
    try:
        yield
    finally:
        sys.setswitchinterval(usual)
