"""The training flow that every kind of model shares: build or restore, fit, keep."""

import errno
import sys
from collections.abc import Callable
from dataclasses import dataclass

import keras
import tensorflow as tf

from layers.saved import load_saved_model
from settings import WorkError
from training.callbacks import FollowSchedule, KeepRun, SeedEpochs, ShareStatistics, StopOnSignal
from training.optimizers import make_optimizer
from training.schedules import make_schedule
from training.session import Session
from training.strategy import check_batch_size, device_line, make_strategy


@dataclass(frozen=True)
class Batches:
    """What a model is trained on.

    `training` takes the number of the first batch and gives an endless stream; `validation` takes the number of
    devices that share each batch.
    """

    training: Callable[[int], tf.data.Dataset]
    validation: Callable[[int], tf.data.Dataset]
    class_weights: dict[int, float] | None = None


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
    with strategy.scope():
        if progress.checkpoint:
            model = load_saved_model(progress.checkpoint, compiled=True)
        else:
            model = _compiled(build(), settings, objective)
    _introduce(model, session, strategy)
    schedule = make_schedule(settings, steps, progress.rows)
    stop_on_signal = StopOnSignal()
    callbacks = [
        stop_on_signal,
        SeedEpochs(settings.seed),
        ShareStatistics(strategy),
        KeepRun(run, schedule, progress.best, settings.keep_checkpoints),
        FollowSchedule(schedule, run, steps, progress.stage_of_weights),
        keras.callbacks.TensorBoard(str(run.tensorboard), write_graph=False),
    ]
    try:
        model.fit(
            batches.training(progress.epochs_done * steps),
            validation_data=batches.validation(strategy.num_replicas_in_sync),
            initial_epoch=progress.epochs_done,
            epochs=settings.epochs,
            steps_per_epoch=steps,
            class_weight=batches.class_weights,
            callbacks=callbacks,
            shuffle=False,  # the stream has its own order; Keras warns otherwise
            verbose=_verbosity(settings.verbose),
        )
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
        reason = next((line for line in str(error).splitlines() if "No such file" in line or "decode" in line), error)
        advice = f"If {session.data.path} has changed, python -m datatransformer --overwrite makes it anew"
        raise WorkError(f"Training stopped: {reason}. {advice}.") from error
    finally:
        stop_on_signal.restore()


def _verbosity(verbose: str) -> int:
    """Keras's number; a bar that moves is only for a screen."""
    if verbose == "bar":
        return 1 if sys.stdout.isatty() else 2
    return {"line": 2, "none": 0}[verbose]


def _compiled(model: keras.Model, settings, objective: Objective) -> keras.Model:
    model.compile(
        optimizer=make_optimizer(settings.optimizer, settings.learning_rates[0]),
        loss=objective.loss(),
        metrics=objective.metrics(),
    )
    return model


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
