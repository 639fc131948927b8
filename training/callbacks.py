"""Callbacks of the training loop: learning rate and stages, random seeds, TensorBoard."""

from collections.abc import Callable, MutableMapping, Sequence

import keras

from layers.optimizers import unwrap_optimizer
from training.checkpoint_file import Row
from training.schedules import Schedule

Logs = MutableMapping[str, float]
"""Loss and metrics of an epoch or batch, which Keras gives to callbacks."""


class FollowSchedule(keras.callbacks.Callback):
    """Sets learning rate and momentum of each batch. Stops training when a stage ends or the target is reached."""

    def __init__(self, schedule: Schedule, target_reached: Callable[[Sequence[Row]], bool]) -> None:
        super().__init__()
        self.schedule, self.target_reached = schedule, target_reached
        self.epoch = 0
        self.current: tuple[float | None, float | None] = (None, None)

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self.current = (None, None)  # the model may have another optimizer now

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self.epoch = epoch
        self._update(epoch)

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        self._update(self.epoch + batch / self.params["steps"])

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        stage = self.schedule.stage
        row = {**logs, "epoch": epoch + 1, "stage": stage}
        self.schedule.observe(row)
        self.model.stop_training = self.target_reached([row]) or self.schedule.stage != stage

    def _update(self, time: float) -> None:
        rate, momentum = self.schedule.learning_rate(time), self.schedule.momentum(time)
        if (rate, momentum) != self.current:
            self.model.optimizer.learning_rate = rate
            if momentum is not None:
                unwrap_optimizer(self.model.optimizer).set_momentum(momentum)
            self.current = rate, momentum


DRAWS_PER_EPOCH = 2**18
"""Random numbers that a generator can draw in an epoch. TensorFlow takes its counter modulo 2**31: 8192 epochs."""


class SeedEpochs(keras.callbacks.Callback):
    """Makes the random numbers of layers such as dropout a function of seed and epoch.

    Keras does not save the state of random generators, so without this a resumed run would draw other numbers than an
    uninterrupted one. Validation draws the same numbers after every epoch, so that losses are comparable.
    """

    def __init__(self, seed: int) -> None:
        super().__init__()
        self.seed = seed

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self._seed(epoch)

    def on_test_begin(self, logs: Logs | None = None) -> None:
        self._seed(-1)

    def _seed(self, epoch: int) -> None:
        """Generators count up by one per batch, so the counters of two epochs are far apart and never meet."""
        weights = {id(weight) for weight in self.model.weights}
        states = [variable for variable in self.model.variables if id(variable) not in weights]
        for number, state in enumerate(states):
            state.assign([self.seed * 1000 + number, epoch * DRAWS_PER_EPOCH])


class EpochTensorBoard(keras.callbacks.TensorBoard):
    """Curves by epoch for TensorBoard. Keras's own callback also computes values of each batch, but writes none."""

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        pass


class AfterFirstBatch(keras.callbacks.Callback):
    """Calls a function once, after the first batch, so that training starts without waiting for it."""

    def __init__(self, work: Callable[[], None]) -> None:
        super().__init__()
        self.work: Callable[[], None] | None = work

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        if self.work:
            self.work()
            self.work = None
