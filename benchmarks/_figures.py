"""Growth curves: seconds and memory against what grows. Drawn without a screen."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure

from benchmarks._measure import Comparison, Result
from plots.palette import BLUE, ORANGE
from plots.save import save_figure


def draw_growth(measured: Sequence[tuple[Comparison, Sequence[Result]]], path: Path) -> None:
    """A row each comparison that has something grow. Time is on logarithmic scales, memory begins at nothing."""
    curves = [(comparison, [one for one in results if one.seconds]) for comparison, results in measured]
    curves = [(comparison, results) for comparison, results in curves if comparison.growth and results]
    if not curves:
        return
    figure = Figure(figsize=(10, 3.6 * len(curves)), layout="constrained")
    for axes, (comparison, results) in zip(figure.subplots(len(curves), 2, squeeze=False), curves, strict=True):
        grows = [float(one.way.replace(",", "")) for one in results]
        _draw(axes[0], grows, [one.median for one in results], BLUE, comparison.growth, "seconds")
        axes[0].set_yscale("log")
        _draw(axes[1], grows, [one.peak_bytes / 1e6 for one in results], ORANGE, comparison.growth, "most memory, MB")
        axes[1].set_ylim(0, 1.1 * max(one.peak_bytes for one in results) / 1e6)
        axes[0].set_title(comparison.title, loc="left", fontsize=9)
    save_figure(figure, path)


def _draw(axes, grows: list[float], values: list[float], colour: str, what: str, unit: str) -> None:
    axes.plot(grows, values, ".-", color=colour)
    axes.set_xscale("log")
    axes.set_xlabel(what)
    axes.set_ylabel(unit)
    axes.grid(alpha=0.3)
