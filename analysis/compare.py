"""A comparison of several runs: their differing settings, scores, costs and learning curves."""

from collections.abc import Mapping, Sequence
from itertools import cycle, islice, product
from pathlib import Path
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from analysis.compare_classes import class_section
from analysis.page import figure, heading, paragraph, table, write_html
from analysis.reproduce import SESSION_SETTINGS
from analysis.trained_run import TrainedRun, read_run
from log import duration, logger
from plots.names import column_title
from plots.palette import SERIES_COLOURS
from plots.save import save_figure
from plots.scores import run_title
from settings import SettingError, bad_setting
from storage.tables import csv_safe, write_table
from storage.text_table import as_text_table
from training.data_record import data_identity
from training.plots import validation_metrics
from training.runs import find_runs

LINE_STYLES = ("-", "--", ":")
"""The next style starts when all colours are used."""

PANELS = 2
"""Curves are drawn of the metric that decides on the best epoch, and of the loss."""

OTHER_DATA = "These runs were trained on different data: compare scores only if the validation images are the same."

DATA = "data"
"""The only session setting that changes the trained model."""


class Column(NamedTuple):
    """A column of the table: its name and a value for each run."""

    name: str
    values: Sequence[object]


def compare_runs(runs: Path, names: Sequence[str], folder: Path) -> Mapping[str, object]:
    """Writes the table, the curves and the page into `folder` and shows the table. Returns what `--json` prints.

    `names` are names of runs in `runs`, or paths. Raises SettingError if the runs cannot be compared, WorkError if one
    has not finished its first epoch.
    """
    trained_runs = open_runs(runs, names)
    if folder.exists() and not folder.is_dir():
        raise SettingError(bad_setting("output", folder, "is not a folder"))
    titles = [trained.run.path.name for trained in trained_runs]
    settings, results, data = _differing_settings(trained_runs), _results(trained_runs), _data(trained_runs)
    if data:
        settings.append(Column("data set", data))
        logger.warning(OTHER_DATA)
    columns = [*settings, *results]
    folder.mkdir(parents=True, exist_ok=True)
    csv, curves, page = folder / "comparison.csv", folder / "curves.png", folder / "comparison.html"
    write_table(csv, ("run", *(column.name for column in columns)), _csv_rows(titles, columns))
    draw_curves(trained_runs, curves)
    caption = "Validation (thick lines) and training (thin lines) of each run."
    rows = [(column_title(column.name), *map(str, column.values)) for column in settings]
    rows += [(_title(column.name), *(_display(column.name, value) for value in column.values)) for column in results]
    remark = [paragraph(OTHER_DATA)] if data else []
    content = [*remark, table(("", *titles), rows), heading("Learning curves"), figure(curves, caption)]
    content += class_section(trained_runs, titles, folder)
    write_html(page, f"Comparison of {', '.join(titles)}", content)
    logger.info(as_text_table([("", *titles), *rows]))
    logger.info(f"Table, curves and {page} are in {folder}")
    return {
        "output": folder,
        "table": csv,
        "curves": curves,
        "report": page,
        "runs": [
            {
                "run": trained.run.path,
                "epochs": len(trained.rows),
                "seconds": sum(row["seconds"] for row in trained.rows),
                "best": trained.best,
            }
            for trained in trained_runs
        ],
    }


def open_runs(runs: Path, names: Sequence[str]) -> list[TrainedRun]:
    """Raises SettingError for fewer than two runs, for the same run twice, and for runs of different kinds."""
    try:
        folders = find_runs(runs, names)
    except SettingError as error:
        raise SettingError(*(reason.replace("run =", "compare =", 1) for reason in error.errors)) from error
    given = ",".join(names)
    if len({folder.path.resolve() for folder in folders}) < max(len(folders), 2):
        raise SettingError(bad_setting("compare", given, "should name two different runs or more"))
    trained_runs = [read_run(folder) for folder in folders]
    kinds = list(dict.fromkeys(trained.kind.name for trained in trained_runs))
    if len(kinds) > 1:
        allowed = f"are runs of the kinds {' and '.join(kinds)}; only runs of one kind have the same scores"
        raise SettingError(bad_setting("compare", given, allowed))
    return trained_runs


def _data(trained_runs: Sequence[TrainedRun]) -> list[str]:
    """A letter for the data of each run, if they are not the same; `unknown` for runs of earlier versions."""
    found = [data_identity(trained.run) for trained in trained_runs]
    known = list(dict.fromkeys(identity for identity in found if identity))
    if len(known) < 2:
        return []
    return [chr(ord("A") + known.index(identity)) if identity else "unknown" for identity in found]


