"""The training flow that every kind of model shares: build or restore, fit, keep."""

import contextlib
import shlex
import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime

import keras
import tensorflow as tf

from distributed.watchdog import exit_if_unreachable
from layers.saved import load_saved_model
from settings import given_values
from training.callbacks import (
    CheckLoss,
    EpochBarrier,
    EpochTensorBoard,
    FollowSchedule,
    LogEpoch,
    SaveEpoch,
    SeedEpochs,
    ShareStatistics,
    StopOnSignal,
)
from training.compiled import compile_model, model_and_data_for_stage, open_model
from training.ema import ValidateAverage, ema_weights
from training.failures import translate_errors
from training.freezing import freeze
from training.job import Objective, TrainingJob
from training.run_folder import Row
from training.schedules import Schedule
from training.session import Session
from training.strategy import device_line


def fit(session: Session, job: TrainingJob) -> None:
    """Trains until the schedule or the epochs end. After each epoch the run folder is whole; the chief writes to it.

    Raises KeyboardInterrupt with a text that says how to go on, WorkError if training diverges or memory runs out.
    """
    settings, progress, run = session.settings, session.progress, session.run
    is_chief = session.cluster.is_chief
    with translate_errors(session):
        strategy, model = open_model(session, job)
    _introduce(model, session, strategy)
    if is_chief:
        _note_session(model, session, strategy)
    schedule = session.schedule(progress.rows)
    stop_on_signal = StopOnSignal()
    writers = [
        LogEpoch(),
        SaveEpoch(
            model,
            run,
            schedule,
            progress.best,
            settings.keep_checkpoints,
            ema_weights if settings.ema else None,
            session.kind.score,
        ),
        *job.callbacks,
        EpochTensorBoard(str(run.tensorboard), write_graph=False),
    ]
    callbacks = [
        stop_on_signal,
        SeedEpochs(settings.seed),
        ShareStatistics(strategy),
        *([ValidateAverage()] if settings.ema else []),
        CheckLoss(),
        *(writers if is_chief else []),
        EpochBarrier(strategy),
        FollowSchedule(schedule, session.reached),
    ]
    rows = progress.rows
    with translate_errors(session), stop_on_signal, _service_in_sight(session):
        while len(rows) < settings.epochs and not schedule.ended and not session.reached(rows):
            stage = session.stages[schedule.stage]
            with strategy.scope():
                _prepare_stage(model, session, job.objective, schedule, rows)
                learner, batches = model_and_data_for_stage(model, session, job, stage, stop_on_signal.check)
            learner.fit(
                batches.training(stage, len(rows)),
                validation_data=batches.validation(stage, strategy.num_replicas_in_sync),
                initial_epoch=len(rows),
                epochs=settings.epochs,
                steps_per_epoch=stage.steps,
                callbacks=callbacks,
                shuffle=False,  # the stream has its own order; Keras warns otherwise
                verbose=_verbosity(settings.verbose) if is_chief else 0,
            )
            rows = run.history()


def _prepare_stage(
    model: keras.Model, session: Session, objective: Objective, schedule: Schedule, rows: Sequence[Row]
) -> None:
    """A later stage than that of the last epoch begins from the best weights so far, and with what it lets learn."""
    number, stage = schedule.stage, session.stages[schedule.stage]
    begins = bool(rows) and number > rows[-1]["stage"]
    if begins:
        height, width = stage.size
        at = f" at {height}x{width} pixels" if None in session.input_shape else ""
        rate = schedule.learning_rate(len(rows))
        print(f"Stage {number + 1}, learning rate {rate:g}{at}, from the best weights so far")
    parts = session.supervised.unfreeze_schedule if session.supervised else ()
    if not parts:
        if begins:
            model.load_weights(session.run.best)  # the optimizer of that time comes along
        return
    if begins:  # an optimizer knows only the weights that learn, so each stage has one of its own
        model.set_weights(load_saved_model(session.run.best).get_weights())
    if freeze(model, stage.frozen) or begins:
        compile_model(model, session, objective)
        print(f"{parts[number]}: {_learning(model):,} parameters learn")


def _service_in_sight(session: Session) -> AbstractContextManager:
    address, advice = session.settings.data_service, "Start the service again, then the same command to go on."
    return exit_if_unreachable(address, advice) if address else contextlib.nullcontext()


def _verbosity(verbose: str) -> int:
    """Keras's number; a bar that moves is only for a screen."""
    if verbose == "bar":
        return 1 if sys.stdout.isatty() else 2
    return {"line": 2, "none": 0}[verbose]


def _introduce(model: keras.Model, session: Session, strategy: tf.distribute.Strategy) -> None:
    """The lines before the first epoch."""
    run, progress = session.run, session.progress
    learning = _learning(model)
    others = model.count_params() - learning
    print(f"{run.path.name}: {learning:,} parameters learn, {others:,} are frozen or statistics")
    print(f"On {device_line(strategy, session.cluster)}. The run is kept in {run.path}")
    if progress.checkpoint:
        done, checkpoint = progress.epochs_done, progress.checkpoint.name
        print(f"Going on after epoch {done} from {checkpoint}, best validation score so far {progress.best:.4f}")


def _note_session(model: keras.Model, session: Session, strategy: tf.distribute.Strategy) -> None:
    progress = session.progress
    session.run.append_session(
        {
            "started": datetime.now(UTC).isoformat(timespec="seconds"),
            "epochs_done": progress.epochs_done,
            "checkpoint": progress.checkpoint.name if progress.checkpoint else "",
            "parameters": model.count_params(),
            "learning": _learning(model),
            "device": device_line(strategy, session.cluster),
            "given": shlex.join(f"{name}={value}" for name, value in given_values(session.settings).items()),
        }
    )


def _learning(model: keras.Model) -> int:
    """Parameters."""
    return sum(int(weight.shape.num_elements()) for weight in model.trainable_weights)
