"""Measures variants of the same work in alternation, so that other load on the machine affects all of them alike."""

import multiprocessing
import re
import statistics
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

from log import logger

Work = Callable[..., float]
"""Imports and warms up everything it needs, does the work, and returns the seconds of the work alone."""


@dataclass(frozen=True)
class Variant:
    """One way to do the work of a comparison.

    Attributes:
        name: its name in the table.
        work: a function of a module, called with `arguments` in a new process once per round.
        needs: modules that must be installed; otherwise the variant is skipped with a note.
    """

    name: str
    work: Work
    arguments: tuple = ()
    needs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Comparison:
    """Variants that all do `amount` of `unit`.

    Attributes:
        baseline: the name of the variant that the others are compared with.
        growth: the quantity that grows from variant to variant. The name of a variant is its value. Nothing is
            compared, and a curve is drawn.
    """

    title: str
    unit: str
    amount: int
    variants: Sequence[Variant]
    baseline: str | None = None
    growth: str | None = None


@dataclass
class Result:
    """The measurements of a variant.

    Attributes:
        seconds: of each round; empty if the variant was skipped or failed.
        peak_bytes: the largest resident memory of its processes.
        note: the reason why it was skipped or failed.
    """

    variant: str
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


def measure(comparison: Comparison, rounds: int, report: Callable[[str], object] = logger.info) -> list[Result]:
    """Runs each variant once per round. A variant that fails is skipped from then on, with the reason as its note."""
    results = [Result(variant.name, _amount(comparison, variant)) for variant in comparison.variants]
    for variant, result in zip(comparison.variants, results, strict=True):
        if missing := [name for name in variant.needs if find_spec(name) is None]:
            result.note = f"skipped: {', '.join(missing)} not installed"
    for number in range(rounds):
        for variant, result in zip(comparison.variants, results, strict=True):
            if result.note:
                continue
            try:
                seconds, peak = in_new_process(variant.work, *variant.arguments)
            except Exception as error:  # other programs raise errors of any kind
                result.note = f"failed: {type(error).__name__}: {next(iter(str(error).splitlines()), '')}"
                continue
            result.seconds.append(seconds)
            result.peak_bytes = max(result.peak_bytes, peak)
            rate = f"{result.amount / seconds:,.0f} {comparison.unit}/s"
            report(f"  round {number + 1}, {variant.name}: {seconds:.2f} s, {rate}")
    return results


def _amount(comparison: Comparison, variant: Variant) -> int:
    return int(variant.name.replace(",", "")) if comparison.growth == comparison.unit else comparison.amount


def powers_of_ten(largest: int) -> list[int]:
    """100, 1000, ... up to `largest`, which is always the last."""
    amounts = [100]
    while amounts[-1] < largest:
        amounts.append(min(amounts[-1] * 10, largest))
    return amounts


def in_new_process(work: Work, *arguments: object) -> tuple[float, int]:
    """The seconds that `work` returns, and the peak memory of its process in bytes."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(_with_peak, work, *arguments).result()


def _with_peak(work: Work, *arguments: object) -> tuple[float, int]:
    seconds = work(*arguments)
    peak = re.search(r"VmHWM:\s*(\d+) kB", Path("/proc/self/status").read_text(encoding="ascii"))
    assert peak, "every Linux kernel reports this value"
    return seconds, int(peak[1]) * 1024
