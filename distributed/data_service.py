"""Batches made by the workers of a tf.data service on other machines.

https://www.tensorflow.org/api_docs/python/tf/data/experimental/service
"""

import threading
from dataclasses import dataclass

import tensorflow as tf

from settings import WorkError

READY_WITHIN = 30.0
"""Seconds within which a service must give a first element. A service without workers gives none."""


@dataclass(frozen=True)
class Service:
    """A tf.data service as one training uses it.

    Attributes:
        address: of the dispatcher, grpc://host:port.
        identity: a name of this start of the training.
        is_shared: whether several processes train together and share the batches.
    """

    address: str
    identity: str
    is_shared: bool

    def distribute(self, batches: tf.data.Dataset, first_step: int) -> tf.data.Dataset:
        """The same batches, each made once by one worker of the service, which gets the numbers of batches one by one.

        With one worker the order stays the same, with several it nearly does. If training is shared, each batch goes to
        one of the processes. That process uses it for as many steps as it has devices, with a share on each device. So
        no two processes see the same image, and together they see each image once.
        Raises WorkError if the service has no worker.
        """
        self._check()
        batches = batches.apply(
            tf.data.experimental.service.distribute(
                tf.data.experimental.service.ShardingPolicy.DYNAMIC,
                self.address,
                job_name=f"{self.identity}-{first_step}" if self.is_shared else None,
            )
        )
        options = tf.data.Options()
        policies = tf.data.experimental.AutoShardPolicy
        options.experimental_distribute.auto_shard_policy = policies.OFF if self.is_shared else policies.DATA
        return batches.with_options(options).prefetch(tf.data.AUTOTUNE)

    def _check(self) -> None:
        """Asks for one element: without workers TensorFlow would wait forever. Raises WorkError."""
        numbers = tf.data.Dataset.range(1).apply(
            tf.data.experimental.service.distribute(tf.data.experimental.service.ShardingPolicy.OFF, self.address)
        )
        request = threading.Thread(target=lambda: list(numbers), daemon=True)
        request.start()
        request.join(READY_WITHIN)
        if request.is_alive():
            raise WorkError(
                f"The tf.data service at {self.address} gives nothing within {READY_WITHIN:g} seconds; probably it has "
                "no worker. Start one: python -m training.data_service --role worker."
            )
