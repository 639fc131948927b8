"""Recalibration of batch norm: statistics of the complete training set, as S3 computed them for SegNet."""

from collections.abc import Callable, Sequence
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from layers.batch_norm import KeptBatchNormalization
from layers.keras_private import flatten_layers
from layers.saved import load_saved_model
from log import logger
from settings import WorkError
from storage.records import TableRow, read_rows
from storage.tables import write_table
from training.checkpoint_file import Row
from training.failures import translate_errors
from training.job import TrainingJob
from training.session import Session


class RecalibrationRow(TableRow):
    """A row of `recalibration.csv`, as far as it is read again."""

    epoch: float


STATISTICS = ("moving_mean", "moving_variance")
HEADER = ("epoch", "measure", "before", "after")


def recalibrate(session: Session, prepare: Callable[[Session], TrainingJob]) -> None:
    """Recalibrates the best checkpoint and keeps the better of both as the best. Each epoch is recalibrated once.

    `RUN/recalibration.csv` has the validation metrics before and after.
    Raises WorkError if the model has no trainable batch norm.
    """
    run = session.run
    row = run.best_row()
    if _recalibrated_epoch(run.recalibration) == row["epoch"]:
        logger.info(f"Batch norm is recalibrated already; the metrics are in {run.recalibration}")
        return
    stage, job = session.stage_of(row), prepare(session)
    datasets = job.datasets
    model = load_saved_model(run.best, compiled=True)
    norms = trainable_batch_norms(model)
    if not norms:
        raise WorkError("--recalibrate-bn: the network has no trainable batch norm. Leave this flag out.")
    validation = datasets.validation(stage, 1)
    with translate_errors(session):
        before = _evaluate(model, validation, job)
        set_statistics(norms, compute_statistics(model, norms, datasets.training_images(stage)))
        after = _evaluate(model, validation, job)
    is_better = session.kind.score(_as_row(after)) >= session.kind.score(_as_row(before))
    run.save_recalibrated(model, row | _as_row(after), is_better)
    rows = [(int(row["epoch"]), name, f"{before[name]:.6f}", f"{after[name]:.6f}") for name in before]
    write_table(run.recalibration, HEADER, rows)
    changes = ", ".join(f"{name} {before[name]:.4f} -> {after[name]:.4f}" for name in before)
    logger.info(f"Batch norm recalibrated over {len(session.data.images('train'))} training images: {changes}")
    logger.info(
        "It is the best checkpoint now." if is_better else "Validation is worse, so the best checkpoint stays the same."
    )


def _evaluate(model: keras.Model, batches: tf.data.Dataset, job: TrainingJob) -> dict[str, float]:
    """Loss and metrics of the validation images, by their names without `val_`."""
    metrics: dict[str, float] = model.evaluate(batches, verbose=0, return_dict=True)
    scores = job.epoch_scores(model.predict(batches, verbose=0)) if job.epoch_scores else {}
    return metrics | {name.removeprefix("val_"): value for name, value in scores.items()}


def _recalibrated_epoch(table: Path) -> float | None:
    if not table.exists():
        return None
    rows = read_rows(table, RecalibrationRow, "Remove it, and --recalibrate-bn makes it again.")
    return rows[0].epoch if rows else None


def trainable_batch_norms(model: keras.Model) -> list[keras.layers.BatchNormalization]:
    """The batch norms whose statistics training updates, also those in nested models."""
    norms = [layer for layer in flatten_layers(model) if isinstance(layer, keras.layers.BatchNormalization)]
    return [norm for norm in norms if norm.trainable and not isinstance(norm, KeptBatchNormalization)]


def compute_statistics(
    model: keras.Model, norms: Sequence[keras.layers.BatchNormalization], images: tf.data.Dataset
) -> tuple[np.ndarray, np.ndarray]:
    """Mean and variance of each channel over all images, (channels of all norms,) float64.

    As in training, each batch is normalised by its own statistics. Batches should be mixed: if each has a class of its
    own, as in the order of a manifest that is sorted by class, those of the deeper norms are not what training saw.
    """
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.momentum = 0.0  # the moving statistics then are those of the last batch

    @tf.function(reduce_retracing=True)
    def statistics_of(images: tf.Tensor) -> tuple[tf.Tensor, ...]:
        model(tf.cast(images, tf.float32), training=True)
        return tuple(
            tf.concat([tf.convert_to_tensor(getattr(norm, name)) for norm in norms], axis=0) for name in STATISTICS
        )

    count, totals = 0, np.zeros(())
    for batch in images:
        mean, variance = (values.numpy().astype(np.float64) for values in statistics_of(batch))
        totals = totals + len(batch) * np.stack([mean, variance + mean**2])
        count += len(batch)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
    mean, mean_of_squares = totals / count
    return mean, mean_of_squares - mean**2


def set_statistics(norms: Sequence[keras.layers.BatchNormalization], statistics: tuple[np.ndarray, np.ndarray]) -> None:
    """Assigns the result of `compute_statistics` to the norms."""
    ends = np.cumsum([norm.moving_mean.shape[0] for norm in norms])[:-1]
    for name, values in zip(STATISTICS, statistics, strict=True):
        for norm, of_norm in zip(norms, np.split(values, ends), strict=True):
            getattr(norm, name).assign(of_norm)


def _as_row(metrics: dict[str, float]) -> Row:
    return {f"val_{name}": value for name, value in metrics.items()}
