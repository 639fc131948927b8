"""The workers of a training, and how they connect. Only the names of SLURM's nodes need TensorFlow."""

import json
import os
import socket
from concurrent.futures import ThreadPoolExecutor

import pytest

from distributed import rendezvous
from distributed.cluster import Cluster, find_cluster
from settings import SettingError, WorkError
from tests.conftest import QUICK, run

SLURM = {
    "SLURM_PROCID": "2",
    "SLURM_STEP_NUM_TASKS": "3",
    "SLURM_STEP_NODELIST": "gpu[07-08]",
    "SLURM_STEP_TASKS_PER_NODE": "2,1",
}


def tf_config(index: int, *workers: str, job: str = "worker", **more: list[str]) -> str:
    return json.dumps({"cluster": {"worker": list(workers)} | more, "task": {"type": job, "index": index}})


def free_ports(count: int) -> list[int]:
    with socket.socket() as first, socket.socket() as second, socket.socket() as third:
        sockets = [first, second, third][:count]
        for one in sockets:
            one.bind(("localhost", 0))
        return [one.getsockname()[1] for one in sockets]


def test_tf_config_says_who_trains_together():
    cluster = find_cluster("multi-worker", {"TF_CONFIG": tf_config(1, "a:1", "b:2")} | SLURM)
    assert (cluster.index, cluster.count, cluster.is_chief) == (1, 2, False) and cluster.addresses == ("a:1", "b:2")
    with_chief = {"TF_CONFIG": tf_config(0, "b:2", chief=["a:1"])}
    assert find_cluster("multi-worker", with_chief).index == 1 and find_cluster("multi-worker", with_chief).count == 2
    assert find_cluster("auto", with_chief) == Cluster(), "only who asks for it trains with others"


@pytest.mark.parametrize(
    "environment, said",
    [
        ({}, 'TF_CONFIG=\'{"cluster"'),
        ({"TF_CONFIG": "{"}, "Invalid JSON"),
        ({"TF_CONFIG": "{}"}, "cluster: Field required; task: Field required"),
        ({"TF_CONFIG": tf_config(0, "a")}, "cluster.worker.0: String should match"),
        ({"TF_CONFIG": tf_config(2, "a:1", "b:2")}, "no worker with index 2"),
        ({"TF_CONFIG": tf_config(0, "a:1", "a:1")}, "names a:1 twice"),
        ({"TF_CONFIG": tf_config(0, "a:1", job="ps", ps=["b:2"])}, "'chief' or 'worker'"),
        ({name: SLURM[name] for name in ("SLURM_PROCID",)}, "start the command by srun"),
        (SLURM | {"SLURM_PROCID": "3"}, "SLURM_PROCID = '3'"),
    ],
)
def test_wrong_cluster_settings_are_refused_without_tensorflow(environment, said):
    with pytest.raises(SettingError) as caught:
        find_cluster("multi-worker", environment)
    assert said in str(caught.value)


def test_slurm_is_read_by_tensorflows_resolver(monkeypatch):
    for name, value in SLURM.items():
        monkeypatch.setenv(name, value)
    cluster = find_cluster("multi-worker")
    assert (cluster.index, cluster.count) == (2, 3)
    assert cluster.addresses == ("gpu07:8888", "gpu07:8889", "gpu08:8888")
    assert "CUDA_VISIBLE_DEVICES" not in os.environ, "srun hands out the GPUs"
    monkeypatch.setenv("SLURMD_NODENAME", "gpu07")
    with pytest.raises(SettingError, match="expects it on gpu08"):
        find_cluster("multi-worker").describe(0)


def meet(count: int, seconds: float, settings: list[dict | None]) -> list:
    """The result of each worker, or its error. None for a worker that is not started."""
    addresses = tuple(f"localhost:{port}" for port in free_ports(count))

    def take_part(index: int):
        cluster = Cluster(index, count, lambda: addresses)
        try:
            if index:
                return rendezvous.join_chief(cluster, settings[index], seconds)
            return rendezvous.gather_workers(cluster, settings[0], {"identity": "x"}, seconds)
        except WorkError as error:
            return str(error).replace(addresses[1], "ADDRESS")

    with ThreadPoolExecutor() as pool:
        return list(pool.map(take_part, [index for index in range(count) if settings[index] is not None]))


def test_workers_meet_before_they_train():
    same = {"epochs": 3, "learning_rates": [0.1, 1e-3]}
    assert meet(3, 20, [same] * 3) == [None, {"identity": "x"}, {"identity": "x"}]
    chief, other = meet(2, 20, [same, same | {"epochs": 5}])
    assert chief == other == "Worker 1 at ADDRESS has epochs = 5, the chief 3. All workers need the same settings."
    chief, other = meet(3, 0.7, [same, None, same])
    assert chief == other and "No contact within 0.7 seconds: worker 1 at ADDRESS. Start it" in chief


def test_a_worker_that_does_not_start_is_reported(scenes, tmp_path):
    chief, other = (f"localhost:{port}" for port in free_ports(2))

    def alone(index: int):
        flags = ["--data", scenes, "--runs", tmp_path, *QUICK, "--strategy", "multi-worker", "--worker-timeout", 1]
        return run("classifiers.small", *flags, env=os.environ | {"TF_CONFIG": tf_config(index, chief, other)})

    first, second = alone(0), alone(1)
    assert first.code == second.code == 1
    assert f"No contact within 1 seconds: worker 1 at {other}" in first.err
    assert f"No contact within 1 seconds: worker 0, the chief, at {chief}" in second.err
    with socket.create_server(("", int(chief.rpartition(":")[2]))):
        assert "cannot listen at its port: Address already in use" in alone(0).err
