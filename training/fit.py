"""The training flow that every kind of model shares: build or restore, fit, keep."""

import contextlib
import errno
import shlex
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime

import keras
import tensorflow as tf

from layers.saved import load_saved_model
from pipeline.addresses import kept_in_sight
from settings import WorkError, given_values
from training.averaging import ValidateAverage, averaged
from training.batches import Batches
from training.callbacks import (
    AwaitAll,
    CheckLoss,
    EpochsOnBoard,
    FollowSchedule,
    KeepRun,
    SeedEpochs,
    ShareStatistics,
    StopOnSignal,
)
from training.features import Features, learner_of
from training.freezing import freeze
from training.optimizers import learning_shares, make_optimizer
from training.rendezvous import lost
from training.run_folder import Row
from training.schedules import Schedule, make_schedule
from training.session import Session
from training.strategy import LOST, check_batch_size, device_line, fit_for_many, make_strategy, precision

UNREAD = ("No such file", "decode", "jpeg::Uncompress")
"""What TensorFlow says of a picture that it cannot read."""


@dataclass(frozen=True)
class Objective:
    """What is minimised and what is shown; made on the strategy's devices, so it is made here.

    A model whose graph has both in it has no loss and no metrics here.
    """

    loss: Callable[[], keras.losses.Loss | None]
    metrics: Callable[[], list[keras.metrics.Metric]]


@dataclass(frozen=True)
class Trainee:
    """A model that can be trained: how it is built, what it is to become good at, on what.

    With `feature_batches` a wholly frozen backbone's features take the place of pictures.
    """

    build: Callable[[], keras.Model]
    objective: Objective
    batches: Batches
    callbacks: Sequence[keras.callbacks.Callback] = ()
    feature_batches: Callable[[Features], Batches] | None = None


def fit(session: Session, trainee: Trainee) -> None:
    """Trains until the schedule or the epochs end. After each epoch the run folder is whole; the chief writes to it.

    Raises KeyboardInterrupt with a text that says how to go on, WorkError if training diverges or memory runs out.
    """
    settings, progress, run = session.settings, session.progress, session.run
    is_chief = session.cluster.is_chief
    with reported(session):
        strategy, model = open_model(session, trainee)
    _introduce(model, session, strategy)
    if is_chief:
        _note_session(model, session, strategy)
    schedule = make_schedule(settings, session.stages, progress.rows)
    stop_on_signal = StopOnSignal()
    writers = [
        KeepRun(model, run, schedule, progress.best, settings.keep_checkpoints, averaged if settings.ema else None),
        *trainee.callbacks,
        EpochsOnBoard(str(run.tensorboard), write_graph=False),
    ]
    callbacks = [
        stop_on_signal,
        SeedEpochs(settings.seed),
        ShareStatistics(strategy),
        *([ValidateAverage()] if settings.ema else []),
        CheckLoss(),
        *(writers if is_chief else []),
        AwaitAll(strategy),
        FollowSchedule(schedule, session.reached),
    ]
    rows = progress.rows
    with reported(session), stop_on_signal, _service_in_sight(session):
        while len(rows) < settings.epochs and not schedule.ended and not session.reached(rows):
            stage = session.stages[schedule.stage]
            with strategy.scope():
                _prepare_stage(model, session, trainee.objective, schedule, rows)
                learner, batches = learner_of(model, session, trainee, stage, stop_on_signal.check)
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


def open_model(session: Session, trainee: Trainee) -> tuple[tf.distribute.Strategy, keras.Model]:
    """The devices, and on them the compiled model: a new one, or that of the checkpoint to go on from."""
    settings = session.settings
    keras.utils.set_random_seed(settings.seed)
    strategy = make_strategy(settings.strategy, session.cluster)
    for stage in session.stages:
        check_batch_size(strategy, stage.batch_size)
    with strategy.scope(), precision(settings.mixed_precision):
        if session.progress.checkpoint:
            model = load_saved_model(session.progress.checkpoint, compiled=True)
        else:
            model = trainee.build()
            _compile(model, session, trainee.objective)
        return strategy, fit_for_many(model, strategy)


def _compile(model: keras.Model, session: Session, objective: Objective) -> None:
    settings = session.settings
    shares = learning_shares(model, settings.backbone_rate, settings.layer_decay) if session.row else []
    model.compile(make_optimizer(settings, shares), loss=objective.loss(), metrics=objective.metrics())
    model.optimizer.build(model.trainable_variables)  # made within the first step they would have it traced twice


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
    parts = getattr(session.settings, "unfreeze_schedule", ())
    if not parts:
        if begins:
            model.load_weights(session.run.best)  # the optimizer of that time comes along
        return
    if begins:  # an optimizer knows only the weights that learn, so each stage has one of its own
        model.set_weights(load_saved_model(session.run.best).get_weights())
    if freeze(model, stage.frozen) or begins:
        _compile(model, session, objective)
        print(f"{parts[number]}: {_learning(model):,} parameters learn")


@contextlib.contextmanager
def reported(session: Session) -> Iterator[None]:
    """What a user can do something about is said in words."""
    run = session.run
    try:
        yield
    except KeyboardInterrupt:
        done, never = len(run.history()), session.settings.resume == "never"
        everywhere = " on all workers" * (session.cluster.count > 1)
        raise KeyboardInterrupt(
            f"\nStopped in epoch {done + 1}; {done} {'epoch is' if done == 1 else 'epochs are'} kept in {run.path}. "
            f"Run the same command again{everywhere}{' without --resume never' * never} to go on."
        ) from None
    except tf.errors.ResourceExhaustedError as error:
        if "No space left" in str(error) or "quota" in str(error):
            raise OSError(errno.ENOSPC, "No space left on device", str(run.path)) from error
        largest = max(stage.batch_size for stage in session.stages)
        raise WorkError(f"Memory ran out; a smaller --batch-size than {largest} needs less.") from error
    except LOST as error:
        if session.cluster.count == 1:
            raise
        done, gone = len(run.history()), lost(session.cluster, str(error))
        raise WorkError(
            f"Gone, or silent: {gone}. {done} {'epoch is' if done == 1 else 'epochs are'} kept in {run.path}. "
            "Run the same command again on all workers to go on."
        ) from error
    except (tf.errors.NotFoundError, tf.errors.InvalidArgumentError) as error:
        lines = str(error).splitlines()
        reason = next((line for line in lines if any(word in line for word in UNREAD)), None)
        if reason is None:
            raise WorkError(f"Training stopped: {lines[0]}. --debug shows where.") from error
        advice = f"If {session.data.path} has changed, python -m datatransformer --overwrite makes it anew"
        raise WorkError(f"Training stopped: {reason}. {advice}.") from error


def _service_in_sight(session: Session) -> AbstractContextManager:
    address, advice = session.settings.data_service, "Start the service again, then the same command to go on."
    return kept_in_sight(address, advice) if address else contextlib.nullcontext()


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
