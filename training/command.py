"""What every training command does: open the session, find a rate or train, then report."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from backbones import Backbone
from command import import_tensorflow
from datatransformer.layout import DataFolder
from log import log_to, logger
from training.kinds import Kind
from training.session import Session
from training.start import lock_run, open_session

if TYPE_CHECKING:
    from config import TrainingConfig
    from training.job import TrainingJob

Prepare = Callable[[Session], "TrainingJob"]
"""Makes what is trained. TensorFlow is imported by then."""


def train(
    kind: Kind,
    name: str,
    spec: Backbone | None,
    settings: "TrainingConfig",
    prepare: Prepare,
    check: Callable[[DataFolder], object] = lambda data: None,
) -> Mapping[str, object]:
    """Trains the model `name`, or goes on training. Returns what was made, where, and the scores of the best epoch.

    `check` raises SettingError for what the model cannot learn from this data folder.
    """
    with lock_run(settings, name):
        session = open_session(kind, name, spec, settings, check)
        return find_learning_rate(session, prepare) if settings.find_lr else run_session(session, prepare)


def run_session(session: Session, prepare: Prepare) -> Mapping[str, object]:
    run = session.run
    if session.is_finished:
        outcome = f"was finished before: {session.why_finished}"
    else:
        if session.cluster.is_chief:
            log_to(run.log)
        logger.info(session.introduction)
        start_tensorflow(session)
        from training.fit import fit

        fit(session, prepare(session))
        outcome = "is finished"
    if not session.cluster.is_chief:
        logger.info(f"{run.path} {outcome}; the chief reports on it.")
        return {"run": run.path}
    if session.supervised and session.supervised.recalibrate_bn:
        recalibrate_best(session, prepare)
    report(session, outcome)
    session.kind.load(session.kind.report)(run)
    rows = run.history()
    best = max(rows, key=session.kind.score)
    places = {"run": run.path, "checkpoint": run.best, "figures": run.figures, "report": run.report}
    return places | {"epochs": len(rows), "best": best}


def report(session: Session, outcome: str) -> None:
    """Draws the figures unless they are up to date, and tells the best epoch and where everything is."""
    run, kind = session.run, session.kind
    rows = run.history()
    if run.is_newer_than(run.figures / "learning_curve.png"):  # the last one that is drawn
        import_tensorflow()
        from training.plots import draw_training

        kind.load(kind.results)(session)
        draw_training(run, session.schedule([]))
    best = max(rows, key=kind.score)
    logger.info(f"{run.path} {outcome}.")
    logger.info(f"Best epoch {int(best['epoch'])} of {len(rows)}: {kind.summary.format(**best)}")
    logger.info(f"Figures: {run.figures}")
    logger.info(f"Next: python -m predictor --run {run.path} --test-images FOLDER{kind.hint}")


def start_tensorflow(session: Session) -> None:
    """On the session's devices: other workers can be joined only before anything is computed."""
    import_tensorflow()
    from training.failures import translate_errors
    from training.strategy import make_strategy

    with translate_errors(session):
        make_strategy(session.settings.strategy, session.cluster)


def find_learning_rate(session: Session, prepare: Prepare) -> Mapping[str, object]:
    """`--find-lr`: a curve and a suggestion, and nothing else in the run's folder changes."""
    logger.info(session.introduction)
    start_tensorflow(session)
    from training.plots import draw_rate_curve
    from training.rate_finder import find_rate

    curve = find_rate(session, prepare(session))
    if not session.cluster.is_chief:
        return {"run": session.run.path}
    session.run.figures.mkdir(parents=True, exist_ok=True)
    figure = session.run.figures / "find_lr.png"
    draw_rate_curve(curve, figure)
    logger.info(f"The loss against the learning rate is in {figure} and {figure.with_suffix('.csv').name}")
    if curve.suggestion is None:
        logger.info("It does not fall at any rate, so none can be suggested.")
    else:
        logger.info(
            f"Suggestion: --learning-rates {curve.suggestion:.1e}, where it falls the steepest; "
            f"it is least at {curve.least:.1e}, so no more than {curve.least / 10:.1e} to {curve.least:.1e}"
        )
    return {"run": session.run.path, "figure": figure, "suggestion": curve.suggestion, "lowest_loss_at": curve.least}


def recalibrate_best(session: Session, prepare: Prepare) -> None:
    """`--recalibrate-bn`: says what became of the metrics."""
    import_tensorflow()
    from training.recalibration import recalibrate

    recalibrate(session, prepare)
