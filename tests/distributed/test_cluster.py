"""The workers of a training, and how they connect. Only the names of SLURM's nodes need TensorFlow."""

import contextlib
import json
import os
import socket
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from distributed import rendezvous
from distributed.cluster import Cluster, find_cluster
from distributed.loopback import is_loopback, keep_on_loopback
from distributed.sealed_messages import new_secret, open_sealed, read_secret, seal, secret_file
from distributed.watchdog import is_listening
from settings import SettingError, WorkError
from tests.conftest import QUICK, run, wait_for

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


def meet(count: int, seconds: float, settings: list[dict | None], run: Path, addresses: Sequence[str] = ()) -> list:
    """The result of each worker, or its error. None for a worker that is not started."""
    addresses = tuple(addresses) or tuple(f"localhost:{port}" for port in free_ports(count))
    secret = secret_file(run)

    def take_part(index: int):
        cluster = Cluster(index, count, lambda: addresses)
        try:
            if index:
                return rendezvous.join_chief(cluster, settings[index], seconds, secret)
            return rendezvous.gather_workers(cluster, settings[0], {"identity": "x"}, seconds, secret)
        except WorkError as error:
            return str(error).replace(addresses[1], "ADDRESS")

    with ThreadPoolExecutor() as pool:
        return list(pool.map(take_part, [index for index in range(count) if settings[index] is not None]))


def test_workers_meet_before_they_train(tmp_path):
    same = {"epochs": 3, "learning_rates": [0.1, 1e-3]}
    run = tmp_path / "run"
    assert meet(3, 20, [same] * 3, run) == [None, {"identity": "x"}, {"identity": "x"}]
    chief, other = meet(2, 20, [same, same | {"epochs": 5}], run)
    assert chief == other == "Worker 1 at ADDRESS has epochs = 5, the chief 3. All workers need the same settings."
    chief, other = meet(3, 0.7, [same, None, same], run)
    assert chief == other and "No contact within 0.7 seconds: worker 1 at ADDRESS. Start it" in chief
    assert list(tmp_path.iterdir()) == [], "the secret is removed"


def say(address: str, content: bytes) -> bytes:
    """What a stranger gets who sends this."""
    host, _, port = address.rpartition(":")
    with contextlib.suppress(OSError), socket.create_connection((host, int(port)), 10) as stranger:
        stranger.recv(100)  # the challenge
        stranger.sendall(content)
        stranger.shutdown(socket.SHUT_WR)
        return stranger.recv(100)
    return b""


@pytest.mark.parametrize(
    "content",
    [
        os.urandom(3000),
        b'{"worker": 1, "settings": {"epochs": 9}}\n',
        b'{"worker": 1, "settings": [1]}\n',
        b"0" * 64 + b' {"worker": 1, "settings": {}}\n',
        b"[" * 100_000 + b"\n",
        b"x" * (rendezvous.MAX_MESSAGE + 1000),
        b"9" * 5000 + b"\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"",
    ],
    ids=["random", "greeting", "list", "wrong code", "deep", "long", "number", "grpc", "silence"],
)
def test_bytes_of_a_stranger_do_not_end_the_chief(tmp_path, content):
    same = {"epochs": 3}
    addresses = [f"localhost:{port}" for port in free_ports(2)]
    with ThreadPoolExecutor() as pool:
        chief = pool.submit(meet, 2, 30, [same, None], tmp_path / "run", addresses)
        wait_for(lambda: is_listening(addresses[0]))
        assert say(addresses[0], content) == b"", "a stranger learns nothing"
        worker = Cluster(1, 2, lambda: addresses)
        assert rendezvous.join_chief(worker, same, 20, secret_file(tmp_path / "run")) == {"identity": "x"}
        assert chief.result() == [None]


def test_strangers_who_say_nothing_hold_nobody_up(tmp_path):
    same = {"epochs": 3}
    addresses = [f"localhost:{port}" for port in free_ports(2)]
    with ThreadPoolExecutor() as pool, contextlib.ExitStack() as silent:
        chief = pool.submit(meet, 2, 30, [same, None], tmp_path / "run", addresses)
        wait_for(lambda: is_listening(addresses[0]))
        for _ in range(3 * rendezvous.MAX_STRANGERS):
            stranger = silent.enter_context(socket.create_connection(("localhost", int(addresses[0].split(":")[1]))))
            with contextlib.suppress(OSError):
                stranger.sendall(b"{")
        began = time.monotonic()
        worker = Cluster(1, 2, lambda: addresses)
        assert rendezvous.join_chief(worker, same, 20, secret_file(tmp_path / "run")) == {"identity": "x"}
        assert chief.result() == [None]
        assert time.monotonic() - began < 5


def test_what_is_at_the_chiefs_address_needs_the_secret(tmp_path):
    """A program that only repeats what it is sent, and one that answers with JSON of its own."""
    secret = b"known to the workers"
    line = seal(secret, "worker", "drawn", {"worker": 1})
    assert open_sealed(secret, "worker", "drawn", line) == {"worker": 1}
    assert open_sealed(secret, "chief", "drawn", line) is None, "sent back"
    assert open_sealed(secret, "worker", "drawn again", line) is None, "sent a second time"
    assert open_sealed(b"guessed", "worker", "drawn", line) is None
    assert open_sealed(secret, "worker", "drawn", line.replace(b"1", b"2")) is None, "changed"
    with new_secret(tmp_path / "secret") as drawn:
        assert (tmp_path / "secret").stat().st_mode & 0o777 == 0o600
        assert read_secret(tmp_path / "secret") == drawn and len(drawn) == 64


def listening_at(port: int) -> set[str]:
    """The addresses at which something listens, in the kernel's hexadecimal."""
    tables = "".join(Path(f"/proc/net/{name}").read_text() for name in ("tcp", "tcp6"))
    rows = [line.split() for line in tables.splitlines()]
    return {row[1].partition(":")[0] for row in rows if row[1].endswith(f":{port:04X}") and row[3] == "0A"}


def test_workers_of_one_machine_listen_on_loopback_alone():
    (port,) = free_ports(1)
    with rendezvous._listen(Cluster(0, 2, lambda: (f"localhost:{port}", "localhost:1"))):
        assert listening_at(port) == {"0100007F"}
    with rendezvous._listen(Cluster(0, 2, lambda: (f"localhost:{port}", "second:1"))):
        assert len(listening_at(port)) == 1 and not listening_at(port) & {"0100007F"}, "others have to reach it"


def test_a_port_of_tensorflow_is_kept_to_this_machine():
    with socket.create_server(("", 0)) as server:
        port = server.getsockname()[1]
        assert server.getsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, 16).strip(b"\0") == b""
        keep_on_loopback(port)
        assert server.getsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, 16).strip(b"\0") == b"lo"
        socket.create_connection(("127.0.0.1", port), 5).close()
    with pytest.raises(WorkError, match=f"port {port} of this process cannot be kept to this machine"):
        keep_on_loopback(port)
    assert [is_loopback(host) for host in ("localhost", "127.0.0.2", "::1", "[::1]")] == [True] * 4
    assert not any(map(is_loopback, ("first", "10.0.0.1", "0.0.0.0", "::", "localhost.evil.example")))


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
