"""What happens around epochs: learning rates and stages, random numbers, checkpoints and history."""

import math
import signal
import time
from collections.abc import Callable, Sequence

import keras
import tensorflow as tf

from layers.optimizers import unwrap_optimizer
from log import logger
from settings import WorkError
from training.run_folder import Averaged, Row, RunFolder
from training.schedules import Schedule
from training.strategy import mean_over_replicas


class FollowSchedule(keras.callbacks.Callback):
    """Sets learning rate and momentum of the schedule; ends training when a stage ends, or when all is `reached`."""

    def __init__(self, schedule: Schedule, reached: Callable[[Sequence[Row]], bool]):
        super().__init__()
        self.schedule, self.reached = schedule, reached
        self.epoch = 0
        self.set: tuple = (None, None)

    def on_train_begin(self, logs=None):
        self.set = (None, None)  # the model may have come with an optimizer of its own

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch
        self._follow(epoch)

    def on_train_batch_begin(self, batch, logs=None):
        self._follow(self.epoch + batch / self.params["steps"])

    def on_epoch_end(self, epoch, logs=None):
        stage = self.schedule.stage
        row = logs | {"epoch": epoch + 1, "stage": stage}
        self.schedule.observe(row)
        self.model.stop_training = self.reached([row]) or self.schedule.stage != stage

    def _follow(self, time: float) -> None:
        rate, momentum = self.schedule.learning_rate(time), self.schedule.momentum(time)
        if (rate, momentum) != self.set:
            self.model.optimizer.learning_rate = rate
            if momentum is not None:
                unwrap_optimizer(self.model.optimizer).follow_momentum(momentum)
            self.set = rate, momentum


DRAWS_OF_EPOCH = 2**18
"""Random numbers a generator has for an epoch. TensorFlow takes the counter modulo 2**31: that is 8192 epochs."""


class SeedEpochs(keras.callbacks.Callback):
    """Gives layers such as dropout random numbers that depend on the seed and the epoch alone.

    Keras saves no state of random generators, so without this a resumed run would draw others than an unbroken one.
    What is random in validation too draws the same there after every epoch: losses then differ by the model alone.
    """

    def __init__(self, seed: int):
        super().__init__()
        self.seed = seed

    def on_epoch_begin(self, epoch, logs=None):
        self._begin_at(epoch)

    def on_test_begin(self, logs=None):
        self._begin_at(-1)

    def _begin_at(self, epoch: int) -> None:
        """A generator counts up by one a batch, so epochs lie far apart: else each would draw what the last drew."""
        weights = {id(weight) for weight in self.model.weights}
        states = [variable for variable in self.model.variables if id(variable) not in weights]
        for number, state in enumerate(states):
            state.assign([self.seed * 1000 + number, epoch * DRAWS_OF_EPOCH])


class ShareStatistics(keras.callbacks.Callback):
    """Before validation gives all devices the mean of their batch-norm statistics.

    Each device averages over its own share of the batches; without this each would validate another model, and the
    checkpoint would hold that of the first.
    """

    def __init__(self, strategy: tf.distribute.Strategy):
        super().__init__()
        self.strategy = strategy

    def set_model(self, model):
        super().set_model(model)
        self.weights = model.non_trainable_weights if self.strategy.num_replicas_in_sync > 1 else []
        values = [weight.value for weight in self.weights]
        # a value as it is read has no device in a graph, and TensorFlow reduces to that of the first
        self.means = mean_over_replicas(self.strategy, lambda: [tf.identity(value) for value in values])

    def on_test_begin(self, logs=None):
        for weight, mean in zip(self.weights, self.means() if self.weights else [], strict=True):
            weight.assign(mean)


class EpochBarrier(keras.callbacks.Callback):
    """Lets no worker go on from an epoch before all have done with it: the chief has then kept it."""

    def __init__(self, strategy: tf.distribute.Strategy):
        super().__init__()
        self.meet = mean_over_replicas(strategy, lambda: [tf.ones(())])

    def on_epoch_end(self, epoch, logs=None):
        self.meet()


