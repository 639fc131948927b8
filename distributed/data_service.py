"""Batches made by the workers of a tf.data service, on other machines: https://www.tensorflow.org/api_docs/python/tf/data/experimental/service"""

import threading
from dataclasses import dataclass

import tensorflow as tf

from settings import WorkError

READY_WITHIN = 30.0
"""Seconds that a service has to give a first answer, which needs a worker."""


@dataclass(frozen=True)
class Service:
    """Attributes:
    address: of the dispatcher, grpc://host:port.
    identity: a name of this start of training.
    is_shared: whether several processes train together, and each takes what is there.
    """

    address: str
    identity: str
    is_shared: bool

    def makes(self, batches: tf.data.Dataset, first_step: int) -> tf.data.Dataset:
        """The same batches, each made once, by one worker of the service: it gets the numbers of batches one by one.

        With one worker they come in their order, with several nearly so. If training is shared, each batch goes to one
        of its processes, which takes it in as many steps as there are devices, a share in each: all see other pictures,
        and together each picture once.
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
        """A dispatcher without workers would be waited for without end."""
        numbers = tf.data.Dataset.range(1).apply(
            tf.data.experimental.service.distribute(tf.data.experimental.service.ShardingPolicy.OFF, self.address)
        )
        asking = threading.Thread(target=lambda: list(numbers), daemon=True)
        asking.start()
        asking.join(READY_WITHIN)
        if asking.is_alive():
            raise WorkError(
                f"The tf.data service at {self.address} gives nothing within {READY_WITHIN:g} seconds: has it no "
                "worker? python -m training.data_service --role worker starts one."
            )
