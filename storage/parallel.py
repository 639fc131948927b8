"""Parallel work on many items, with results in order and bounded memory."""

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

SHORT_INTERVAL = 0.0005
"""Seconds after which a thread hands over Python's lock if another waits for it. Python's default is 0.005."""


def in_parallel(
    function: Callable[[Item], Result],
    items: Iterable[Item],
    workers: int | None = None,
    waiting_per_worker: int = WAITING_PER_WORKER,
) -> Iterator[Result]:
    """Yields function(item) in the order of the items.

    It uses threads, since decoding and file access release Python's lock. At most `waiting_per_worker` items per
    worker are taken ahead of the yielded one. Exceptions of `function` are raised here; unfinished work is then
    dropped.
    """
    workers = workers or os.cpu_count() or 1
    waiting: deque[Future[Result]] = deque()
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
    """Shortens Python's switch interval for threads that mostly make short system calls.

    Each such call releases Python's lock and then waits up to one interval to get it back.
    """
    usual = sys.getswitchinterval()
    sys.setswitchinterval(SHORT_INTERVAL)
    try:
        yield
    finally:
        sys.setswitchinterval(usual)
