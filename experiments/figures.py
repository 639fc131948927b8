"""Pictures of an experiment. Drawn without a screen."""

from collections.abc import Mapping, Sequence
from itertools import cycle
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from analysis.embedding import COLOURS, MARKERS
from experiments.experiment import Experiment, display_name, lower_is_better
from experiments.table import Results, outcome
from plots.palette import BLUE, GRAY, ORANGE
from plots.save import save_figure
from storage.tables import write_table
from training.run_folder import Row

LONGEST_CURVE_WITH_MARKS = 40
"""Epochs."""

WIDE = 20
"""How many times the least value the greatest is where an axis becomes logarithmic."""


def draw_comparison(experiment: Experiment, results: Results, path: Path) -> None:
    """A panel a measure, a line a variant: each run, their mean and spread, the published figure; also a CSV."""
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
    better = "less is better" if lower_is_better(measure) else "more is better"
    text = (
        display_name(measure) if measure.endswith("kl") else f"{display_name(measure)}, {better}"
    )  # of the KL no amount is best
    axes.set_xlabel(text.replace(" at the", "\nat the"))
    values = [measured[measure] for runs in results.values() for measured in runs if measure in measured]
    if values and 0 < min(values) < max(values) / WIDE:
        axes.set_xscale("log")
    else:
        axes.locator_params(axis="x", nbins=4)
        axes.ticklabel_format(axis="x", useOffset=False)
    axes.grid(alpha=0.3)
    axes.margins(x=0.12)


def _draw_variant(
    axes: Axes, height: int, experiment: Experiment, results: Results, variant: str, measure: str
) -> None:
    found = outcome(results, variant, measure)
    theirs = (experiment.variants[variant].published or {}).get(measure)
    if found:
        if found.spread is not None:
            values = [measured[measure] for measured in results[variant]]
            axes.plot(values, [height] * len(values), "o", color=GRAY, ms=4, mfc="none", label="each run")
        axes.errorbar(
            found.mean, height, xerr=found.spread, fmt="o", color=BLUE, ms=7, capsize=4,
            label="ours" if found.spread is None else "our mean ± standard deviation",
        )  # fmt: skip
    if theirs is not None:
        axes.plot(theirs, height, "D", color=ORANGE, ms=7, mfc="none", label=f"published: {experiment.source}")


def _write_comparison(experiment: Experiment, results: Results, path: Path) -> None:
    rows = []
    for variant in results:
        theirs = experiment.variants[variant].published or {}
        for measure in experiment.measures:
            found = outcome(results, variant, measure)
            ours = [found.mean, "" if found.spread is None else found.spread, found.runs] if found else ["", "", 0]
            rows.append([variant, measure, *ours, theirs.get(measure, "")])
    write_table(path, ("variant", "measure", "mean", "standard_deviation", "runs", "published"), rows)


def draw_curves(measure: str, histories: Mapping[str, Sequence[Sequence[Row]]], path: Path) -> None:
    """A measure epoch by epoch: a line a run, the runs of a variant alike; also a CSV.

    `histories` has those of each variant's runs. Nothing is drawn if there are none.
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
    widths = np.linspace(2.8, 1.2, len(histories))  # where curves coincide, those beneath are seen
    for (variant, runs), width, look in zip(
        histories.items(), widths, cycle(zip(COLOURS, MARKERS, strict=True)), strict=False
    ):
        colour, marker = look
        for number, run in enumerate(runs):
            mark = marker if len(run) <= LONGEST_CURVE_WITH_MARKS else None
            epochs, values = [row["epoch"] for row in run], [row[measure] for row in run]
            label = variant if number == 0 else None
            axes.plot(epochs, values, color=colour, marker=mark, ms=3 + 2 * width, lw=width, alpha=0.8, label=label)
    axes.set(xlabel="epoch", ylabel=display_name(measure))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(alpha=0.3)
    for text in figure.legend(loc="outside lower center", ncols=2).get_texts():
        text.set_parse_math(False)
    save_figure(figure, path)
