"""Batch-norm statistics estimated anew over the training set, as S3 did before it tested (SegNet's test weights)."""

from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from layers.saved import load_saved_model
from settings import WorkError
from storage.tables import read_table, write_table
from training.failures import translate_errors
from training.job import TrainingJob
from training.run_folder import checkpoint_row
from training.session import Session

MOVING = ("moving_mean", "moving_variance")
HEADER = ("epoch", "measure", "before", "after")


def recalibrate(session: Session, prepare: Callable[[Session], TrainingJob]) -> None:
    """Does so for the run's best checkpoint, and keeps the better of both as the best; the other lies beside it.

    `RUN/recalibration.csv` has the validation metrics before and after. What was done for an epoch is not done again.
    Raises WorkError if the model has no batch norm that learns.
    """
    run = session.run
    row = checkpoint_row(run.best)
    if _done_for(run.recalibration) == row["epoch"]:
        print(f"Recalibrated before; {run.recalibration} has the metrics.")
        return
    stage, batches = session.stages[min(int(row["stage"]), len(session.stages) - 1)], prepare(session).batches
    model = load_saved_model(run.best, compiled=True)
    norms = batch_norms(model)
    if not norms:
        raise WorkError("--recalibrate-bn: the network has no batch norm whose statistics were learnt.")
    validation = batches.validation(stage, 1)
    with translate_errors(session):
        before = model.evaluate(validation, verbose=0, return_dict=True)
        take_statistics(model, norms, batches.pictures(stage))
        after = model.evaluate(validation, verbose=0, return_dict=True)
    score = session.kind.score
    better = score(_validated(after)) >= score(_validated(before))
    run.save_recalibrated(model, row | _validated(after), better)
    rows = [(int(row["epoch"]), name, f"{before[name]:.6f}", f"{after[name]:.6f}") for name in before]
    write_table(run.recalibration, HEADER, rows)
    shown = ", ".join(f"{name} {before[name]:.4f} -> {after[name]:.4f}" for name in before)
    print(f"Batch norm recalibrated over {len(session.data.images('train'))} training images: {shown}")
    print("It is the best checkpoint now." if better else "It validates worse, so the best checkpoint stays as it was.")


def _done_for(table: Path) -> float | None:
    """The epoch."""
    return float(read_table(table)[0]["epoch"]) if table.exists() else None


def batch_norms(model: keras.Model) -> list[keras.layers.BatchNormalization]:
    """Those whose statistics follow the batches, in models within the model too."""
    layers = model._flatten_layers(include_self=False)
    return [layer for layer in layers if isinstance(layer, keras.layers.BatchNormalization) and layer.trainable]


def take_statistics(
    model: keras.Model, norms: list[keras.layers.BatchNormalization], pictures: tf.data.Dataset
) -> None:
    """Gives the norms mean and variance over all pictures. Each batch goes through as in training: by its own ones."""
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.momentum = 0.0  # what moves is then the statistics of the last batch

    @tf.function(reduce_retracing=True)
    def statistics(images: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        model(tf.cast(images, tf.float32), training=True)
        return tuple(
            tf.concat([tf.convert_to_tensor(getattr(norm, name)) for norm in norms], axis=0) for name in MOVING
        )

    count, totals = 0, 0.0
    for images in pictures:
        mean, variance = (values.numpy().astype(np.float64) for values in statistics(images))
        totals += len(images) * np.stack([mean, variance + mean**2])
        count += len(images)
    mean, mean_of_squares = totals / count
    ends = np.cumsum([norm.moving_mean.shape[0] for norm in norms])[:-1]
    values = (np.split(mean, ends), np.split(mean_of_squares - mean**2, ends))
    for norm, momentum, *moving in zip(norms, momenta, *values, strict=True):
        norm.momentum = momentum
        for name, value in zip(MOVING, moving, strict=True):
            getattr(norm, name).assign(value)


def _validated(metrics: dict[str, float]) -> dict[str, float]:
    return {f"val_{name}": value for name, value in metrics.items()}
