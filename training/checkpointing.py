"""Callbacks that record each epoch: its checkpoint, its row of history, its line in the log."""

import math
import time
from collections.abc import Callable

import keras

from layers.optimizers import unwrap_optimizer
from log import logger
from settings import WorkError
from training.callbacks import Logs
from training.checkpoint_file import Row
from training.run_folder import RunFolder, WeightSwap
from training.schedules import Schedule


class CheckLoss(keras.callbacks.Callback):
    """Stops training if a loss became NaN or infinite. Must come before SaveEpoch, so that the epoch is not saved."""

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        """Raises WorkError."""
        if not (math.isfinite(logs["loss"]) and math.isfinite(logs["val_loss"])):
            raise WorkError(
                f"The loss became NaN or infinite in epoch {epoch + 1} (training {logs['loss']:g}, validation "
                f"{logs['val_loss']:g}). This epoch is not saved. Lower --learning-rates and run again."
            )


class LogEpoch(keras.callbacks.Callback):
    """Writes a line per epoch to the run's `train.log`. On the screen Keras shows its own bar or line."""

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        values = ", ".join(f"{name} {logs[name]:.4f}" for name in sorted(logs, key=_column_order))
        logger.debug(f"Epoch {epoch + 1}/{self.params['epochs']}: {values}")


class SaveEpoch(keras.callbacks.Callback):
    """Saves a checkpoint of the complete model after each epoch, and a row of history.

    Must come before FollowSchedule, which changes the stage.

    Arguments:
        model: the complete model, also if only a part of it is trained.
        best: the best score of earlier sessions.
        keep_checkpoints: whether to keep a checkpoint of every epoch.
        ema_weights: gives the model the weights that are validated, if these are not its own.
        score: the score of a row; higher is better.
    """

    def __init__(
        self,
        model: keras.Model,
        run: RunFolder,
        schedule: Schedule,
        best: float,
        keep_checkpoints: bool,
        ema_weights: WeightSwap | None,
        score: Callable[[Row], float],
    ) -> None:
        super().__init__()
        self.complete_model, self.run, self.schedule, self.best = model, run, schedule, best
        self.keep_checkpoints, self.ema_weights, self.score = keep_checkpoints, ema_weights, score

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self.started = time.monotonic()

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        row = {
            "epoch": epoch + 1,
            "stage": self.schedule.stage,
            "learning_rate": float(keras.ops.convert_to_numpy(self.model.optimizer.learning_rate)),
            "momentum": unwrap_optimizer(self.model.optimizer).current_momentum,
            **{name: float(logs[name]) for name in sorted(logs, key=_column_order)},
            "seconds": time.monotonic() - self.started,
        }
        score = self.score(row)
        is_best = score > self.best
        self.best = max(self.best, score)
        self.run.save(self.complete_model, row, is_best, self.keep_checkpoints, self.ema_weights)


def _column_order(name: str) -> tuple[bool, bool, str]:
    """Sorts training before validation, and the loss before other metrics."""
    return name.startswith("val_"), not name.endswith("loss"), name
