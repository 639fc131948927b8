"""Growth curves: seconds and memory against a growing quantity."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks._measure import Comparison, Result
from plots.palette import BLUE, ORANGE
from plots.save import save_figure


def draw_growth(measured: Sequence[tuple[Comparison, Sequence[Result]]], path: Path) -> None:
    """One row per comparison with growth: time on logarithmic scales, memory on a scale from zero.

    Draws nothing if there is no such comparison.
    """
    finished = [(comparison, [result for result in results if result.seconds]) for comparison, results in measured]
    curves = [
        (comparison, comparison.growth, results) for comparison, results in finished if comparison.growth and results
    ]
    if not curves:
        return
    figure = Figure(figsize=(10, 3.6 * len(curves)), layout="constrained")
    grid = figure.subplots(len(curves), 2, squeeze=False)
    for (time, memory), (comparison, quantity, results) in zip(grid, curves, strict=True):
        values = [float(result.variant.replace(",", "")) for result in results]
        _draw(time, values, [result.median for result in results], BLUE, quantity, "seconds")
        time.set_yscale("log")
        megabytes = [result.peak_bytes / 1e6 for result in results]
        _draw(memory, values, megabytes, ORANGE, quantity, "peak memory, MB")
        memory.set_ylim(0, 1.1 * max(megabytes))
        time.set_title(comparison.title, loc="left", fontsize=9)
    save_figure(figure, path)


def _draw(axes: Axes, x: Sequence[float], y: Sequence[float], colour: str, x_label: str, y_label: str) -> None:
    axes.plot(x, y, ".-", color=colour)
    axes.set_xscale("log")
    axes.set_xlabel(x_label)
    axes.set_ylabel(y_label)
    axes.grid(alpha=0.3)
