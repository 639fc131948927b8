"""Batches for training and validation, of which each is a function of the seed and its number."""

from collections.abc import Sequence

import tensorflow as tf

from pipeline.augment import Augment
from pipeline.cache import Loader


def training_batches(
    load: Loader, labels: Sequence[int], batch_size: int, seed: int, first_step: int, augment: Augment | None
) -> tf.data.Dataset:
    """An endless stream of (images, labels), begun at batch number `first_step`.

    Each pass over the images has an order of its own and leaves out the few that fill no batch, others in each pass.
    Batch n depends on the seed and n alone, so a resumed run sees what an unbroken one would have seen.
    Images are (batch, height, width, 3) with values 0..255, labels (batch,) class indices.
    """
    count = len(labels)
    per_pass = count // batch_size * batch_size
    if per_pass == 0:
        raise ValueError(f"a batch of {batch_size} cannot be filled from {count} images")
    all_labels = tf.constant(labels, tf.int32)

    def order(number_of_pass: tf.Tensor) -> tf.data.Dataset:
        shuffled = tf.random.experimental.stateless_shuffle(tf.range(count), (seed, number_of_pass))
        return tf.data.Dataset.from_tensor_slices(shuffled[:per_pass])

    def augmented(step: tf.Tensor, batch: tuple[tf.Tensor, tf.Tensor]) -> tuple[tf.Tensor, tf.Tensor]:
        images, batch_labels = batch
        return augment(images, tf.stack([tf.constant(seed + 1, tf.int64), step])), batch_labels

    first_pass, skipped = divmod(first_step * batch_size, per_pass)
    passes = tf.data.Dataset.range(first_pass, tf.int64.max)
    samples = passes.flat_map(order).skip(skipped).map(lambda i: (load(i), all_labels[i]), tf.data.AUTOTUNE)
    batches = samples.batch(batch_size, drop_remainder=True)
    if augment:
        batches = batches.enumerate(first_step).map(augmented, tf.data.AUTOTUNE)
    return _on_cpu(batches)


def validation_batches(load: Loader, labels: Sequence[int], batch_size: int, devices: int = 1) -> tf.data.Dataset:
    """All images once, in order; the last batch may be smaller. As `training_batches` otherwise.

    Several devices must share each batch evenly: for them the first few images come once more at the end.
    """
    all_labels = tf.constant(labels, tf.int32)
    count = -(-len(labels) // devices) * devices
    indices = tf.data.Dataset.range(count).map(lambda i: i % len(labels))
    samples = indices.map(lambda i: (load(i), all_labels[i]), tf.data.AUTOTUNE)
    return _on_cpu(samples.batch(batch_size))


def _on_cpu(batches: tf.data.Dataset) -> tf.data.Dataset:
    """Prefetched; split over several devices by batches, since there are no files to split by."""
    options = tf.data.Options()
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.DATA
    options.deterministic = True
    return batches.with_options(options).prefetch(tf.data.AUTOTUNE)
