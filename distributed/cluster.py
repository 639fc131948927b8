"""Which machines train one model together, as TF_CONFIG or SLURM says."""

import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Literal

from pydantic import BaseModel, Field, ValidationError

from command import import_tensorflow
from settings import SettingError, bad_setting

SLURM = ("SLURM_PROCID", "SLURM_STEP_NUM_TASKS", "SLURM_STEP_NODELIST", "SLURM_STEP_TASKS_PER_NODE")
"""What TensorFlow's SlurmClusterResolver reads."""

EXAMPLE = '{"cluster": {"worker": ["first:2222", "second:2222"]}, "task": {"type": "worker", "index": 0}}'

HOW = (
    f"say who trains with whom: on each machine TF_CONFIG='{EXAMPLE}' with its own index, or start it by srun in a "
    "SLURM job; or use --strategy auto"
)


@dataclass(frozen=True)
class Cluster:
    """The processes, called workers, that train one model together. Each has one machine, or a share of it.

    `index` is this one's, 0 that of the chief, which alone writes to the run's folder. `find` gives host:port of each.
    """

    index: int = 0
    count: int = 1
    find: Callable[[], Sequence[str]] = tuple

    @property
    def is_chief(self) -> bool:
        return self.index == 0

    @cached_property
    def addresses(self) -> tuple[str, ...]:
        """host:port of each worker. For SLURM TensorFlow is imported."""
        return tuple(self.find())

    def named(self, *workers: int) -> str:
        """Those workers, with their addresses."""
        return ", ".join(
            f"worker {number}{', the chief,' * (number == 0)} at {self.addresses[number]}" for number in workers
        )


def find_cluster(strategy: str, environment: Mapping[str, str] = os.environ) -> Cluster:
    """Whom this process trains with: nobody, unless `strategy` is multi-worker. TF_CONFIG goes before SLURM.

    Raises SettingError if neither is there, or what is there makes no sense.
    """
    if strategy != "multi-worker":
        return Cluster()
    if environment.get("TF_CONFIG"):
        return _of_tf_config(environment["TF_CONFIG"])
    if "SLURM_PROCID" in environment:
        return _of_slurm(environment)
    raise SettingError(bad_setting("strategy", strategy, HOW))


class _Task(BaseModel):
    type: Literal["chief", "worker"]
    index: Annotated[int, Field(ge=0)]


class _TFConfig(BaseModel):
    """https://www.tensorflow.org/guide/distributed_training#TF_CONFIG, without the jobs that are of no use here."""

    cluster: dict[Literal["chief", "worker"], list[Annotated[str, Field(pattern=r"^[^\s:/]+:\d{1,5}$")]]]
    task: _Task


def _of_tf_config(text: str) -> Cluster:
    try:
        config = _TFConfig.model_validate_json(text)
    except ValidationError as error:
        found = [f"{'.'.join(map(str, entry['loc'])) or 'it'}: {entry['msg']}" for entry in error.errors()]
        raise SettingError(bad_setting("TF_CONFIG", text, f"{'; '.join(found)}. It should read {EXAMPLE}")) from error
    jobs = {job: config.cluster.get(job, []) for job in ("chief", "worker")}
    addresses = (*jobs["chief"], *jobs["worker"])
    if config.task.index >= len(jobs[config.task.type]):
        allowed = f"it has no {config.task.type} of index {config.task.index}; the first is 0"
        raise SettingError(bad_setting("TF_CONFIG", text, allowed))
    twice = [address for address, times in Counter(addresses).items() if times > 1]
    if twice or len(jobs["chief"]) > 1:
        raise SettingError(
            bad_setting("TF_CONFIG", text, f"{twice[0]} is there twice" if twice else "there is one chief")
        )
    before = len(jobs["chief"]) if config.task.type == "worker" else 0
    return Cluster(before + config.task.index, len(addresses), lambda: addresses)


def _of_slurm(environment: Mapping[str, str]) -> Cluster:
    missing = [name for name in SLURM if not environment.get(name)]
    if missing:
        allowed = f"there is no {', '.join(missing)}: start the command by srun, not in the SLURM job's script alone"
        raise SettingError(bad_setting("strategy", "multi-worker", allowed))
    text, tasks = environment["SLURM_PROCID"], environment["SLURM_STEP_NUM_TASKS"]
    if not (text.isdecimal() and tasks.isdecimal() and int(text) < int(tasks)):
        raise SettingError(
            bad_setting("SLURM_PROCID", text, f"is not the number of one of SLURM_STEP_NUM_TASKS = {tasks!r}")
        )
    index, count = int(text), int(tasks)
    return Cluster(index, count, lambda: _slurm_addresses(index, count, environment.get("SLURMD_NODENAME")))


def _slurm_addresses(index: int, count: int, node: str | None) -> Sequence[str]:
    """As TensorFlow's resolver has them: each node's name and the ports from 8888.

    It is told of one GPU a task, whatever there is: it would ask nvidia-smi and hand out GPUs, which srun has done.
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
        allowed = f"runs task {index}, which TensorFlow, in the order of the alphabet, expects on {own}; set TF_CONFIG"
        raise SettingError(bad_setting("SLURMD_NODENAME", node, allowed))
    return addresses
