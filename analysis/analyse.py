"""The flow of `python -m analysis`: check what is asked for, draw it, write the page."""

from collections.abc import Callable

from analysis.parts import draw_curves, draw_embeddings, draw_evaluation, draw_explanations, draw_layers, draw_maps
from analysis.subject import Subject, open_subject
from command import import_tensorflow
from settings import SettingError, bad_setting, errors_if_given
from storage.lock import exclusive_lock
from training.kinds import Kind

PARTS: dict[str, Callable] = {
    "curves": draw_curves,
    "evaluation": draw_evaluation,
    "embedding": draw_embeddings,
    "maps": draw_maps,
    "gradcam": draw_explanations,
    "layers": draw_layers,
}
"""Each takes the subject and the settings."""

WANTED_BY = {
    "layer": ("embedding", "maps"),
    "images": ("embedding",),
    "points": ("embedding",),
    "batch_size": ("embedding",),
    "seed": ("embedding",),
    "data": ("evaluation", "embedding", "maps", "gradcam"),
}
"""Settings that only some parts look at."""


def analyse(settings) -> None:
    """Raises SettingError for what is wrong with the settings, WorkError if there is nothing to draw of yet."""
    if settings.compare:
        fields = ("run", "only", *WANTED_BY)
        errors = errors_if_given(settings, fields, "looks into one run; compare lays several side by side: use one")
        if errors:
            raise SettingError(*errors)
        from analysis.compare import compare

        compare(settings)
        return
    subject = open_subject(settings)
    parts = chosen_parts(settings, subject.kind)
    if set(parts) & set(WANTED_BY["data"]):
        _ = subject.data  # what is wrong with it is said at once
    draw(subject, parts, settings)


def chosen_parts(settings, kind: Kind) -> list[str]:
    """Those that are asked for, or all of this kind, in the order of PARTS.

    Raises SettingError for what this kind does not have, and for settings that none of them looks at.
    """
    there = kind.parts
    parts = [part for part in there if part in settings.only or not settings.only]
    errors = [
        bad_setting("only", part, f"a run of kind {kind.name} has {', '.join(there)}")
        for part in settings.only
        if part not in there
    ]
    errors += errors_if_given(settings, ["output"], "is where runs are compared; name them by --compare A,B,C")
    for name, wanted_by in WANTED_BY.items():
        if not set(parts) & set(wanted_by):
            errors += errors_if_given(settings, [name], f"is for {', '.join(wanted_by)}, which is not drawn")
    if errors:
        raise SettingError(*errors)
    return parts


def draw(subject: Subject, parts: list[str], settings) -> None:
    from analysis.report import write_report

    run = subject.run
    if not subject.is_finished:
        print(
            f"{run.path} is not finished: {len(subject.rows)} of at most {subject.settings['epochs']} epochs are done"
        )
    with exclusive_lock(run.report):
        run.figures.mkdir(exist_ok=True)
        if parts != ["curves"]:
            import_tensorflow()
            for name in settings.layer:
                subject.graph.find(name)
        for part in parts:
            PARTS[part](subject, settings)
        write_report(subject)
    print(f"Figures and their numbers are in {run.figures}; {run.report} has all of it on one page")
