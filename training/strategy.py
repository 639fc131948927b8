"""On which devices a model is trained."""

import contextlib
import faulthandler
import functools
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import keras
import tensorflow as tf

from distributed.cluster import Cluster
from settings import SettingError, bad_setting

UP_WITHIN = 120
"""Seconds that TensorFlow may take to join workers that have just met."""

WORKER_LOST_ERRORS = (
    tf.errors.UnavailableError,
    tf.errors.DeadlineExceededError,
    tf.errors.AbortedError,
    tf.errors.CancelledError,
    tf.errors.InternalError,
)
"""What TensorFlow raises, some 20 seconds later at most, if a worker has gone or has stopped."""


def make_strategy(name: str, cluster: Cluster) -> tf.distribute.Strategy:
    """`none`: TensorFlow's default device. `mirrored`: a copy of the model on each GPU, without GPUs each CPU device.

    `auto` is mirrored if there are two GPUs or more. `multi-worker`: a copy on each GPU of each worker of the cluster,
    without GPUs one on each worker; that must be made before anything else is computed, and is made once.
    """
    if name == "multi-worker":
        return _multi_worker(cluster)
    gpus = tf.config.list_logical_devices("GPU")
    if name == "mirrored" or (name == "auto" and len(gpus) > 1):
        devices = gpus or tf.config.list_logical_devices("CPU")
        return tf.distribute.MirroredStrategy([device.name for device in devices])
    return tf.distribute.get_strategy()


@functools.cache
def _multi_worker(cluster: Cluster) -> tf.distribute.Strategy:
    resolver = tf.distribute.cluster_resolver.SimpleClusterResolver(
        tf.train.ClusterSpec({"worker": cluster.addresses}),
        task_type="worker",
        task_id=cluster.index,
        rpc_layer="grpc",
        num_accelerators={"GPU": len(tf.config.get_visible_devices("GPU"))},
    )
    others = cluster.named(*(number for number in range(cluster.count) if number != cluster.index))
    print(f"Joining {others or 'nobody'}. Should that take more than {UP_WITHIN} seconds, this ends.", flush=True)
    with Path(os.devnull).open("w") as nowhere:
        # TensorFlow waits without end, and lets Python do nothing meanwhile, for one who has met us and died since
        faulthandler.dump_traceback_later(UP_WITHIN, exit=True, file=nowhere)
        try:
            strategy = tf.distribute.MultiWorkerMirroredStrategy(resolver)
        finally:
            faulthandler.cancel_dump_traceback_later()
    signal.signal(signal.SIGTERM, signal.getsignal(signal.SIGTERM))  # TensorFlow has taken it, to do nothing
    return strategy


def fit_for_many(model: keras.Model, strategy: tf.distribute.Strategy) -> keras.Model:
    """Makes `fit` of this model work with several workers, where Keras 3 fails (its issue 20585).

    Keras takes the mean of a batch over all devices to learn its shape, and of the metrics, which are no vectors, along
    their first axis. Only this object changes: what is saved is the model as it was built.
    """
    if not isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy):
        return model

    def build(iterator) -> None:
        _, _, batches = next(iter(iterator))
        batch = tf.nest.map_structure(lambda values: strategy.experimental_local_results(values)[0], next(batches))
        with strategy.scope():
            model._symbolic_build(data_batch=batch)

    model._maybe_symbolic_build = build
    model.train_step, model.test_step = _of_vectors(model.train_step), _of_vectors(model.test_step)
    return model


def _of_vectors(step: Callable) -> Callable:
    return lambda data: {name: tf.reshape(value, [1]) for name, value in step(data).items()}


def mean_over_replicas(
    strategy: tf.distribute.Strategy, values: Callable[[], list[tf.Tensor]]
) -> Callable[[], list[tf.Tensor]]:
    """Gives the means of `values`, which are asked for on each replica, when it is called.

    All workers must call it; none goes on before the others have.
    """

    @tf.function
    def means() -> list[tf.Tensor]:
        return strategy.run(lambda: tf.distribute.get_replica_context().all_reduce("MEAN", values()))

    return lambda: [strategy.experimental_local_results(mean)[0] for mean in means()]


def check_batch_size(strategy: tf.distribute.Strategy, batch_size: int) -> None:
    """Raises SettingError if a batch cannot be shared evenly, which Keras cannot do without."""
    count = strategy.num_replicas_in_sync
    if batch_size % count:
        even = max(batch_size // count, 1) * count
        raise SettingError(
            bad_setting("batch_size", batch_size, f"cannot be shared evenly by {count} devices; use {even}")
        )


@contextlib.contextmanager
def precision(mixed: bool) -> Iterator[None]:
    """Layers made within it compute with 16 bits if `mixed`, in the format that the devices are made for."""
    before = keras.config.dtype_policy()
    if mixed:
        keras.config.set_dtype_policy("mixed_float16" if tf.config.list_logical_devices("GPU") else "mixed_bfloat16")
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def device_line(strategy: tf.distribute.Strategy, cluster: Cluster) -> str:
    """What is trained on, in words."""
    count = strategy.num_replicas_in_sync
    kind = "GPU" if tf.config.list_logical_devices("GPU") else "CPU"
    workers = f" of {cluster.count} workers" if cluster.count > 1 else ""
    if count > 1:
        return f"{count} {'GPUs' if kind == 'GPU' else 'CPU devices'}{workers}, each with its share of a batch"
    return "one GPU" if kind == "GPU" else "CPU"
