"""The cluster: the machines that train one model together, read from TF_CONFIG or from SLURM."""

import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Literal

from pydantic import BaseModel, Field, ValidationError

from command import import_tensorflow
from distributed.loopback import is_loopback
from settings import SettingError, bad_setting

SLURM = ("SLURM_PROCID", "SLURM_STEP_NUM_TASKS", "SLURM_STEP_NODELIST", "SLURM_STEP_TASKS_PER_NODE")
"""The variables that TensorFlow's SlurmClusterResolver reads."""

EXAMPLE = '{"cluster": {"worker": ["first:2222", "second:2222"]}, "task": {"type": "worker", "index": 0}}'

HOW = (
    f"needs the list of machines: set TF_CONFIG='{EXAMPLE}' on each machine, with its own index, or start the command "
    "by srun in a SLURM job; or use --strategy auto"
)


@dataclass(frozen=True)
class Cluster:
    """The processes that train one model together, called workers. Each has one machine or a share of it.

    Attributes:
        index: the number of this worker. Worker 0 is the chief, which alone writes to the run's folder.
        count: the number of workers.
        find_addresses: returns host:port of each worker.
    """

    index: int = 0
    count: int = 1
    find_addresses: Callable[[], Sequence[str]] = tuple

    @property
    def is_chief(self) -> bool:
        return self.index == 0

    @cached_property
    def addresses(self) -> tuple[str, ...]:
        """host:port of each worker. With SLURM this imports TensorFlow."""
        return tuple(self.find_addresses())

    @property
    def host(self) -> str:
        """The name of this machine in the cluster."""
        return self.addresses[self.index].rpartition(":")[0]

    @property
    def port(self) -> int:
        """The port at which this worker listens."""
        return int(self.addresses[self.index].rpartition(":")[2])

    @property
    def is_local(self) -> bool:
        """Whether all workers run on this machine, so that no other one has to reach them."""
        return all(is_loopback(address.rpartition(":")[0]) for address in self.addresses)

    def describe(self, *workers: int) -> str:
        """The numbers and addresses of some workers, for messages."""
        return ", ".join(
            f"worker {number}{', the chief,' * (number == 0)} at {self.addresses[number]}" for number in workers
        )


def find_cluster(strategy: str, environment: Mapping[str, str] = os.environ) -> Cluster:
    """The cluster of this process: itself alone, unless `strategy` is multi-worker. TF_CONFIG overrides SLURM.

    Raises SettingError if neither is set, or if it is wrong.
    """
    if strategy != "multi-worker":
        return Cluster()
    if environment.get("TF_CONFIG"):
        return _read_tf_config(environment["TF_CONFIG"])
    if "SLURM_PROCID" in environment:
        return _read_slurm(environment)
    raise SettingError(bad_setting("strategy", strategy, HOW))


class _Task(BaseModel):
    type: Literal["chief", "worker"]
    index: Annotated[int, Field(ge=0)]


class _TFConfig(BaseModel):
    """https://www.tensorflow.org/guide/distributed_training#TF_CONFIG, without the jobs that are not used here."""

    cluster: dict[Literal["chief", "worker"], list[Annotated[str, Field(pattern=r"^[^\s:/]+:\d{1,5}$")]]]
    task: _Task


def _read_tf_config(text: str) -> Cluster:
    try:
        config = _TFConfig.model_validate_json(text)
    except ValidationError as error:
        faults = [f"{'.'.join(map(str, entry['loc'])) or 'it'}: {entry['msg']}" for entry in error.errors()]
        raise SettingError(bad_setting("TF_CONFIG", text, f"{'; '.join(faults)}. Example: {EXAMPLE}")) from error
    chiefs, workers = config.cluster.get("chief", []), config.cluster.get("worker", [])
    job, index = config.task.type, config.task.index
    if index >= len(chiefs if job == "chief" else workers):
        raise SettingError(bad_setting("TF_CONFIG", text, f"has no {job} with index {index}; the first index is 0"))
    addresses = (*chiefs, *workers)
    if repeated := [address for address, count in Counter(addresses).items() if count > 1]:
        raise SettingError(bad_setting("TF_CONFIG", text, f"names {repeated[0]} twice"))
    if len(chiefs) > 1:
        raise SettingError(bad_setting("TF_CONFIG", text, f"names {len(chiefs)} chiefs; a cluster has one"))
    before = len(chiefs) if job == "worker" else 0
    return Cluster(before + index, len(addresses), lambda: addresses)


def _read_slurm(environment: Mapping[str, str]) -> Cluster:
    missing = [name for name in SLURM if not environment.get(name)]
    if missing:
        allowed = f"{', '.join(missing)} is not set: start the command by srun inside the SLURM job's script"
        raise SettingError(bad_setting("strategy", "multi-worker", allowed))
    index_text, count_text = environment["SLURM_PROCID"], environment["SLURM_STEP_NUM_TASKS"]
    if not (index_text.isdecimal() and count_text.isdecimal() and int(index_text) < int(count_text)):
        allowed = f"should be a number less than SLURM_STEP_NUM_TASKS = {count_text!r}"
        raise SettingError(bad_setting("SLURM_PROCID", index_text, allowed))
    index, count = int(index_text), int(count_text)
    return Cluster(index, count, lambda: _slurm_addresses(index, count, environment.get("SLURMD_NODENAME")))


def _slurm_addresses(index: int, count: int, node: str | None) -> Sequence[str]:
    """The name of each node with ports from 8888 on, as TensorFlow's resolver gives them.

    The resolver is called with one GPU per task in any case: otherwise it asks nvidia-smi and assigns GPUs itself,
    which srun has already done.
    """
    tf = import_tensorflow()
    try:
        resolver = tf.distribute.cluster_resolver.SlurmClusterResolver(
            gpus_per_node=count, gpus_per_task=1, auto_set_gpu=False
        )
        addresses = resolver.cluster_spec().as_dict()["worker"]
    except (RuntimeError, ValueError) as error:
        raise SettingError(bad_setting("SLURM_STEP_NODELIST", os.environ["SLURM_STEP_NODELIST"], str(error))) from error
    own = addresses[index].rpartition(":")[0]
    if node and own != node:
        allowed = f"runs task {index}, but TensorFlow, which sorts nodes by name, expects it on {own}; set TF_CONFIG"
        raise SettingError(bad_setting("SLURMD_NODENAME", node, allowed))
    return addresses
