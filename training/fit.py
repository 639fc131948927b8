"""The training flow that every kind of model shares: build or restore, fit, keep."""

import errno
import sys
from collections.abc import Callable
from dataclasses import dataclass

import keras
import tensorflow as tf

from layers.saved import load_saved_model
from settings import WorkError
from training.averaging import ValidateAverage, averaged
from training.callbacks import FollowSchedule, KeepRun, SeedEpochs, ShareStatistics, StopOnSignal
from training.freezing import freeze
from training.optimizers import make_optimizer
from training.schedules import make_schedule
from training.session import Session
from training.strategy import check_batch_size, device_line, make_strategy, precision


@dataclass(frozen=True)
class Batches:
    """What a model is trained on.

    `training` takes the number of the first batch and gives an endless stream of images, targets and, if classes
    have weights, what each target counts; `validation` takes the number of devices that share each batch.
    """

    training: Callable[[int], tf.data.Dataset]
    validation: Callable[[int], tf.data.Dataset]


@dataclass(frozen=True)
class Objective:
    """What is minimised and what is shown; made on the strategy's devices, so it is made here."""

    loss: Callable[[], keras.losses.Loss]
    metrics: Callable[[], list[keras.metrics.Metric]]


def fit(session: Session, build: Callable[[], keras.Model], objective: Objective, batches: Batches) -> None:
    """Trains until the schedule or the epochs end. After each epoch the run folder is whole.

    Raises KeyboardInterrupt with a text that says how to go on, WorkError if training diverges or memory runs out.
    """
    settings, run, progress, steps = session.settings, session.run, session.progress, session.steps_per_epoch
    keras.utils.set_random_seed(settings.seed)
    strategy = make_strategy(settings.strategy)
    check_batch_size(strategy, session.batch_size)
    with strategy.scope(), precision(settings.mixed_precision):
        if progress.checkpoint:
            model = load_saved_model(progress.checkpoint, compiled=True)
        else:
            model = build()
            _compile(model, settings, objective)
    _introduce(model, session, strategy)
    schedule = make_schedule(settings, steps, progress.rows)
    stop_on_signal = StopOnSignal()
    callbacks = [
        stop_on_signal,
        SeedEpochs(settings.seed),
        ShareStatistics(strategy),
        *([ValidateAverage()] if settings.ema else []),
        KeepRun(run, schedule, progress.best, settings.keep_checkpoints, averaged if settings.ema else None),
        FollowSchedule(schedule, steps, settings.stop_at),
        keras.callbacks.TensorBoard(str(run.tensorboard), write_graph=False),
    ]
    epochs_done, stage_of_weights = progress.epochs_done, progress.stage_of_weights
    try:
        with stop_on_signal:
            while epochs_done < settings.epochs and not schedule.ended and not session.reached(run.history()):
                with strategy.scope():
                    _prepare_stage(model, session, objective, schedule, stage_of_weights)
                model.fit(
                    batches.training(epochs_done * steps),
                    validation_data=batches.validation(strategy.num_replicas_in_sync),
                    initial_epoch=epochs_done,
                    epochs=settings.epochs,
                    steps_per_epoch=steps,
                    callbacks=callbacks,
                    shuffle=False,  # the stream has its own order; Keras warns otherwise
                    verbose=_verbosity(settings.verbose),
                )
                epochs_done, stage_of_weights = len(run.history()), int(run.history()[-1]["stage"])
    except KeyboardInterrupt:
        done = len(run.history())
        raise KeyboardInterrupt(
            f"\nStopped in epoch {done + 1}; {done} {'epoch is' if done == 1 else 'epochs are'} kept in {run.path}. "
            f"Run the same command again{' without --resume never' * (settings.resume == 'never')} to go on."
        ) from None
    except tf.errors.ResourceExhaustedError as error:
        if "No space left" in str(error) or "quota" in str(error):
            raise OSError(errno.ENOSPC, "No space left on device", str(run.path)) from error
        raise WorkError(f"Memory ran out; a smaller --batch-size than {settings.batch_size} needs less.") from error
    except (tf.errors.NotFoundError, tf.errors.InvalidArgumentError) as error:
        lines = str(error).splitlines()
        reason = next((line for line in lines if "No such file" in line or "decode" in line), None)
        if reason is None:
            raise WorkError(f"Training stopped: {lines[0]}. --debug shows where.") from error
        advice = f"If {session.data.path} has changed, python -m datatransformer --overwrite makes it anew"
        raise WorkError(f"Training stopped: {reason}. {advice}.") from error


def _prepare_stage(model: keras.Model, session: Session, objective: Objective, schedule, stage_of_weights: int) -> None:
    """A later stage than that of the weights begins from the best ones so far, and with what it lets learn."""
    settings, run, stage = session.settings, session.run, schedule.stage
    begins = stage > stage_of_weights
    if begins:
        rate = schedule.learning_rate(len(run.history()) * session.steps_per_epoch)
        print(f"Stage {stage + 1}, learning rate {rate:g}, from the best weights so far")
    if not settings.unfreeze_schedule:
        if begins:
            model.load_weights(run.best)  # the optimizer of that time comes along
        return
    if begins:  # an optimizer knows only the weights that learn, so each stage has one of its own
        model.set_weights(load_saved_model(run.best).get_weights())
    if freeze(model, session.frozen(stage)) or begins:
        _compile(model, settings, objective)
        learning = sum(weight.shape.num_elements() for weight in model.trainable_weights)
        print(f"{settings.unfreeze_schedule[stage]}: {learning:,} parameters learn")


def _verbosity(verbose: str) -> int:
    """Keras's number; a bar that moves is only for a screen."""
    if verbose == "bar":
        return 1 if sys.stdout.isatty() else 2
    return {"line": 2, "none": 0}[verbose]


def _compile(model: keras.Model, settings, objective: Objective) -> None:
    model.compile(optimizer=make_optimizer(settings, model), loss=objective.loss(), metrics=objective.metrics())


def _introduce(model: keras.Model, session: Session, strategy: tf.distribute.Strategy) -> None:
    """The lines before the first epoch."""
    run, progress = session.run, session.progress
    trainable = sum(int(weight.shape.num_elements()) for weight in model.trainable_weights)
    frozen = model.count_params() - trainable
    print(f"{run.path.name}: {trainable:,} parameters learn, {frozen:,} are frozen or statistics")
    print(f"On {device_line(strategy)}. The run is kept in {run.path}")
    if progress.checkpoint:
        print(
            f"Going on after epoch {progress.epochs_done} from {progress.checkpoint.name}, "
            f"best validation accuracy so far {progress.best:.4f}"
        )
