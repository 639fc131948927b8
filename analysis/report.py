"""The page of a run: how it went, how good it is, what it has learnt, and how to get there again."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from analysis.page import code, figure, folded, heading, paragraph, table, text, write_page
from analysis.reproduce import commands, conditions
from analysis.subject import Subject, read_subject
from storage.tables import read_table
from training.run_folder import Row, RunFolder

SECTIONS = {
    "Training": {
        "learning_curve": "What was measured in training and validation after each epoch, and the learning rate.",
        "learning_rate": "Learning rate and, where the schedule moves it, momentum. Dots: as noted after each epoch.",
        "find_lr": "The loss against ever larger learning rates, tried before training.",
        "augmentation": "The first training batch as the model saw it.",
        "strip": "Some validation pictures, their truth, and what the network said after each epoch.",
    },
    "How good it is": {
        "predictions": "Validation images and what is predicted of them.",
        "mistakes": "The surest mistakes.",
        "classes": "Scores of each class, the best on top.",
        "confusion_matrix": "Which class is taken for which.",
        "confusion_counts": "Which class is taken for which, in counts.",
        "confusion_normalised": "The same as shares of the true class.",
        "confusion_logarithmic": "The same on a logarithmic scale, on which rare mistakes can be seen too.",
        "calibration": "How often predictions are right, by how sure the model is.",
        "reconstructions": "Validation images, and what is made of their codes.",
        "samples": "New pictures, of random codes.",
        "walk": "From one picture to another along the line between their codes.",
        "latent_plane": "The plane of codes.",
    },
    "What it has learnt": {
        "pca": "Pictures and their codes, each by their first two principal components.",
        "tsne": "Pictures and their codes, each brought to the plane by t-SNE: what is near there is alike.",
        "gradcam": "Where the model looks: what in the picture speaks for the class that is predicted (Grad-CAM).",
        "embedding_": "What a layer gives of validation images, brought to the plane: what is near is alike to it.",
        "feature_maps": "What channels of some layers give of one validation image, dark to bright.",
    },
    "The model": {
        "diagram": "Its blocks: the taller the finer the maps, the wider the more channels. Arcs skip what is between.",
    },
}  # fmt: skip
"""Figures and captions, in their order. A name that ends in _ stands for all that begin so."""

REPLACED = {"confusion_matrix": "confusion_counts"}
"""What need not be shown where there is something better."""

LASTING = ("augmentation", "strip", "find_lr")
"""What is drawn before the end of training and holds after it."""

OF_TRAINING = ("learning_curve", "learning_rate")

MOST_PAIRS = 20


def write_report(subject: Subject) -> None:
    """Of what there is in the run's folder by now; figures that the run has left behind are left out."""
    run = subject.run
    shown = dict(current_figures(subject))
    content: list[str] = [f"<p>{text(introduction(subject))}</p>", table(("", ""), summary_rows(subject))]
    content += [heading("How to train it again"), code(commands(subject)), paragraph(conditions(subject))]
    for title, captions in SECTIONS.items():
        figures = [(file, caption) for name, caption in captions.items() for file in _named(name, shown)]
        tables = [*_tables(title, subject)]
        if figures or tables:
            content += [heading(title), *(_figure(file, caption) for file, caption in figures), *tables]
    known = {file for captions in SECTIONS.values() for name in captions for file in _named(name, shown)}
    others = [file for file in shown.values() if file not in known and file.stem not in REPLACED]
    if others:
        content += [heading("More"), *(_figure(file, file.stem.replace("_", " ")) for file in others)]
    content += [heading("Settings"), table(("setting", "value"), _settings(subject))]
    write_page(run.report, run.path.name, content)


def introduction(subject: Subject) -> str:
    best = subject.best
    measured = ", ".join(
        f"{name.removeprefix('val_').replace('_', ' ')} {value:.4g}"
        for name, value in best.items()
        if name[:4] == "val_"
    )
    name = f"{subject.kind.name.capitalize()} {subject.model}"
    return f"{name}. In its best epoch, {int(best['epoch'])}, validation gave {measured}."


