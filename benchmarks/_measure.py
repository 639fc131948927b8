"""Ways of doing one piece of work, timed by turns, so that what else the machine does befalls all alike."""

import multiprocessing
import re
import statistics
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path


@dataclass(frozen=True)
class Variant:
    """A way of doing the work.

    Attributes:
        name: for the table.
        work: a function of a module, called with `arguments` in a new process, once a round. It imports and warms up
            what it needs, then does the work and returns the seconds that the work alone took.
        needs: modules without which it is left out, with a note.
    """

    name: str
    work: Callable[..., float]
    arguments: tuple = ()
    needs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Comparison:
    """Ways of doing `amount` of `unit`; `baseline` is the name of the way that the others are compared with.

    With `growth`, what grows from way to way, each does an amount of its own, which is its name, and nothing is
    compared: a curve is drawn.
    """

    title: str
    unit: str
    amount: int
    ways: Sequence[Variant]
    baseline: str | None = None
    growth: str | None = None


@dataclass
class Result:
    """What came of a way: the seconds of each round and the largest resident memory in bytes; or why nothing did."""

    way: str
    amount: int
    seconds: list[float] = field(default_factory=list)
    peak_bytes: int = 0
    note: str = ""

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)

    @property
    def per_second(self) -> float:
        return self.amount / self.median


def measure(comparison: Comparison, rounds: int, tell: Callable[[str], object] = print) -> list[Result]:
    """Every way once a round. A way that fails is left out from then on, with the reason as its note."""
    results = [Result(way.name, _amount(comparison, way)) for way in comparison.ways]
    for way, result in zip(comparison.ways, results, strict=True):
        if missing := [name for name in way.needs if find_spec(name) is None]:
            result.note = f"left out: {', '.join(missing)} not installed"
    for number in range(rounds):
        for way, result in zip(comparison.ways, results, strict=True):
            if result.note:
                continue
            try:
                seconds, peak = in_new_process(way.work, *way.arguments)
            except Exception as error:  # a peer's errors are of every kind
                result.note = f"failed: {type(error).__name__}: {next(iter(str(error).splitlines()), '')}"
                continue
            result.seconds.append(seconds)
            result.peak_bytes = max(result.peak_bytes, peak)
            tell(
                f"  round {number + 1}, {way.name}: {seconds:.2f} s, {result.amount / seconds:,.0f} {comparison.unit}/s"
            )
    return results


def _amount(comparison: Comparison, way: Variant) -> int:
    return int(way.name.replace(",", "")) if comparison.growth == comparison.unit else comparison.amount


def powers_of_ten(largest: int) -> list[int]:
    """From a hundred on; the last is `largest`."""
    amounts = [100]
    while amounts[-1] < largest:
        amounts.append(min(amounts[-1] * 10, largest))
    return amounts


def in_new_process(work: Callable[..., float], *arguments) -> tuple[float, int]:
    """What `work` returns, and the most memory in bytes that its process had."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(_with_peak, work, *arguments).result()


def _with_peak(work: Callable[..., float], *arguments) -> tuple[float, int]:
    seconds = work(*arguments)
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return seconds, int(re.search(r"VmHWM:\s*(\d+) kB", status)[1]) * 1024
