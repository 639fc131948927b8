"""The report of a run: a page with its scores, figures and settings, and the commands that reproduce it."""

import shlex
from collections.abc import Iterable, Iterator
from pathlib import Path

from analysis.meaning import meaning
from analysis.page import code, collapsible, figure, heading, paragraph, table, write_html
from analysis.reproduce import commands, conditions
from analysis.trained_run import TrainedRun, read_run
from log import duration, logger
from plots.names import column_title
from storage.tables import read_table
from training.checkpoint_file import Row
from training.run_folder import RunFolder
from training.run_records import SessionRow
from training.test_looks import looks_sentence

SECTIONS = {
    "Evaluation": {
        "predictions": "Validation images with their predictions.",
        "mistakes": "Most confident mistakes.",
        "classes": "Scores of each class, best class first.",
        "precision_recall": "Precision and recall of each label at all thresholds, the weakest label first.",
        "label_scores": "Average precision of each label, and precision and recall at its threshold.",
        "co_occurrence": "How often two labels come together, truly and as predicted.",
        "confusion_matrix": "Confusion matrix: a row for each true class, a column for each predicted one.",
        "calibration": "Calibration: the share of correct predictions at each predicted probability.",
        "reconstructions": "Validation images and their reconstructions.",
        "samples": "New images, decoded from random codes.",
        "walk": "Interpolation: images decoded along the line between the codes of two images.",
        "latent_plane": "Latent plane: images decoded from a grid of codes.",
    },
    "Training": {
        "learning_curve": "Loss and scores on training and validation images, and the learning rate, by epoch.",
        "learning_rate": "Learning rate and, if the schedule changes it, momentum. Dots: values at the end of epochs.",
        "find_lr": "Learning-rate range test before training: the loss against increasing learning rates.",
        "augmentation": "The first training batch after augmentation.",
        "strip": "Validation images, their true masks, and the predicted masks after each epoch. The colours are those "
        "of the legend below the predictions.",
    },
    "Learned features": {
        "pca": "First two principal components of the images (left) and of their codes (right).",
        "tsne": "t-SNE of the images (left) and of their codes (right). Similar images are close together.",
        "gradcam": "Grad-CAM: the regions of an image that support the predicted class.",
        "embedding_": "PCA and t-SNE of a layer's output for validation images. Similar outputs are close together. An "
        "image with several labels has the colour of the rarest one.",
        "feature_maps": "Feature maps of some layers for one validation image. Dark: smallest value. Bright: largest.",
    },
    "Model": {
        "diagram": "Blocks of the model. Height: size of maps. Width: channels. Arcs: links that skip blocks.",
    },
}  # fmt: skip
"""Figures and captions in the order of the page. A name with a final _ stands for all figures that start with it."""

OF_EARLIER_VERSIONS = ("confusion_counts", "confusion_normalised", "confusion_logarithmic")
"""Figures that earlier versions drew: the confusion matrix once more."""

VALID_AFTER_TRAINING = ("augmentation", "strip", "find_lr")
"""Figures drawn before the end of training that stay valid."""

OF_HISTORY = ("learning_curve", "learning_rate")
"""Figures that each epoch makes outdated. All others depend on the best checkpoint."""

MAX_PAIRS = 20
"""Rows in the table of confusions."""


def write_report(trained: TrainedRun) -> None:
    """Writes the page from the files in the run's folder. Outdated figures and tables are left out."""
    run = trained.run
    figures = {name: file for name, file in current_figures(trained) if name not in OF_EARLIER_VERSIONS}
    said = [meaning(trained), looks_sentence(run.path)]
    content = [
        *(paragraph(sentence) for sentence in said if sentence),
        paragraph(introduction(trained)),
        table(("", ""), summary_rows(trained)),
    ]
    remaining = dict(figures)
    for title, captions in SECTIONS.items():
        section = []
        for name, caption in captions.items():
            for file in _figures_named(name, figures):
                section.append(_figure(file, caption))
                remaining.pop(file.stem, None)
        section += _tables(title, trained)
        if section:
            content += [heading(title), *section]
    if remaining:
        content += [heading("More figures"), *(_figure(file, column_title(name)) for name, file in remaining.items())]
    content += [heading("Reproduce"), code(commands(trained)), paragraph(conditions(trained))]
    content += [heading("Settings"), table(("setting", "value"), _settings(trained))]
    write_html(run.report, run.path.name, content)