def summary_rows(subject: Subject) -> Iterator[tuple[str, str]]:
    rows, sessions = subject.rows, subject.run.sessions()
    state = "finished" if subject.is_finished else f"not finished: up to {subject.settings['epochs']} were asked for"
    yield "epochs", f"{len(rows)}, {state}"
    yield "time", duration(sum(row["seconds"] for row in rows))
    if sessions:
        parameters, learning = (int(sessions[-1][name]) for name in ("parameters", "learning"))
        yield "parameters", f"{parameters:,}, of which {learning:,} learn"
        yield "trained", ", ".join(_session(session) for session in sessions)
        yield "on", ", ".join(dict.fromkeys(session["device"] for session in sessions))
    yield (
        "pictures",
        f"{subject.settings['image_size'].replace(',', ', then ')} pixels, from {subject.settings['data']}",
    )
    yield "classes", str(len(subject.run.classes()))
    yield "with", ", ".join(f"{name} {version}" for name, version in subject.versions.items())


def duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s" if minutes else f"{rest} s"


def current_figures(subject: Subject) -> Iterator[tuple[str, Path]]:
    """Pictures by name that show the run as it is, not as it was before it went on."""
    run = subject.run
    for file in sorted(run.figures.glob("*.png")):
        if file.stem in OF_TRAINING:
            holds = not run.is_newer_than(file)
        else:
            holds = file.stem in LASTING or file.stat().st_mtime >= run.best.stat().st_mtime
        if holds:
            yield file.stem, file


def _named(name: str, shown: dict[str, Path]) -> list[Path]:
    if REPLACED.get(name) in shown:
        return []
    return [file for stem, file in shown.items() if stem == name or (name.endswith("_") and stem.startswith(name))]


def _figure(file: Path, caption: str) -> str:
    numbers = file.with_suffix(".csv")
    return figure(file, f"{caption} Numbers: {file.parent.name}/{numbers.name}" if numbers.exists() else caption)


def _tables(section: str, subject: Subject) -> Iterator[str]:
    figures = subject.run.figures
    if section == "Training":
        yield folded("All epochs", table(tuple(subject.rows[0]), _short(subject.rows)))
    if section == "How good it is":
        yield from _table_of(figures / "classes.csv", "Scores of each class", None, subject)
        yield from _table_of(figures / "confused_pairs.csv", "Most frequent confusions", MOST_PAIRS, subject)
        yield from _table_of(figures / "summary.csv", "All scores", None, subject)
    if section == "The model":
        yield from _table_of(figures / "layers.csv", "All layers", None, subject)


def _table_of(file: Path, title: str, most: int | None, subject: Subject) -> Iterator[str]:
    """Nothing if there is no such table, or an older model's."""
    if file.exists() and file.stat().st_mtime >= subject.run.best.stat().st_mtime:
        rows = read_table(file)[:most]
        if rows:
            yield folded(title, table(tuple(rows[0]), (row.values() for row in rows)))


def _short(rows: Iterable[Row]) -> Iterator[list[str]]:
    return ([f"{value:.4g}" for value in row.values()] for row in rows)


def _session(session: dict[str, str]) -> str:
    begun = session["started"].replace("T", " ").replace("+00:00", " UTC")
    return f"from {begun}" + (f" on, after {session['epochs_done']} epochs" if session["checkpoint"] else "")


def _settings(subject: Subject) -> Iterator[tuple[str, str]]:
    for name, value in subject.settings.items():
        value = ", ".join(map(str, value)) if isinstance(value, list) else value
        yield name, "" if value is None else str(value)


def update_report(run: RunFolder) -> None:
    """Writes the page of a run unless it is newer than all that it shows."""
    if run.is_newer_than(run.report):
        write_report(read_subject(run))
        print(f"{run.report} shows it on one page; python -m analysis {run.path} looks further into the model")