class StopOnSignal(keras.callbacks.Callback):
    """Ctrl-C (or a cluster's SIGTERM) ends training after the batch in hand; a second one ends it at once.

    Python would raise wherever it happens to be, also in code that swallows what is raised or is writing a file.
    """

    def __init__(self):
        super().__init__()
        self.stopped_by: int | None = None
        self.handlers: dict = {}

    def __enter__(self) -> "StopOnSignal":
        self.handlers = {number: signal.signal(number, self._note) for number in (signal.SIGINT, signal.SIGTERM)}
        return self

    def __exit__(self, *raised) -> None:
        for number, handler in self.handlers.items():
            signal.signal(number, handler)
        if self.stopped_by is not None and isinstance(raised[1], tf.errors.OpError):  # other workers were stopped too
            raise KeyboardInterrupt

    def _note(self, number, frame):
        if self.stopped_by is not None:
            raise KeyboardInterrupt
        self.stopped_by = number

    def check(self, batch=None, logs=None):
        if self.stopped_by is not None:
            raise KeyboardInterrupt

    on_train_batch_end = on_test_batch_end = check


class EpochTensorBoard(keras.callbacks.TensorBoard):
    """TensorBoard's curves of epochs. Keras's own prepares numbers of each batch too, which it then writes nowhere."""

    def on_train_batch_end(self, batch, logs=None):
        pass


class AfterFirstBatch(keras.callbacks.Callback):
    """Does once what training need not wait for to begin."""

    def __init__(self, work: Callable[[], None]):
        super().__init__()
        self.work: Callable[[], None] | None = work

    def on_train_batch_end(self, batch, logs=None):
        if self.work:
            self.work()
            self.work = None


class LogEpoch(keras.callbacks.Callback):
    """Writes a line for each epoch to the run's log. The screen has Keras's own progress bar or line."""

    def on_epoch_end(self, epoch, logs=None):
        values = ", ".join(f"{key} {logs[key]:.4f}" for key in sorted(logs, key=_column))
        logger.debug(f"Epoch {epoch + 1}/{self.params['epochs']}: {values}")


class CheckLoss(keras.callbacks.Callback):
    """Ends training if a loss is no number: such a model is not kept. Must come before what keeps it."""

    def on_epoch_end(self, epoch, logs=None):
        """Raises WorkError."""
        if not (math.isfinite(logs["loss"]) and math.isfinite(logs["val_loss"])):
            raise WorkError(
                f"The loss is no number any more in epoch {epoch + 1} ({logs['loss']:g}, in validation "
                f"{logs['val_loss']:g}), and that epoch is not kept. Lower --learning-rates and run again."
            )


class SaveEpoch(keras.callbacks.Callback):
    """After each epoch a checkpoint of the `whole` model, also if a part of it is trained, and a row of history.

    Must come before what changes the schedule's stage.
    """

    def __init__(
        self,
        whole: keras.Model,
        run: RunFolder,
        schedule: Schedule,
        best: float,
        keep_checkpoints: bool,
        averaged: Averaged | None,
        score: Callable[[Row], float],
    ):
        super().__init__()
        self.whole, self.run, self.schedule, self.best, self.keep = whole, run, schedule, best, keep_checkpoints
        self.averaged, self.score = averaged, score

    def on_epoch_begin(self, epoch, logs=None):
        self.begun = time.monotonic()

    def on_epoch_end(self, epoch, logs=None):
        row = {
            "epoch": epoch + 1,
            "stage": self.schedule.stage,
            "learning_rate": float(keras.ops.convert_to_numpy(self.model.optimizer.learning_rate)),
            "momentum": unwrap_optimizer(self.model.optimizer).momentum_now,
            **{key: float(logs[key]) for key in sorted(logs, key=_column)},
            "seconds": time.monotonic() - self.begun,
        }
        score = self.score(row)
        is_best = score > self.best
        self.best = max(self.best, score)
        self.run.save(self.whole, row, is_best, self.keep, self.averaged)


def _column(name: str) -> tuple[bool, bool, str]:
    """Training before validation, the loss before what else is measured."""
    return name.startswith("val_"), not name.endswith("loss"), name