def _differing_settings(trained_runs: Sequence[TrainedRun]) -> list[Column]:
    """The settings that are not the same in all runs; an empty value is unknown."""
    names = dict.fromkeys(name for trained in trained_runs for name in trained.settings)
    columns = [Column("model", [trained.model for trained in trained_runs])]
    columns += [
        Column(name, [_setting_text(trained.settings.get(name)) for trained in trained_runs])
        for name in names
        if name == DATA or name not in SESSION_SETTINGS
    ]
    return [column for column in columns if len(set(column.values)) > 1]


def _results(trained_runs: Sequence[TrainedRun]) -> list[Column]:
    """Scores of the best epoch, number of epochs, time and parameters."""
    columns = [Column("best_epoch", [int(trained.best["epoch"]) for trained in trained_runs])]
    for name in trained_runs[0].best:
        if name.startswith("val_"):
            values = [trained.best.get(name) for trained in trained_runs]
            columns.append(Column(name, ["" if value is None else f"{value:.6g}" for value in values]))
    seconds = [sum(row["seconds"] for row in trained.rows) for trained in trained_runs]
    sessions = [trained.run.sessions() for trained in trained_runs]
    return [
        *columns,
        Column("epochs_done", [len(trained.rows) for trained in trained_runs]),
        Column("seconds", [f"{value:.1f}" for value in seconds]),
        Column("parameters", [of_run[-1].parameters if of_run else "" for of_run in sessions]),
    ]


def _csv_rows(titles: Sequence[str], columns: Sequence[Column]) -> list[list[object]]:
    rows = zip(titles, *(column.values for column in columns), strict=True)
    return [[csv_safe(cell) if isinstance(cell, str) else cell for cell in row] for row in rows]


def _setting_text(value: object) -> str:
    if isinstance(value, list):
        return ",".join(map(str, value))
    return "" if value is None else str(value)


def _title(column: str) -> str:
    return "training time" if column == "seconds" else column_title(column)


def _display(column: str, value: object) -> str:
    text = str(value)
    if column == "seconds":
        return duration(float(text))
    return f"{int(text):,}" if column == "parameters" and text else text


def draw_curves(trained_runs: Sequence[TrainedRun], path: Path) -> None:
    """The deciding metric and the loss of all runs by epoch; also a CSV with one row per epoch of a run."""
    metrics = validation_metrics(trained_runs[0].rows[0], trained_runs[0].kind)[:PANELS]
    keys = [key for metric in metrics for key in (metric, f"val_{metric}")]
    rows = [
        (csv_safe(trained.run.path.name), int(row["epoch"]), *(row.get(key, "") for key in keys))
        for trained in trained_runs
        for row in trained.rows
    ]
    write_table(path.with_suffix(".csv"), ("run", "epoch", *keys), rows)
    drawing = Figure(figsize=(9.5, 1 + 3.4 * len(metrics)), layout="constrained")
    panels = drawing.subplots(len(metrics), 1, sharex=True, squeeze=False)[:, 0]
    drawn = [_draw_metric(axes, metric, trained_runs) for axes, metric in zip(panels, metrics, strict=True)]
    panels[-1].set_xlabel("epoch")
    panels[-1].xaxis.set_major_locator(MaxNLocator(integer=True))
    names, lines = zip(*drawn[0], strict=True)  # given, since Matplotlib leaves out names that start with _
    legend = drawing.legend(lines, names, loc="outside right upper", title="validation\n(thin: training)")
    for text in legend.get_texts():
        text.set_parse_math(False)
    save_figure(drawing, path)


def _draw_metric(axes: Axes, metric: str, trained_runs: Sequence[TrainedRun]) -> list[tuple[str, Line2D]]:
    """A thick line for validation and a thin line for training of each run. Returns the thick ones with their runs."""
    lines = []
    looks = islice(cycle(product(LINE_STYLES, SERIES_COLOURS)), len(trained_runs))
    for trained, (style, colour) in zip(trained_runs, looks, strict=True):
        for key, width in ((f"val_{metric}", 1.8), (metric, 0.7)):
            points = [(row["epoch"], row[key]) for row in trained.rows if key in row]
            if not points:  # some scores are measured in validation only
                continue
            marker = "." if len(points) == 1 else None
            (line,) = axes.plot(*zip(*points, strict=True), style, color=colour, lw=width, marker=marker)
            if key != metric:
                lines.append((run_title(trained.run.path.name), line))
    axes.set_ylabel(column_title(metric))
    axes.grid(alpha=0.3)
    return lines