def introduction(trained: TrainedRun) -> str:
    """The model and its validation scores in the best epoch."""
    scores = ", ".join(
        f"{column_title(name.removeprefix('val_'))} {value:.4g}" for name, value in trained.scores.items()
    )
    model = f"Model {trained.model} ({trained.kind.name})"
    recalibrated = ", with recalibrated batch norm" * trained.run.is_recalibrated
    return f"{model}. Validation in its best epoch, {int(trained.best['epoch'])}{recalibrated}: {scores}."


def summary_rows(trained: TrainedRun) -> Iterator[tuple[str, str]]:
    rows, sessions = trained.rows, trained.run.sessions()
    state = "finished" if trained.is_finished else f"not finished, at most {trained.settings['epochs']}"
    yield "epochs", f"{len(rows)}, {state}"
    yield "training time", duration(sum(row["seconds"] for row in rows))
    if sessions:
        parameters, trainable = (sessions[-1].parameters, sessions[-1].learning)
        yield "parameters", f"{parameters:,}, {trainable:,} of them trainable"
        yield "started", ", ".join(_session_text(session) for session in sessions)
        yield "device", ", ".join(dict.fromkeys(session.device for session in sessions))
    yield "image size", f"{trained.settings['image_size'].replace(',', ', then ')} pixels"
    yield "data folder", str(trained.data_path)
    yield "classes", str(len(trained.run.classes()))
    yield "versions", ", ".join(f"{name} {version}" for name, version in trained.versions.items())


def current_figures(trained: TrainedRun) -> Iterator[tuple[str, Path]]:
    """The figures by name, without those drawn before the last changes of the run."""
    run = trained.run
    for file in sorted(run.figures.glob("*.png")):
        if file.stem in OF_HISTORY:
            is_current = not run.is_newer_than(file)
        else:
            is_current = file.stem in VALID_AFTER_TRAINING or is_newer_than_model(file, run)
        if is_current:
            yield file.stem, file


def is_newer_than_model(file: Path, run: RunFolder) -> bool:
    return file.stat().st_mtime >= run.best.stat().st_mtime


def _figures_named(name: str, figures: dict[str, Path]) -> list[Path]:
    return [file for stem, file in figures.items() if stem == name or (name.endswith("_") and stem.startswith(name))]


def _figure(file: Path, caption: str) -> str:
    numbers = file.with_suffix(".csv")
    return figure(file, f"{caption} Numbers: {file.parent.name}/{numbers.name}" if numbers.exists() else caption)


def _tables(section: str, trained: TrainedRun) -> Iterator[str]:
    figures = trained.run.figures
    if section == "Training":
        yield collapsible("All epochs", table([column_title(name) for name in trained.rows[0]], _rounded(trained.rows)))
    if section == "Evaluation":
        yield from _table_of(figures / "classes.csv", "Scores of each class", None, trained)
        yield from _table_of(figures / "label_scores.csv", "Scores of each label", None, trained)
        yield from _table_of(figures / "confused_pairs.csv", "Most frequent confusions", MAX_PAIRS, trained)
        yield from _table_of(figures / "summary.csv", "All scores", None, trained)
    if section == "Model":
        yield from _table_of(figures / "layers.csv", "All layers", None, trained)


def _table_of(file: Path, title: str, most: int | None, trained: TrainedRun) -> Iterator[str]:
    """The first rows of a CSV file, unless it is missing, empty or outdated."""
    if file.exists() and is_newer_than_model(file, trained.run):
        rows = read_table(file)[:most]
        if rows:
            header = [column_title(name) for name in rows[0]]
            yield collapsible(title, table(header, [list(row.values()) for row in rows]))


def _rounded(rows: Iterable[Row]) -> Iterator[list[str]]:
    return ([f"{value:.4g}" for value in row.values()] for row in rows)


def _session_text(session: SessionRow) -> str:
    started = session.started.replace("T", " ").replace("+00:00", " UTC")
    return started + (f" (resumed after {session.epochs_done} epochs)" if session.checkpoint else "")


def _settings(trained: TrainedRun) -> Iterator[tuple[str, str]]:
    for name, value in trained.settings.items():
        value = ", ".join(map(str, value)) if isinstance(value, list) else value
        yield name, "" if value is None else str(value)


def update_report(run: RunFolder) -> None:
    """Writes the report of a run, unless it is newer than the run and its figures."""
    newest = max((figure.stat().st_mtime for figure in run.figures.glob("*.png")), default=0.0)
    if run.is_newer_than(run.report) or run.report.stat().st_mtime < newest:
        write_report(read_run(run))
        logger.info(
            f"Report: {run.report}. For more figures of the model: python -m analysis {shlex.quote(str(run.path))}"
        )
