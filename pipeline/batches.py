"""Batches for training and validation, of which each is a function of the seed and its number."""

from collections.abc import Callable

import tensorflow as tf

from pipeline.service import Service

Load = Callable[[tf.Tensor], tuple]
"""Takes the index of an image, gives what is learnt from: the image and, for most models, its label or mask."""

Change = Callable[[tuple, tf.Tensor], tuple]
"""Takes a batch and a seed of two integers, gives the batch as it is trained on."""


def training_batches(
    load: Load,
    count: int,
    batch_size: int,
    seed: int,
    first_step: int,
    change: Change | None = None,
    service: Service | None = None,
) -> tf.data.Dataset:
    """An endless stream of batches of the images 0..count-1, begun at batch number `first_step`.

    Each pass over the images has an order of its own and leaves out the few that fill no batch, others in each pass.
    Batch n depends on the seed and n alone, so a resumed run sees what an unbroken one would have seen; and a service
    can share batches out by their numbers, each to one of its workers.
    """
    per_pass = count // batch_size * batch_size
    if per_pass == 0:
        raise ValueError(f"a batch of {batch_size} cannot be filled from {count} images")

    def order(number_of_pass: tf.Tensor) -> tf.Tensor:
        shuffled = tf.random.experimental.stateless_shuffle(tf.range(count), (seed, number_of_pass))
        return shuffled[:per_pass]

    def numbered_pass(number_of_pass: tf.Tensor) -> tf.data.Dataset:
        first = number_of_pass * per_pass
        return tf.data.Dataset.from_tensor_slices((first + tf.range(per_pass, dtype=tf.int64), order(number_of_pass)))

    def numbered_batch(step: tf.Tensor) -> tf.data.Dataset:
        numbers = step * batch_size + tf.range(batch_size, dtype=tf.int64)
        indices = tf.gather(order(numbers[0] // per_pass), numbers % per_pass)
        return tf.data.Dataset.from_tensor_slices((numbers, indices))

    def changed(numbers: tf.Tensor, batch: tuple) -> tuple:
        return change(batch, tf.stack([tf.constant(seed + 1, tf.int64), numbers[0] // batch_size])) if change else batch

    if service:
        numbered = tf.data.Dataset.range(first_step, tf.int64.max).flat_map(numbered_batch)
    else:
        first_pass, skipped = divmod(first_step * batch_size, per_pass)
        numbered = tf.data.Dataset.range(first_pass, tf.int64.max).flat_map(numbered_pass).skip(skipped)
    samples = numbered.map(lambda number, index: (number, load(index)), tf.data.AUTOTUNE)
    batches = samples.batch(batch_size, drop_remainder=True).map(changed, tf.data.AUTOTUNE)
    if service:
        return service.makes(_on_cpu(batches), first_step)
    return _on_cpu(batches)


def validation_batches(load: Load, count: int, batch_size: int, devices: int = 1) -> tf.data.Dataset:
    """All images once, in order; the last batch may be smaller.

    Several devices must share each batch evenly: for them the first few images come once more at the end.
    """
    shared_by_all = -(-count // devices) * devices
    indices = tf.data.Dataset.range(shared_by_all).map(lambda i: i % count)
    return _on_cpu(indices.map(load, tf.data.AUTOTUNE).batch(batch_size))


def _on_cpu(batches: tf.data.Dataset) -> tf.data.Dataset:
    """Prefetched; split over several devices by batches, since there are no files to split by."""
    options = tf.data.Options()
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.DATA
    options.deterministic = True
    return batches.with_options(options).prefetch(tf.data.AUTOTUNE)
