"""On which devices a model is trained."""

import contextlib
from collections.abc import Iterator

import keras
import tensorflow as tf

from settings import SettingError, fault


def make_strategy(name: str) -> tf.distribute.Strategy:
    """`none`: TensorFlow's default device. `mirrored`: a copy of the model on each GPU, without GPUs each CPU device.

    `auto` is mirrored if there are two GPUs or more.
    """
    gpus = tf.config.list_logical_devices("GPU")
    if name == "mirrored" or (name == "auto" and len(gpus) > 1):
        devices = gpus or tf.config.list_logical_devices("CPU")
        return tf.distribute.MirroredStrategy([device.name for device in devices])
    return tf.distribute.get_strategy()


def check_batch_size(strategy: tf.distribute.Strategy, batch_size: int) -> None:
    """Raises SettingError if a batch cannot be shared evenly, which Keras cannot do without."""
    count = strategy.num_replicas_in_sync
    if batch_size % count:
        even = max(batch_size // count, 1) * count
        raise SettingError(fault("batch_size", batch_size, f"cannot be shared evenly by {count} devices; use {even}"))


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


def device_line(strategy: tf.distribute.Strategy) -> str:
    """What is trained on, in words."""
    gpus = tf.config.list_logical_devices("GPU")
    count = strategy.num_replicas_in_sync
    if count > 1:
        return f"{count} {'GPUs' if gpus else 'CPU devices'}, each with its share of a batch"
    return "one GPU" if gpus else "CPU"
