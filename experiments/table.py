"""The results of an experiment as tables: a CSV with one row per run, and Markdown with one row per variant."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import mean, stdev

from experiments.experiment import Experiment, display_name, lower_is_better
from experiments.plan import PlannedRun
from experiments.results import ExperimentFolder, Measured
from storage.markdown import markdown_text
from storage.tables import replacing, write_table

COSTS = ("epochs", "seconds")
"""Measures of every run."""

Results = Mapping[str, Sequence[Measured]]
"""The results of the finished runs of each variant, in the order of the experiment."""


@dataclass(frozen=True)
class Statistics:
    """Mean and standard deviation (n - 1) of a measure over the runs of a variant; None for a single run."""

    mean: float
    deviation: float | None
    runs: int


def results_of(planned: Sequence[PlannedRun], folder: ExperimentFolder) -> Results:
    state = folder.state()
    results: dict[str, list[Measured]] = {}
    for run in planned:
        measured = state.get(run.name, {}).get("measured")
        results.setdefault(run.variant, []).extend([measured] if measured else [])
    return results


def statistics_of(results: Results, variant: str, measure: str) -> Statistics | None:
    """None if no run of the variant is done, or none has this measure."""
    values = [measured[measure] for measured in results[variant] if measure in measured]
    if not values:
        return None
    return Statistics(mean(values), stdev(values) if len(values) > 1 else None, len(values))


def best_variants(experiment: Experiment, results: Results) -> list[str]:
    """The variants with the best mean of the first measure: usually one, none if no run is done."""
    measure = experiment.measures[0]
    statistics = {variant: statistics_of(results, variant, measure) for variant in results}
    means = {variant: found.mean for variant, found in statistics.items() if found}
    best = (min if lower_is_better(measure) else max)(means.values(), default=None)
    return [variant for variant, value in means.items() if value == best]


def write_results(experiment: Experiment, planned: Sequence[PlannedRun], folder: ExperimentFolder) -> None:
    """One row per finished run, with the published values of its variant; an empty cell is unknown."""
    columns = [*experiment.measures, *COSTS]
    published = published_measures(experiment)
    header = ["variant", "seed", "module", *columns, *(f"published_{measure}" for measure in published)]
    state = folder.state()
    rows: list[list[object]] = []
    for run in planned:
        measured = state.get(run.name, {}).get("measured")
        published_values = experiment.variants[run.variant].published or {}
        if measured:
            cells = [measured.get(column, "") for column in columns]
            cells += [published_values.get(measure, "") for measure in published]
            rows.append([run.variant, run.seed, run.module, *cells])
    write_table(folder.results, header, rows)


def published_measures(experiment: Experiment) -> list[str]:
    """The measures with a published value for at least one variant."""
    variants = experiment.variants.values()
    return [
        measure for measure in experiment.measures if any(measure in (variant.published or {}) for variant in variants)
    ]


def markdown(experiment: Experiment, results: Results, conditions: str) -> str:
    """The table with notes for its readers. `conditions` describes our runs."""
    measure = experiment.measures[0]
    direction = "Lowest" if lower_is_better(measure) else "Highest"
    best = ", ".join(map(markdown_text, best_variants(experiment, results))) or "none"
    notes = [
        f"Our runs: {markdown_text(conditions)}. Mean and, of several runs, ± standard deviation, of the best epoch of "
        "each run.",
        f"{direction} {display_name(measure)} of our runs: {best}.",
        f"Published values: {experiment.source}, on {experiment.published_on}." if experiment.source else "",
        f"Published finding: {experiment.finding}" if experiment.finding else "",
        f"Caution: {experiment.caution}" if experiment.caution else "",
    ]
    return (
        "\n\n".join(
            [f"# {markdown_text(experiment.title)}", _aligned(_rows(experiment, results)), *filter(None, notes)]
        )
        + "\n"
    )


def _rows(experiment: Experiment, results: Results) -> list[list[str]]:
    """The header and one row per variant. A column of published values follows the measure they belong to."""
    published = published_measures(experiment)
    source = "published" if ";" in experiment.source else experiment.source.split(",")[0]
    header = ["variant"]
    for measure in experiment.measures:
        header += [display_name(measure)] + [source] * (measure in published)
    rows = [[*header, *COSTS, "runs"]]
    for variant in results:
        published_values = experiment.variants[variant].published or {}
        cells = [markdown_text(variant)]
        for measure in experiment.measures:
            cells.append(statistics_text(statistics_of(results, variant, measure)))
            if measure in published:
                cells.append(f"{published_values[measure]:.4g}" if measure in published_values else "not given")
        cells += [statistics_text(statistics_of(results, variant, measure), 0) for measure in COSTS]
        rows.append([*cells, str(len(results[variant]))])
    return rows


def write_markdown(text: str, folder: ExperimentFolder) -> None:
    with replacing(folder.table) as file:
        file.write(text)


def statistics_text(statistics: Statistics | None, digits: int | None = None) -> str:
    """`0.5123 ± 0.0210`, with this number of decimal places; None: 4, or 2 for numbers of 10 and more."""
    if statistics is None:
        return "not measured"
    if digits is None:
        digits = 4 if abs(statistics.mean) < 10 else 2
    deviation = "" if statistics.deviation is None else f" ± {statistics.deviation:.{digits}f}"
    return f"{statistics.mean:.{digits}f}{deviation}"


def _aligned(rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table with aligned columns, numbers to the right, so that it is also readable as text."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    lines = [
        [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        for row in rows
    ]
    return "\n".join(f"| {' | '.join(line)} |" for line in [lines[0], rule, *lines[1:]])
