"""Batches for training and validation, of which each is a function of the seed and its number."""

import os
from collections.abc import Callable

import tensorflow as tf

from distributed.data_service import Service

Load = Callable[..., tuple]
"""Takes the index of an image, gives what is learnt from: the image and, for most models, its label or mask.

Takes also, if there is a Draw, what was drawn for it.
"""

Draw = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]
"""Takes a number of images and a seed of two integers, gives what each is loaded with, (images, ...)."""

Change = Callable[[tuple, tf.Tensor], tuple]
"""Takes a batch and a seed of two integers, gives the batch as it is trained on."""

CORES = os.cpu_count() or 1
AT_ONCE, THREADS = 4 * CORES, 2 * CORES
"""Images that are loaded side by side, and by how many threads: as they must come in order, a tenth of the processors
is idle with what AUTOTUNE chooses and a thread a core."""


def training_batches(
    load: Load,
    count: int,
    batch_size: int,
    seed: int,
    first_step: int,
    change: Change | None = None,
    service: Service | None = None,
    draw: Draw | None = None,
) -> tf.data.Dataset:
    """An endless stream of batches of the images 0..count-1, begun at batch number `first_step`.

    Each pass over the images has an order of its own and leaves out the few that fill no batch, others in each pass.
    Batch n depends on the seed and n alone, so a resumed run sees what an unbroken one would have seen; and a service
    can share batches out by their numbers, each to one of its workers.
    """
    per_pass = count // batch_size * batch_size
    if per_pass == 0:
        raise ValueError(f"a batch of {batch_size} cannot be filled from {count} images")

    def images(number_of_pass: tf.Tensor) -> tuple[tf.Tensor, ...]:
        """What each is loaded with, in their order."""
        order = tf.random.experimental.stateless_shuffle(tf.range(count), (seed, number_of_pass))[:per_pass]
        return (order, draw(per_pass, tf.stack([seed + 2, number_of_pass]))) if draw else (order,)

    def numbered_pass(number_of_pass: tf.Tensor) -> tf.data.Dataset:
        numbers = number_of_pass * per_pass + tf.range(per_pass, dtype=tf.int64)
        return tf.data.Dataset.from_tensor_slices((numbers, images(number_of_pass)))

    def numbered_batch(step: tf.Tensor) -> tf.data.Dataset:
        numbers = step * batch_size + tf.range(batch_size, dtype=tf.int64)
        of_batch = [tf.gather(each, numbers % per_pass) for each in images(numbers[0] // per_pass)]
        return tf.data.Dataset.from_tensor_slices((numbers, tuple(of_batch)))

    def changed(numbers: tf.Tensor, batch: tuple) -> tuple:
        return change(batch, tf.stack([tf.constant(seed + 1, tf.int64), numbers[0] // batch_size])) if change else batch

    if service:
        numbered = tf.data.Dataset.range(first_step, tf.int64.max).flat_map(numbered_batch)
    else:
        first_pass, skipped = divmod(first_step * batch_size, per_pass)
        numbered = tf.data.Dataset.range(first_pass, tf.int64.max).flat_map(numbered_pass).skip(skipped)
    samples = numbered.map(lambda number, image: (number, load(*image)), AT_ONCE)
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
    options.threading.private_threadpool_size = THREADS
    return batches.with_options(options).prefetch(tf.data.AUTOTUNE)
