"""The devices on which a model is trained."""

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
from distributed.loopback import keep_on_loopback
from layers.keras_private import build_from_local_batch
from log import logger
from settings import SettingError, bad_setting

JOIN_TIMEOUT = 120
"""Seconds that TensorFlow may take to connect workers that have all started."""

WORKER_LOST_ERRORS = (
    tf.errors.UnavailableError,
    tf.errors.DeadlineExceededError,
    tf.errors.AbortedError,
    tf.errors.CancelledError,
    tf.errors.InternalError,
)
"""Errors that TensorFlow raises, after at most some 20 seconds, if a worker has ended or hangs."""


def make_strategy(name: str, cluster: Cluster) -> tf.distribute.Strategy:
    """The strategy for the setting of this name.

    none: TensorFlow's default device.
    mirrored: a replica of the model on each GPU; without GPUs, on each CPU device.
    auto: mirrored if there are two or more GPUs, otherwise none.
    multi-worker: a replica on each GPU of each worker; without GPUs, one on each worker. This strategy must be made
    before anything else is computed, and is made once. If all workers are on this machine, no other one reaches them.
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
    others = cluster.describe(*(number for number in range(cluster.count) if number != cluster.index))
    logger.info(f"Connecting to {others or 'no other worker'}. This ends after at most {JOIN_TIMEOUT} seconds.")
    with Path(os.devnull).open("w") as nowhere:
        # if a worker ends before it is connected, TensorFlow blocks forever, and no Python code can run meanwhile
        faulthandler.dump_traceback_later(JOIN_TIMEOUT, exit=True, file=nowhere)
        try:
            strategy = tf.distribute.MultiWorkerMirroredStrategy(resolver)
        finally:
            faulthandler.cancel_dump_traceback_later()
    if cluster.is_local:
        keep_on_loopback(cluster.port)
    # TensorFlow has replaced the handler by its own
    signal.signal(signal.SIGTERM, signal.getsignal(signal.SIGTERM))
    return strategy


def adapt_to_workers(model: keras.Model, strategy: tf.distribute.Strategy) -> keras.Model:
    """Makes `fit` of this model work with several workers, where Keras 3 fails (issue 20585).

    Keras concatenates the metrics of all workers along their first axis, but metrics are scalars. Only this object
    changes; the saved model does not.
    """
    if isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy):
        build_from_local_batch(model, strategy)
        model.train_step = _with_vector_metrics(model.train_step)
        model.test_step = _with_vector_metrics(model.test_step)
    return model


def _with_vector_metrics(step: Callable[..., dict[str, tf.Tensor]]) -> Callable[..., dict[str, tf.Tensor]]:
    return lambda data: {name: tf.reshape(value, [1]) for name, value in step(data).items()}


def mean_over_replicas(
    strategy: tf.distribute.Strategy, values: Callable[[], list[tf.Tensor]]
) -> Callable[[], list[tf.Tensor]]:
    """A function that returns the mean of each of `values` over all replicas.

    All workers must call it; none continues before the others have called it.
    """

    @tf.function
    def means() -> list[tf.Tensor]:
        return strategy.run(lambda: tf.distribute.get_replica_context().all_reduce("MEAN", values()))

    return lambda: [strategy.experimental_local_results(mean)[0] for mean in means()]


def check_batch_size(strategy: tf.distribute.Strategy, batch_size: int) -> None:
    """Raises SettingError if the devices cannot share a batch equally, as Keras requires."""
    count = strategy.num_replicas_in_sync
    if batch_size % count:
        possible = max(batch_size // count, 1) * count
        allowed = f"cannot be shared equally by {count} devices; use {possible}"
        raise SettingError(bad_setting("batch_size", batch_size, allowed))


@contextlib.contextmanager
def dtype_policy(mixed_precision: bool) -> Iterator[None]:
    """With `mixed_precision`, layers that are created in this context compute in float16 (GPUs) or bfloat16."""
    before = keras.config.dtype_policy()
    if mixed_precision:
        has_gpu = bool(tf.config.list_logical_devices("GPU"))
        keras.config.set_dtype_policy("mixed_float16" if has_gpu else "mixed_bfloat16")
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def describe_devices(strategy: tf.distribute.Strategy, cluster: Cluster) -> str:
    count = strategy.num_replicas_in_sync
    kind = "GPU" if tf.config.list_logical_devices("GPU") else "CPU"
    workers = f" of {cluster.count} workers" if cluster.count > 1 else ""
    if count > 1:
        return f"{count} {'GPUs' if kind == 'GPU' else 'CPU devices'}{workers}, each with its share of a batch"
    return "one GPU" if kind == "GPU" else "CPU"
