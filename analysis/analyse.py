"""The steps of `python -m analysis`: check the settings, draw the figures, write the report."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from analysis.parts import draw_curves, draw_embeddings, draw_evaluation, draw_gradcam, draw_layers, draw_maps
from analysis.trained_run import TrainedRun, open_run
from command import import_tensorflow
from log import logger
from settings import SettingError, bad_setting, errors_if_given
from storage.file_order import written_from
from storage.lock import exclusive_lock
from training.kinds import Kind

if TYPE_CHECKING:
    from config import AnalysisConfig

Part = Callable[[TrainedRun, "AnalysisConfig"], None]

PARTS: Mapping[str, Part] = {
    "curves": draw_curves,
    "evaluation": draw_evaluation,
    "embedding": draw_embeddings,
    "maps": draw_maps,
    "gradcam": draw_gradcam,
    "layers": draw_layers,
}

USED_BY = {
    "layer": ("embedding", "maps"),
    "images": ("embedding",),
    "points": ("embedding",),
    "confusion": ("evaluation",),
    "batch_size": ("embedding",),
    "seed": ("embedding",),
    "data": ("evaluation", "embedding", "maps", "gradcam"),
}
"""Settings that only some parts use."""


def analyse(settings: "AnalysisConfig") -> Mapping[str, object]:
    """Draws one run, or compares several. Returns what `--json` prints.

    Raises SettingError for wrong settings, WorkError if the run has not finished its first epoch.
    """
    if settings.compare:
        fields = ("run", "only", *USED_BY)
        errors = errors_if_given(settings, fields, "applies to a single run and not to --compare; use one of the two")
        if errors:
            raise SettingError(*errors)
        from analysis.compare import compare_runs

        return compare_runs(settings.runs, settings.compare, settings.output)
    trained = open_run(settings.runs, settings.run, settings.data)
    parts = chosen_parts(settings, trained.kind)
    if set(parts) & set(USED_BY["data"]):
        _ = trained.data  # checks the data folder before the first figure is drawn
    draw(trained, parts, settings)
    return {
        "run": trained.run.path,
        "kind": trained.kind.name,
        "model": trained.model,
        "parts": parts,
        "figures": trained.run.figures,
        "report": trained.run.report,
        "epochs": len(trained.rows),
        "finished": trained.is_finished,
        "best": trained.best,
    }


def chosen_parts(settings: "AnalysisConfig", kind: Kind) -> list[str]:
    """The parts in `settings.only`, or all parts of this kind of run, in the order of the table of kinds.

    Raises SettingError for parts that this kind does not have, and for settings that no chosen part uses.
    """
    parts = [part for part in kind.parts if part in settings.only or not settings.only]
    errors = [
        bad_setting("only", part, f"a run of kind {kind.name} has {', '.join(kind.parts)}")
        for part in settings.only
        if part not in kind.parts
    ]
    errors += errors_if_given(settings, ["output"], "is used only with --compare A,B,C")
    for name, users in USED_BY.items():
        if not set(parts) & set(users):
            errors += errors_if_given(settings, [name], f"is used only by {', '.join(users)}, which is not drawn")
    if errors:
        raise SettingError(*errors)
    return parts


def draw(trained: TrainedRun, parts: Sequence[str], settings: "AnalysisConfig") -> None:
    """Draws these parts and writes the report."""
    from analysis.report import write_report

    run = trained.run
    if not trained.is_finished:
        epochs = trained.settings["epochs"]
        logger.info(f"{run.path} is not finished: {len(trained.rows)} of at most {epochs} epochs are done")
    with exclusive_lock(run.report):
        run.figures.mkdir(exist_ok=True)
        if parts != ["curves"]:
            import_tensorflow()
            for name in settings.layer:
                trained.graph.find(name)
        with written_from(run.drawn_from, run.figures):
            for part in parts:
                PARTS[part](trained, settings)
        write_report(trained)
    logger.info(f"Figures and their CSV files: {run.figures}. Report: {run.report}")
