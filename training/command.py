"""The training command of all kinds of models: open the session, train or find a learning rate, report."""

import shlex
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from backbones import Backbone
from command import Work, import_tensorflow
from log import log_to, logger
from storage.file_order import written_from
from training.drawn_figures import are_missing, noted
from training.kinds import Kind
from training.load_script import update_load_script
from training.run_folder import RunFolder
from training.session import Session
from training.start import CheckData, lock_run, open_session

if TYPE_CHECKING:
    from config import TrainingConfig
    from training.job import TrainingJob

Prepare = Callable[[Session], "TrainingJob"]
"""Makes the model and its data. It is called after TensorFlow has been imported."""


def train(
    kind: Kind,
    name: str,
    spec: Backbone | None,
    settings: "TrainingConfig",
    prepare: Prepare,
    check_data: CheckData = lambda data: None,
) -> Mapping[str, object]:
    """Trains the model `name`, or resumes its training. Returns the paths of the results and the best epoch."""
    with lock_run(settings, name):
        session = open_session(kind, name, spec, settings, check_data)
        return find_learning_rate(session, prepare) if settings.find_lr else run_session(session, prepare)


def with_next_step(work: Work) -> Work:
    """The work of a training command, which then says how to predict. `scenelab train` says it in its own way."""

    def train_and_say(settings: "TrainingConfig") -> Mapping[str, object] | None:
        result = work(settings)
        if result and "best" in result:  # not for --find-lr, and not for all but the first of several workers
            run = RunFolder(Path(str(result["run"])))
            target = shlex.quote(str(run.path))
            logger.info(f"Next: python -m predictor --run {target} --test-images FOLDER{run.kind.hint}")
        return result

    return train_and_say


def run_session(session: Session, prepare: Prepare) -> Mapping[str, object]:
    run = session.run
    if session.is_finished:
        outcome = f"was finished before: {session.why_finished}"
    else:
        if session.cluster.is_chief:
            log_to(run.log)
        logger.info(session.description)
        start_tensorflow(session)
        from training.fit import fit

        fit(session, prepare(session))
        outcome = "is finished"
    if not session.cluster.is_chief:
        logger.info(f"{run.path} {outcome}; the chief reports on it.")
        return {"run": run.path}
    if session.supervised and session.supervised.recalibrate_bn:
        import_tensorflow()
        from training.recalibration import recalibrate

        recalibrate(session, prepare)
    report(session, outcome)
    session.kind.load(session.kind.report)(run)
    return {
        "run": run.path,
        "checkpoint": run.best,
        "figures": run.figures,
        "report": run.report,
        "epochs": len(run.history()),
        "best": run.best_scores(),
    }


def report(session: Session, outcome: str) -> None:
    """Draws the figures unless they are up to date, and logs the best epoch and the paths of the results."""
    run, kind = session.run, session.kind
    if are_missing(run):
        import_tensorflow()
        from training.plots import draw_training

        with written_from(run.drawn_from, run.figures):
            with noted(run):
                kind.load(kind.results)(session)
            draw_training(run, session.schedule([]))
    update_load_script(run)
    best, recalibrated = run.best_scores(), ", with recalibrated batch norm" * run.is_recalibrated
    logger.info(f"{run.path} {outcome}.")
    logger.info(f"Best epoch {int(best['epoch'])} of {len(run.history())}: {kind.summary.format(**best)}{recalibrated}")
    logger.info(f"Figures: {run.figures}")


def start_tensorflow(session: Session) -> None:
    """Imports TensorFlow and makes the strategy: other workers can be joined only before anything is computed."""
    import_tensorflow()
    from training.failures import translate_errors
    from training.strategy import make_strategy

    with translate_errors(session):
        make_strategy(session.settings.strategy, session.cluster)


def find_learning_rate(session: Session, prepare: Prepare) -> Mapping[str, object]:
    """`--find-lr`: draws the loss against the learning rate and suggests a rate. Nothing else in the run changes."""
    logger.info(session.description)
    start_tensorflow(session)
    from training.plots import draw_rate_curve
    from training.rate_finder import find_rate

    run = session.run
    curve = find_rate(session, prepare(session))
    if not session.cluster.is_chief:
        return {"run": run.path}
    run.figures.mkdir(parents=True, exist_ok=True)
    figure = run.figures / "find_lr.png"
    draw_rate_curve(curve, figure)
    logger.info(f"The loss against the learning rate: {figure} and {figure.with_suffix('.csv').name}")
    lowest = curve.rate_of_lowest_loss
    if curve.suggestion is None:
        logger.info("The loss does not fall at any learning rate, so there is no suggestion.")
    else:
        logger.info(
            f"Suggestion: --learning-rates {curve.suggestion:.1e}, where the loss falls fastest. "
            f"The loss is lowest at {lowest:.1e}; use at most {lowest / 10:.1e} to {lowest:.1e}"
        )
    return {"run": run.path, "figure": figure, "suggestion": curve.suggestion, "rate_of_lowest_loss": lowest}
