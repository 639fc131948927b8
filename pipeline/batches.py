"""Batches for training and validation. Each training batch is a function of the seed and its number alone."""

import os
from collections.abc import Callable

import tensorflow as tf

from distributed.data_service import Service

Sample = tuple[tf.Tensor, ...]
"""An image and, for most models, its label or mask."""

LoadSample = Callable[..., Sample]
"""Takes the index of an image and, if there is a DrawBoxes, the box drawn for it. Returns the sample."""

DrawBoxes = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]
"""Takes a number of images and a seed of two integers. Returns a box for each image, (images, ...)."""

ChangeBatch = Callable[[Sample, tf.Tensor], Sample]
"""Takes a batch and a seed of two integers. Returns the batch with random changes."""

CORES = os.cpu_count() or 1
PARALLEL_LOADS, THREADS = 4 * CORES, 2 * CORES
"""Images that are loaded in parallel, and threads that load them. Since images must stay in order, a tenth of the
processors would be idle with the numbers that AUTOTUNE chooses and one thread per core."""


def training_batches(
    load: LoadSample,
    count: int,
    batch_size: int,
    seed: int,
    first_step: int,
    change: ChangeBatch | None = None,
    service: Service | None = None,
    draw: DrawBoxes | None = None,
) -> tf.data.Dataset:
    """An endless dataset of batches of the images 0..count-1, starting at batch number `first_step`.

    Each pass over the images has its own order and leaves out the images that do not fill a batch, others in each pass.
    Batch n depends only on the seed and on n, so a resumed run sees the batches of an uninterrupted run, and a service
    can distribute batches over its workers by their numbers.
    """
    per_pass = count // batch_size * batch_size
    if per_pass == 0:
        raise ValueError(f"a batch of {batch_size} cannot be filled from {count} images")

    def arguments_of_pass(number: tf.Tensor) -> tuple[tf.Tensor, ...]:
        """The arguments of `load` for each image, in the order of this pass."""
        order = tf.random.experimental.stateless_shuffle(tf.range(count), (seed, number))[:per_pass]
        return (order, draw(per_pass, tf.stack([seed + 2, number]))) if draw else (order,)

    def numbered_pass(number: tf.Tensor) -> tf.data.Dataset:
        numbers = number * per_pass + tf.range(per_pass, dtype=tf.int64)
        return tf.data.Dataset.from_tensor_slices((numbers, arguments_of_pass(number)))

    def numbered_batch(step: tf.Tensor) -> tf.data.Dataset:
        numbers = step * batch_size + tf.range(batch_size, dtype=tf.int64)
        arguments = [tf.gather(values, numbers % per_pass) for values in arguments_of_pass(numbers[0] // per_pass)]
        return tf.data.Dataset.from_tensor_slices((numbers, tuple(arguments)))

    def changed(numbers: tf.Tensor, batch: Sample) -> Sample:
        return change(batch, tf.stack([tf.constant(seed + 1, tf.int64), numbers[0] // batch_size])) if change else batch

    if service:
        numbered = tf.data.Dataset.range(first_step, tf.int64.max).flat_map(numbered_batch)
    else:
        first_pass, skipped = divmod(first_step * batch_size, per_pass)
        numbered = tf.data.Dataset.range(first_pass, tf.int64.max).flat_map(numbered_pass).skip(skipped)
    samples = numbered.map(lambda number, arguments: (number, load(*arguments)), PARALLEL_LOADS)
    batches = samples.batch(batch_size, drop_remainder=True).map(changed, tf.data.AUTOTUNE)
    if service:
        return service.distribute(_prefetched(batches), first_step)
    return _prefetched(batches)


def validation_batches(load: LoadSample, count: int, batch_size: int, devices: int = 1) -> tf.data.Dataset:
    """All images once, in order; the last batch may be smaller.

    Several devices must share each batch equally; if they cannot, the first few images are repeated at the end.
    """
    padded_count = -(-count // devices) * devices
    indices = tf.data.Dataset.range(padded_count).map(lambda index: index % count)
    return _prefetched(indices.map(load, tf.data.AUTOTUNE).batch(batch_size))


def mixed_batches(load: LoadSample, count: int, batch_size: int, seed: int) -> tf.data.Dataset:
    """All images once, in an order of the seed, in batches of at most `batch_size` that differ by one image at most.

    So no batch is made of the few images that are left over.
    """
    order = tf.data.Dataset.from_tensor_slices(
        tf.random.experimental.stateless_shuffle(tf.range(count, dtype=tf.int64), (seed, 0))
    )
    smaller, larger_batches = divmod(count, -(-count // batch_size))
    in_larger = larger_batches * (smaller + 1)
    samples = [part.map(load, tf.data.AUTOTUNE) for part in (order.take(in_larger), order.skip(in_larger))]
    return _prefetched(samples[0].batch(smaller + 1).concatenate(samples[1].batch(smaller)))


def _prefetched(batches: tf.data.Dataset) -> tf.data.Dataset:
    """Prefetches batches. Several devices divide the data by batches, because there are no files to divide it by."""
    options = tf.data.Options()
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.DATA
    options.deterministic = True
    options.threading.private_threadpool_size = THREADS
    return batches.with_options(options).prefetch(tf.data.AUTOTUNE)
