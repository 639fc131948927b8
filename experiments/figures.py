"""Figures of an experiment."""

from collections.abc import Mapping, Sequence
from itertools import cycle
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from experiments.experiment import Experiment, display_name, lower_is_better
from experiments.table import Results, statistics_of
from plots.palette import BLUE, GRAY, MARKERS, ORANGE, SERIES_COLOURS
from plots.save import save_figure
from storage.tables import write_table
from training.checkpoint_file import Row

MAX_MARKERS = 40
"""Longer curves, in epochs, are drawn without markers."""

LOGARITHMIC_FROM = 20
"""An axis is logarithmic if its largest value is this many times the smallest."""


def draw_comparison(experiment: Experiment, results: Results, path: Path) -> None:
    """One panel per measure, one line per variant: each run, mean and deviation, published value; also a CSV."""
    measures, variants = experiment.measures, list(results)
    _write_comparison(experiment, results, path.with_suffix(".csv"))
    figure = Figure(figsize=(3 + 3.6 * len(measures), 2.2 + 0.45 * len(variants)), layout="constrained")
    panels = figure.subplots(1, len(measures), sharey=True, squeeze=False)[0]
    for axes, measure in zip(panels, measures, strict=True):
        for height, variant in enumerate(variants):
            _draw_variant(axes, height, experiment, results, variant, measure)
        _label(axes, measure, results)
    panels[0].set_yticks(range(len(variants)), variants, parse_math=False)
    panels[0].set_ylim(len(variants) - 0.5, -0.5)
    handles = {
        label: handle for axes in panels for handle, label in zip(*axes.get_legend_handles_labels(), strict=True)
    }
    figure.legend(handles.values(), handles.keys(), loc="outside lower center", ncols=3)
    figure.suptitle(experiment.title, fontsize=12)
    save_figure(figure, path)


def _label(axes: Axes, measure: str, results: Results) -> None:
    text = display_name(measure)
    if not measure.endswith("kl"):  # no value of the KL divergence is the best
        text += ", lower is better" if lower_is_better(measure) else ", higher is better"
    axes.set_xlabel(text.replace(" at the", "\nat the"))
    values = [measured[measure] for runs in results.values() for measured in runs if measure in measured]
    if values and 0 < min(values) < max(values) / LOGARITHMIC_FROM:
        axes.set_xscale("log")
    else:
        axes.locator_params(axis="x", nbins=4)
        axes.ticklabel_format(axis="x", useOffset=False)
    axes.grid(alpha=0.3)
    axes.margins(x=0.12)


def _draw_variant(
    axes: Axes, height: int, experiment: Experiment, results: Results, variant: str, measure: str
) -> None:
    statistics = statistics_of(results, variant, measure)
    published = (experiment.variants[variant].published or {}).get(measure)
    if statistics:
        if statistics.deviation is not None:
            values = [measured[measure] for measured in results[variant] if measure in measured]
            axes.plot(values, [height] * len(values), "o", color=GRAY, ms=4, mfc="none", label="each run")
        axes.errorbar(
            statistics.mean, height, xerr=statistics.deviation, fmt="o", color=BLUE, ms=7, capsize=4,
            label="our run" if statistics.deviation is None else "our mean ± standard deviation",
        )  # fmt: skip
    if published is not None:
        axes.plot(published, height, "D", color=ORANGE, ms=7, mfc="none", label=f"published: {experiment.source}")


def _write_comparison(experiment: Experiment, results: Results, path: Path) -> None:
    rows: list[list[object]] = []
    for variant in results:
        published = experiment.variants[variant].published or {}
        for measure in experiment.measures:
            statistics = statistics_of(results, variant, measure)
            cells: list[object] = ["", "", 0]
            if statistics:
                deviation = "" if statistics.deviation is None else statistics.deviation
                cells = [statistics.mean, deviation, statistics.runs]
            rows.append([variant, measure, *cells, published.get(measure, "")])
    write_table(path, ("variant", "measure", "mean", "standard_deviation", "runs", "published"), rows)


def draw_curves(measure: str, histories: Mapping[str, Sequence[Sequence[Row]]], path: Path) -> None:
    """A measure by epoch: one line per run, with one look per variant; also a CSV.

    `histories` has the histories of each variant's runs. Without any, nothing is drawn.
    """
    rows = [
        (variant, number, int(row["epoch"]), row[measure])
        for variant, runs in histories.items()
        for number, run in enumerate(runs)
        for row in run
    ]
    if not rows:
        return
    write_table(path.with_suffix(".csv"), ("variant", "run", "epoch", measure), rows)
    figure = Figure(figsize=(8, 5.5), layout="constrained")
    axes = figure.subplots()
    widths = np.linspace(2.8, 1.2, len(histories))  # later lines are thinner, so that coinciding lines stay visible
    looks = cycle(zip(SERIES_COLOURS, MARKERS, strict=False))
    for (variant, runs), width, (colour, marker) in zip(histories.items(), widths, looks, strict=False):
        for number, run in enumerate(runs):
            mark = marker if len(run) <= MAX_MARKERS else None
            epochs, values = [row["epoch"] for row in run], [row[measure] for row in run]
            label = variant if number == 0 else None
            axes.plot(epochs, values, color=colour, marker=mark, ms=3 + 2 * width, lw=width, alpha=0.8, label=label)
    axes.set(xlabel="epoch", ylabel=display_name(measure))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(alpha=0.3)
    for text in figure.legend(loc="outside lower center", ncols=2).get_texts():
        text.set_parse_math(False)
    save_figure(figure, path)
