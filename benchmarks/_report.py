"""Results as tables for the eye and JSON for programs, with what they were measured on."""

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


def table(comparison: Comparison, results: Sequence[Result]) -> str:
    """Markdown."""
    compared = next((one for one in results if one.way == comparison.baseline and one.seconds), None)
    unit = comparison.unit
    head = [comparison.growth or "way", "seconds", f"{unit}/s", "peak MB"]
    if comparison.baseline:
        head.append(f"times as fast as {comparison.baseline}")
    lines = [f"| {' | '.join(head)} |", f"|---{'|---:' * (len(head) - 1)}|"]
    for one in results:
        if not one.seconds:
            lines.append(f"| {one.way} | {one.note} |{' |' * (len(head) - 2)}")
            continue
        cells = [one.way, f"{one.median:.2f}", f"{one.per_second:,.0f}" if one.per_second >= 10 else
                 f"{one.per_second:.2f}", f"{one.peak_bytes / 1e6:,.0f}"]  # fmt: skip
        if comparison.baseline:
            cells.append(f"{compared.median / one.median:.2f}" if compared else "")
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def as_json(measured: Sequence[tuple[Comparison, Sequence[Result]]]) -> dict:
    """Everything, with the seconds of every round."""
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
                    {"name": one.way, "amount": one.amount, "seconds": one.seconds, "peak_bytes": one.peak_bytes,
                     "note": one.note}
                    for one in results
                ],
            }
            for comparison, results in measured
        ],
    }  # fmt: skip


def machine() -> str:
    """The processor's name, cores and memory."""
    names = [line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")]
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    name, python = next(iter(names), platform.processor()), platform.python_version()
    return f"{name}, {os.cpu_count()} cores, {memory:.0f} GiB, Python {python}"


def versions() -> dict[str, str]:
    found = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
