"""What the screen shows of a training: a bar during each epoch, and a line with the deciding score at its end."""

import sys
import time
from collections.abc import Iterable

import keras
from tqdm import tqdm

from log import duration
from training.callbacks import Logs
from training.kinds import Kind

SCORE_NAMES = {
    "val_accuracy": "validation accuracy",
    "val_map": "validation mean average precision",
    "val_mean_iou": "validation mean IoU",
    "val_loss": "validation loss",
}


class ShowEpochs(keras.callbacks.Callback):
    """Shows loss, deciding score and the time that is left. All other metrics are in the log and in `history.csv`.

    Arguments:
        epochs: the largest number of epochs of the run.
        verbose: as in TrainingConfig. A bar needs a terminal; elsewhere there are only lines.
        best: the best score of earlier sessions.
    """

    def __init__(self, kind: Kind, epochs: int, verbose: str, best: float) -> None:
        super().__init__()
        self.kind, self.epochs, self.verbose, self.best = kind, epochs, verbose, best
        self.seconds: list[float] = []
        self.bar: tqdm | None = None

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self.started = time.monotonic()
        if self.verbose == "bar" and sys.stdout.isatty():
            title = f"Epoch {epoch + 1}/{self.epochs}"
            self.bar = tqdm(total=self.params["steps"], desc=title, unit=" batches", leave=False, file=sys.stdout)

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        if self.bar is not None:
            self.bar.update(batch + 1 - self.bar.n)  # several batches may be run at once

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        self._close()
        self.seconds.append(time.monotonic() - self.started)
        score = self.kind.score(logs)
        is_best, self.best = score > self.best, max(score, self.best)
        if self.verbose == "none":
            return
        parts = [f"Epoch {epoch + 1}/{self.epochs}: loss {logs['loss']:.4f}", self._score(logs, is_best)]
        parts.append(duration(self.seconds[-1]))
        if left := seconds_left(self.seconds, self.epochs - epoch - 1):
            parts.append(f"about {duration(left)} left")
        print(", ".join(parts), flush=True)

    def on_train_end(self, logs: Logs | None = None) -> None:
        self._close()

    def _score(self, logs: Logs, is_best: bool) -> str:
        column = self.kind.score_column
        name = SCORE_NAMES.get(column, column)
        return f"{name} {logs[column]:.4f}" + (" (best so far)" if is_best else "")

    def _close(self) -> None:
        if self.bar is not None:
            self.bar.close()
            self.bar = None


def seconds_left(seconds: Iterable[float], epochs: int) -> float:
    """The time of the remaining epochs, if there are all of them. The first epoch of a session takes longer."""
    first, *others = seconds
    return epochs * (sum(others) / len(others) if others else first)
