"""The numbers of an experiment as tables: a row a run as CSV, a row a variant as Markdown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import mean, stdev

from experiments.experiment import Experiment, display_name, lower_is_better
from experiments.plan import PlannedRun
from experiments.results import ExperimentFolder, Measured
from storage.tables import replacing, write_table

ALWAYS = ("epochs", "seconds")
"""Measured of every run."""

Results = Mapping[str, Sequence[Measured]]
"""Of each variant, in the order of the experiment, what was measured of its runs that are done."""


@dataclass(frozen=True)
class Outcome:
    """Mean and spread of a measure over the runs of a variant: `spread` is None if there is one run only."""

    mean: float
    spread: float | None
    runs: int


def results_of(planned: Sequence[PlannedRun], folder: ExperimentFolder) -> Results:
    state = folder.state()
    results: dict[str, list[Measured]] = {}
    for run in planned:
        measured = state.get(run.name, {}).get("measured")
        results.setdefault(run.variant, []).extend([measured] if measured else [])
    return results


def outcome(results: Results, variant: str, measure: str) -> Outcome | None:
    """None if no run of the variant is done, or none has this measure. The spread is the standard deviation (n - 1)."""
    values = [measured[measure] for measured in results[variant] if measure in measured]
    if not values:
        return None
    return Outcome(mean(values), stdev(values) if len(values) > 1 else None, len(values))


def best_variants(experiment: Experiment, results: Results) -> list[str]:
    """Those whose mean of the first measure is best: usually one, none if nothing is done."""
    measure = experiment.measures[0]
    means = {variant: found.mean for variant in results if (found := outcome(results, variant, measure))}
    best = (min if lower_is_better(measure) else max)(means.values(), default=None)
    return [variant for variant, value in means.items() if value == best]


def write_results(experiment: Experiment, planned: Sequence[PlannedRun], folder: ExperimentFolder) -> None:
    """A row for each run that is done, with the published figures of its variant; an empty cell: none is known."""
    columns = [*experiment.measures, *ALWAYS]
    published = published_measures(experiment)
    header = ["variant", "seed", "module", *columns, *(f"published_{measure}" for measure in published)]
    state = folder.state()
    rows = []
    for run in planned:
        measured = state.get(run.name, {}).get("measured")
        theirs = experiment.variants[run.variant].published or {}
        if measured:
            ours = [measured.get(column, "") for column in columns]
            rows.append([run.variant, run.seed, run.module, *ours, *(theirs.get(measure, "") for measure in published)])
    write_table(folder.results, header, rows)


def published_measures(experiment: Experiment) -> list[str]:
    """Those for which at least one variant has a published figure."""
    variants = experiment.variants.values()
    return [measure for measure in experiment.measures if any(measure in (one.published or {}) for one in variants)]


def markdown(experiment: Experiment, results: Results, conditions: str) -> str:
    """The table with what should be known about it. `conditions` says what ours was measured on."""
    published = published_measures(experiment)
    who = experiment.source.split(",")[0]
    heads = ["variant"]
    for measure in experiment.measures:
        heads += [display_name(measure)] + [f"{'published' if ';' in experiment.source else who}"] * (
            measure in published
        )
    rows = [[*heads, *ALWAYS, "runs"]]
    for variant in results:
        theirs = experiment.variants[variant].published or {}
        cells = [variant]
        for measure in experiment.measures:
            cells.append(written(outcome(results, variant, measure)))
            cells += [f"{theirs[measure]:.4g}" if measure in theirs else "not given"] * (measure in published)
        cells += [written(outcome(results, variant, measure), 0) for measure in ALWAYS]
        rows.append([*cells, str(len(results[variant]))])
    direction = "Least" if lower_is_better(experiment.measures[0]) else "Greatest"
    best = ", ".join(best_variants(experiment, results)) or "none"
    notes = [
        f"Ours: {conditions}; mean and, of several runs, ± standard deviation. Of each run its best epoch counts.",
        f"{direction} {display_name(experiment.measures[0])} here: {best}.",
        f"Published: {experiment.source}, on {experiment.published_on}." if experiment.source else "",
        f"Found there: {experiment.finding}" if experiment.finding else "",
        f"Mind: {experiment.caution}" if experiment.caution else "",
    ]
    return "\n\n".join([f"# {experiment.title}", _aligned(rows), *filter(None, notes)]) + "\n"


def write_markdown(text: str, folder: ExperimentFolder) -> None:
    with replacing(folder.table) as file:
        file.write(text)


def written(found: Outcome | None, digits: int | None = None) -> str:
    """`0.5123 ± 0.0210`; of numbers beyond 10 fewer digits, or as many after the point as are asked for."""
    if found is None:
        return "not measured"
    if digits is None:
        digits = 4 if abs(found.mean) < 10 else 2
    spread = "" if found.spread is None else f" ± {found.spread:.{digits}f}"
    return f"{found.mean:.{digits}f}{spread}"


def _aligned(rows: Sequence[Sequence[str]]) -> str:
    """Readable as text too: the columns stand beneath each other, numbers to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "| "
        + " | ".join([row[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(row[1:], widths[1:], strict=True))])
        + " |"
        for row in rows
    ]
    rule = "| " + " | ".join(["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]) + " |"
    return "\n".join([lines[0], rule, *lines[1:]])
