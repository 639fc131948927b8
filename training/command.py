"""What every training command does around its training: find a rate, train or see that it is done, report."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from command import import_tensorflow
from training.session import Session

if TYPE_CHECKING:
    from training.job import Trainee


def run_session(
    session: Session, prepare: Callable[[Session], "Trainee"], report: Callable[[Session, str], None]
) -> None:
    """Trains, or goes on training.

    Arguments:
        prepare: makes what is trained; TensorFlow is imported by then.
        report: draws the figures of the run unless they are there, and prints how it went and where all is.
    """
    settings = session.settings
    if settings.find_lr:
        find_learning_rate(session, prepare)
        return
    if session.is_finished:
        how = f"was finished before: {session.why_finished}"
    else:
        print(session.introduction)
        start_tensorflow(session)
        from training.fit import fit

        fit(session, prepare(session))
        how = "is finished"
    if not session.cluster.is_chief:
        print(f"{session.run.path} {how}; the chief reports on it.")
        return
    if getattr(settings, "recalibrate_bn", False):
        recalibrate_best(session, prepare)
    report(session, how)


def start_tensorflow(session: Session) -> None:
    """On the session's devices: other workers can be joined only before anything is computed."""
    import_tensorflow()
    from training.failures import reported
    from training.strategy import make_strategy

    with reported(session):
        make_strategy(session.settings.strategy, session.cluster)


def find_learning_rate(session: Session, prepare: Callable[[Session], "Trainee"]) -> None:
    """`--find-lr`: a curve and a suggestion, and nothing else in the run's folder changes."""
    print(session.introduction)
    start_tensorflow(session)
    from training.plots import draw_rate_curve
    from training.rate_finder import find_rate

    curve = find_rate(session, prepare(session))
    if not session.cluster.is_chief:
        return
    session.run.figures.mkdir(parents=True, exist_ok=True)
    figure = session.run.figures / "find_lr.png"
    draw_rate_curve(curve, figure)
    print(f"The loss against the learning rate is in {figure} and {figure.with_suffix('.csv').name}")
    if curve.suggestion is None:
        print("It does not fall at any rate, so none can be suggested.")
    else:
        print(
            f"Suggestion: --learning-rates {curve.suggestion:.1e}, where it falls the steepest; "
            f"it is least at {curve.least:.1e}, so no more than {curve.least / 10:.1e} to {curve.least:.1e}"
        )


def recalibrate_best(session: Session, prepare: Callable[[Session], "Trainee"]) -> None:
    """`--recalibrate-bn`: says what became of the metrics."""
    import_tensorflow()
    from training.recalibration import recalibrate

    recalibrate(session, prepare)
