"""Work on many files at a time, results in order, memory bounded."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

WAITING_PER_WORKER = 16


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
