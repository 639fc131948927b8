"""The training loop that all kinds of models share."""

import contextlib
import json
import shlex
from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime

import keras
import tensorflow as tf

from distributed.watchdog import exit_if_unreachable
from layers.saved import load_saved_model
from log import logger
from settings import given_values
from training.callbacks import EpochTensorBoard, FollowSchedule, SeedEpochs
from training.checkpoint_file import Row, checkpoint_row
from training.checkpointing import CheckLoss, LogEpoch, SaveEpoch
from training.compiled import build_or_load_model, compile_model, model_and_data_for_stage
from training.ema import ValidateEma, ema_weights
from training.epoch_scores import ScoreEpoch
from training.failures import translate_errors
from training.freezing import freeze
from training.interruption import StopOnSignal
from training.job import Objective, TrainingJob
from training.load_script import write_load_script
from training.replicas import AverageStatistics, EpochBarrier
from training.schedules import Schedule
from training.session import Session
from training.show_epochs import ShowEpochs
from training.strategy import describe_devices


def fit(session: Session, job: TrainingJob) -> None:
    """Trains stage by stage until the schedule ends, all epochs are done, or the target is reached.

    The run folder is complete after each epoch. Only the chief writes to it.
    Raises KeyboardInterrupt with a text about how to resume, WorkError if training diverges or memory runs out.
    """
    settings, run, rows = session.settings, session.run, session.progress.rows
    with translate_errors(session):
        strategy, model = build_or_load_model(session, job)
    _log_start(model, session, strategy)
    if session.cluster.is_chief:
        _record_session(model, session, strategy)
        write_load_script(run, json.loads(model.to_json()))
    schedule = session.schedule(rows)
    stop_on_signal = StopOnSignal()
    scoring = [ScoreEpoch(job.epoch_scores, bool(settings.ema))] if job.epoch_scores else []
    callbacks = [stop_on_signal, *_callbacks(session, job, model, strategy, schedule, scoring)]
    with translate_errors(session), stop_on_signal, watch_data_service(session):
        while len(rows) < settings.epochs and not schedule.ended and not session.target_reached(rows):
            stage = session.stages[schedule.stage]
            with strategy.scope():
                _start_stage(model, session, job.objective, schedule, rows)
                trained, datasets = model_and_data_for_stage(model, session, job, stage, stop_on_signal.check)
            validation = datasets.validation(stage, strategy.num_replicas_in_sync)
            for callback in scoring:
                callback.batches = validation
            trained.fit(
                datasets.training(stage, len(rows)),
                validation_data=validation,
                initial_epoch=len(rows),
                epochs=settings.epochs,
                steps_per_epoch=stage.steps,
                callbacks=callbacks,
                shuffle=False,  # the dataset is shuffled already; Keras warns otherwise
                verbose=0,  # ShowEpochs does it
            )
            rows = run.history()


def watch_data_service(session: Session) -> AbstractContextManager[None]:
    """Ends the process if the tf.data service, if there is one, no longer answers."""
    address, advice = session.settings.data_service, "Start the service again, then the same command to resume."
    return exit_if_unreachable(address, advice) if address else contextlib.nullcontext()


def _callbacks(
    session: Session,
    job: TrainingJob,
    model: keras.Model,
    strategy: tf.distribute.Strategy,
    schedule: Schedule,
    scoring: Sequence[ScoreEpoch],
) -> list[keras.callbacks.Callback]:
    """The callbacks in the order in which they must be called."""
    settings, run = session.settings, session.run
    save_epoch = SaveEpoch(
        model,
        run,
        schedule,
        session.progress.best,
        settings.keep_checkpoints,
        ema_weights if settings.ema else None,
        session.kind.score,
    )
    show_epochs = ShowEpochs(session.kind, settings.epochs, settings.verbose, session.progress.best)
    tensorboard = EpochTensorBoard(str(run.tensorboard), write_graph=False)
    return [
        SeedEpochs(settings.seed),
        AverageStatistics(strategy),
        *([ValidateEma()] if settings.ema else []),
        CheckLoss(),
        *scoring,
        *([LogEpoch(), save_epoch, *job.callbacks, tensorboard, show_epochs] if session.cluster.is_chief else []),
        EpochBarrier(strategy),
        FollowSchedule(schedule, session.target_reached),
    ]


def _start_stage(
    model: keras.Model, session: Session, objective: Objective, schedule: Schedule, rows: Sequence[Row]
) -> None:
    """Freezes the layers of the stage. A stage that follows another one starts from the best weights so far."""
    number, stage = schedule.stage, session.stages[schedule.stage]
    follows_another = bool(rows) and number > rows[-1]["stage"]
    if follows_another:
        size = f" at {stage.size} pixels" if None in session.input_shape else ""
        rate = schedule.learning_rate(len(rows))
        logger.info(f"Stage {number + 1}, learning rate {rate:g}{size}, from the best weights so far")
    parts = session.supervised.unfreeze_schedule if session.supervised else ()
    if not parts:
        if follows_another:
            model.load_weights(session.run.best)  # this also loads the optimizer's state of that epoch
        return
    if follows_another:  # an optimizer is built for the trainable weights, so each stage needs a new one
        model.set_weights(load_saved_model(session.run.best).get_weights())
    if freeze(model, stage.frozen) or follows_another:
        compile_model(model, session, objective)
        logger.info(f"{parts[number]}: {_count_trainable(model):,} trainable parameters")


def _log_start(model: keras.Model, session: Session, strategy: tf.distribute.Strategy) -> None:
    run, progress = session.run, session.progress
    learning = _count_trainable(model)
    others = model.count_params() - learning
    logger.info(
        f"{run.path.name}: {learning:,} trainable parameters, {others:,} others (frozen, or statistics of batch norm)"
    )
    logger.info(f"Device: {describe_devices(strategy, session.cluster)}. Run folder: {run.path}")
    if progress.checkpoint:
        done, checkpoint = progress.epochs_done, progress.checkpoint.name
        logger.info(f"Resuming after epoch {done} from {checkpoint}; the best validation score is {progress.best:.4f}")
        row = checkpoint_row(progress.checkpoint)
        if row and (saved := int(row["epoch"])) < done:
            lost = f"epoch {done}" if saved + 1 == done else f"epochs {saved + 1} to {done}"
            advice = "--resume last goes on from exactly there"
            logger.info(f"These are the weights of epoch {saved}: what {lost} learned is given up. {advice}.")


def _record_session(model: keras.Model, session: Session, strategy: tf.distribute.Strategy) -> None:
    progress = session.progress
    session.run.append_session(
        {
            "started": datetime.now(UTC).isoformat(timespec="seconds"),
            "epochs_done": progress.epochs_done,
            "checkpoint": progress.checkpoint.name if progress.checkpoint else "",
            "parameters": model.count_params(),
            "learning": _count_trainable(model),
            "device": describe_devices(strategy, session.cluster),
            "given": shlex.join(f"{name}={value}" for name, value in given_values(session.settings).items()),
        }
    )


def _count_trainable(model: keras.Model) -> int:
    return sum(int(weight.shape.num_elements()) for weight in model.trainable_weights)
