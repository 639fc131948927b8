"""Results as Markdown tables and as JSON, with the machine and the versions they were measured on."""

import os
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from benchmarks._measure import Comparison, Result

PACKAGES = (
    "tensorflow", "keras", "keras-hub", "numpy", "opencv-python-headless", "pillow", "openvino", "nncf", "ray", "torch",
    "torchvision", "timm", "segmentation-models-pytorch", "split-folders",
)  # fmt: skip
"""Their versions are part of the JSON."""


def table(comparison: Comparison, results: Sequence[Result]) -> str:
    """A Markdown table with the medians of each variant."""
    baseline = next((result for result in results if result.variant == comparison.baseline and result.seconds), None)
    header = [comparison.growth or "variant", "seconds", f"{comparison.unit}/s", "peak MB"]
    if comparison.baseline:
        header.append(f"times as fast as {comparison.baseline}")
    smallest = next((result for result in results if result.seconds), None) if comparison.growth else None
    if smallest:
        header.append(f"times the memory of {smallest.variant}")
    lines = [f"| {' | '.join(header)} |", f"|---{'|---:' * (len(header) - 1)}|"]
    for result in results:
        if not result.seconds:
            lines.append(f"| {result.variant} | {result.note} |{' |' * (len(header) - 2)}")
            continue
        rate = f"{result.per_second:,.0f}" if result.per_second >= 10 else f"{result.per_second:.2f}"
        cells = [result.variant, f"{result.median:.2f}", rate, f"{result.peak_bytes / 1e6:,.0f}"]
        if comparison.baseline:
            cells.append(f"{baseline.median / result.median:.2f}" if baseline else "")
        if smallest:
            cells.append(f"{result.peak_bytes / smallest.peak_bytes:.2f}")
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def as_json(measured: Sequence[tuple[Comparison, Sequence[Result]]]) -> dict[str, object]:
    """All measurements, with the seconds of every round. Variants are called `ways` in these files."""
    return {
        "measured": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine(),
        "versions": versions(),
        "comparisons": [
            {
                "title": comparison.title,
                "unit": comparison.unit,
                "baseline": comparison.baseline,
                "growth": comparison.growth,
                "ways": [
                    {"name": result.variant, "amount": result.amount, "seconds": result.seconds,
                     "peak_bytes": result.peak_bytes, "note": result.note}
                    for result in results
                ],
            }
            for comparison, results in measured
        ],
    }  # fmt: skip


def machine() -> str:
    """The processor's name, cores and memory, and the version of Python."""
    names = [line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")]
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    name, python = next(iter(names), platform.processor()), platform.python_version()
    return f"{name}, {os.cpu_count()} cores, {memory:.0f} GiB, Python {python}"


def versions() -> dict[str, str]:
    """The versions of the installed PACKAGES."""
    installed = {}
    for name in PACKAGES:
        try:
            installed[name] = version(name)
        except PackageNotFoundError:
            continue
    return installed


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
