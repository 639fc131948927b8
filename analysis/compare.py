"""Several runs side by side: in which settings they differ, how good they are, what they cost, their curves."""

from collections.abc import Sequence
from itertools import cycle, islice, product
from pathlib import Path

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from analysis.embedding import COLOURS
from analysis.page import figure, heading, table, write_page
from analysis.report import duration
from analysis.reproduce import OF_THE_SESSION
from analysis.subject import Subject, read_subject
from plots.save import save_figure
from settings import SettingError, bad_setting
from storage.tables import csv_safe, printable, write_table
from training.plots import measured
from training.run_folder import find_runs

STYLES = ("-", "--", ":")
"""Of lines, once the colours are used up."""

MEASURES = 2
"""That have a panel each: what decides on the best epoch, and the loss."""

DATA = "data"
"""The one of the settings of a session that matters for what is learnt."""


def compare(settings) -> None:
    """Writes the table, the curves and the page into `settings.output`; prints the table.

    Raises SettingError if the runs cannot be compared, WorkError if nothing is trained yet in one of them.
    """
    subjects = open_subjects(settings)
    folder = settings.output
    if folder.exists() and not folder.is_dir():
        raise SettingError(bad_setting("output", folder, "is no folder"))
    names = [subject.run.path.name for subject in subjects]
    columns = [*_differing(subjects), *_measured(subjects)]
    folder.mkdir(parents=True, exist_ok=True)
    write_table(folder / "comparison.csv", ("run", *(name for name, _ in columns)), _rows(names, columns))
    curves = folder / "curves.png"
    draw_curves(subjects, curves)
    caption = "Validation (thick) and training (thin) of each run."
    rows = [(name, *(_shown(name, value) for value in values)) for name, values in columns]
    content = [table(("", *names), rows), heading("Learning curves"), figure(curves, caption)]
    write_page(folder / "comparison.html", f"Comparison of {', '.join(names)}", content)
    print(in_columns([("", *names), *rows]))
    print(f"The table, the curves and {folder / 'comparison.html'} are in {folder}")


def open_subjects(settings) -> list[Subject]:
    """Raises SettingError for fewer than two runs, the same run twice, or runs of several kinds."""
    try:
        runs = find_runs(settings.runs, settings.compare)
    except SettingError as error:
        raise SettingError(*(reason.replace("run =", "compare =", 1) for reason in error.errors)) from error
    given = ",".join(settings.compare)
    if len({run.path.resolve() for run in runs}) < max(len(runs), 2):
        raise SettingError(bad_setting("compare", given, "should name two different runs or more"))
    subjects = [read_subject(run) for run in runs]
    kinds = list(dict.fromkeys(subject.kind.name for subject in subjects))
    if len(kinds) > 1:
        allowed = f"are runs of kinds {' and '.join(kinds)}; only runs of one kind have the same scores"
        raise SettingError(bad_setting("compare", given, allowed))
    return subjects


def _differing(subjects: Sequence[Subject]) -> list[tuple[str, list]]:
    """Settings that are not alike in all runs, each with its value in every run; empty where it is unknown."""
    names = dict.fromkeys(name for subject in subjects for name in subject.settings)
    columns = [("model", [subject.model for subject in subjects])]
    columns += [
        (name, [_written(subject.settings.get(name)) for subject in subjects])
        for name in names
        if name == DATA or name not in OF_THE_SESSION
    ]
    return [(name, values) for name, values in columns if len(set(values)) > 1]


def _measured(subjects: Sequence[Subject]) -> list[tuple[str, list]]:
    scores = [name for name in subjects[0].best if name.startswith("val_")]
    sessions = [subject.run.sessions() for subject in subjects]
    columns = [("best_epoch", [int(subject.best["epoch"]) for subject in subjects])]
    for name in scores:
        values = (subject.best.get(name) for subject in subjects)
        columns.append((name, ["" if value is None else f"{value:.6g}" for value in values]))
    return [
        *columns,
        ("epochs_done", [len(subject.rows) for subject in subjects]),
        ("seconds", [f"{sum(row['seconds'] for row in subject.rows):.1f}" for subject in subjects]),
        ("parameters", [of_run[-1]["parameters"] if of_run else "" for of_run in sessions]),
    ]


def _rows(names: Sequence[str], columns: Sequence[tuple[str, list]]) -> list[list]:
    rows = zip(names, *(values for _, values in columns), strict=True)
    return [[csv_safe(cell) if isinstance(cell, str) else cell for cell in row] for row in rows]


def _written(value: object) -> str:
    if isinstance(value, list):
        return ",".join(map(str, value))
    return "" if value is None else str(value)


def _shown(name: str, value: object) -> str:
    if name == "seconds":
        return duration(float(value))
    return f"{int(value):,}" if name == "parameters" and value else str(value)


def in_columns(rows: Sequence[Sequence[str]]) -> str:
    """Text of a table, for a screen."""
    rows = [[printable(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    return "\n".join(line.rstrip() for line in lines)


def draw_curves(subjects: Sequence[Subject], path: Path) -> None:
    """What decides on the best epoch, and the loss, of all runs by epoch; also a CSV, a row an epoch of a run."""
    names = measured(subjects[0].rows[0])[:MEASURES]
    rows = [
        (csv_safe(subject.run.path.name), int(row["epoch"]), *(row.get(key, "") for key in _keys(names)))
        for subject in subjects
        for row in subject.rows
    ]
    write_table(path.with_suffix(".csv"), ("run", "epoch", *_keys(names)), rows)
    drawn = Figure(figsize=(9.5, 1 + 3.4 * len(names)), layout="constrained")
    looks = list(islice(cycle(product(STYLES, COLOURS)), len(subjects)))
    panels = drawn.subplots(len(names), 1, sharex=True, squeeze=False)[:, 0]
    for axes, name in zip(panels, names, strict=True):
        for subject, (style, colour) in zip(subjects, looks, strict=True):
            for key, width in ((f"val_{name}", 1.8), (name, 0.7)):
                points = [(row["epoch"], row[key]) for row in subject.rows if key in row]
                label = printable(subject.run.path.name) if key != name else None
                marker = "." if len(points) == 1 else None
                axes.plot(*zip(*points, strict=True), style, color=colour, lw=width, marker=marker, label=label)
        axes.set_ylabel(name.replace("_", " "))
        axes.grid(alpha=0.3)
    panels[-1].set_xlabel("epoch")
    panels[-1].xaxis.set_major_locator(MaxNLocator(integer=True))
    legend = drawn.legend(
        *panels[0].get_legend_handles_labels(), loc="outside right upper", title="validation\n(thin: training)"
    )
    for text in legend.get_texts():
        text.set_parse_math(False)
    save_figure(drawn, path)


def _keys(names: Sequence[str]) -> list[str]:
    return [key for name in names for key in (name, f"val_{name}")]
