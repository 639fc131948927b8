"""Batches of a tf.data service in this process, in other processes, and without workers."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time

import pytest
import tensorflow as tf

from distributed import data_service as service
from pipeline.batches import training_batches
from settings import WorkError
from tests.conftest import QUICK, history, run, start, wait_for
from tests.distributed.test_cluster import free_ports

IMAGES, BATCH = 10, 3


@pytest.fixture(scope="module")
def dispatcher():
    with_address = tf.data.experimental.service.DispatchServer()
    yield with_address.target


def worker(address: str):
    config = tf.data.experimental.service.WorkerConfig(address.removeprefix("grpc://"))
    return tf.data.experimental.service.WorkerServer(config)


def change(batch: tuple, seed: tf.Tensor) -> tuple:
    """Replaces the drawn values by the seed, which is the number of the batch."""
    return batch[0], tf.fill((BATCH,), seed[1])


def stream(first: int, made_by: service.Service | None = None) -> tf.data.Dataset:
    """Batches of numbers: 1000 times the index of the image, plus the value drawn for it."""

    def draw(count: int, seed: tuple) -> tf.Tensor:
        return tf.random.stateless_uniform((count,), seed, 0, 1000, tf.int32)

    return training_batches(
        lambda index, drawn: (index * 1000 + drawn,), IMAGES, BATCH, 5, first, change, made_by, draw
    )


def taken(batches: tf.data.Dataset, count: int) -> dict[int, list[int]]:
    """The images of a batch by its number."""
    return {int(number[0]): images.tolist() for images, number in batches.take(count).as_numpy_iterator()}


def test_a_service_makes_each_batch_once(dispatcher, monkeypatch):
    monkeypatch.setattr(service, "READY_WITHIN", 1.0)
    with pytest.raises(WorkError, match="probably it has no worker"):
        stream(4, service.Service(dispatcher, "none", is_shared=False))
    monkeypatch.setattr(service, "READY_WITHIN", 30.0)

    first = worker(dispatcher)
    expected = taken(stream(4), 30)
    got = taken(stream(4, service.Service(dispatcher, "one", is_shared=False)), 12)
    assert list(got.items()) == list(expected.items())[:12], "from the given step on, in order"

    second = worker(dispatcher)
    made_by_two = stream(4, service.Service(dispatcher, "two", is_shared=True))
    iterators = [iter(made_by_two), iter(stream(4, service.Service(dispatcher, "two", is_shared=True)))]
    shared = {}
    while not shared.keys() >= set(range(4, 24)):  # two training processes, each of which takes what comes
        assert len(shared) < 200, "no batch is left out"
        for iterator in iterators:
            images, number = next(iterator)
            assert int(number[0]) not in shared, "no batch twice"
            shared[int(number[0])] = images.numpy().tolist()
    assert all(expected[number] == images for number, images in shared.items() if number in expected)
    del first, second, iterators


def test_an_unusable_service_is_reported_at_once(scenes, tmp_path):
    (port,) = free_ports(1)
    address = f"grpc://localhost:{port}"
    flags = ("--data", scenes, "--runs", tmp_path, *QUICK)
    done = run("classifiers.small", *flags, "--data-service", address)
    assert done.code == 1 and f"No tf.data service answers at {address}" in done.err
    done = run("classifiers.small", *flags, "--data-service", address, "--cache", "memory")
    assert done.code == 2 and "cache = 'memory'" in done.err and "use none or disk" in done.err
    done = run("classifiers.small", *flags, "--data-service", "here")
    assert done.code == 2 and "grpc://localhost:5050" in done.err
    done = run("training.data_service", "--role", "worker", "--dispatcher", address)
    assert done.code == 1 and f"No dispatcher answers at {address}" in done.err
    assert run("training.data_service", "--role", "worker").code == 2
    assert not list(tmp_path.iterdir())


def test_a_service_that_is_stopped_says_so():
    (port,) = free_ports(1)
    process = start("training.data_service", "--port", port, "--json")
    assert "The dispatcher is ready" in process.stderr.readline()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130 and "The dispatcher has stopped." in err
    assert json.loads(out)["exit_code"] == 130


def device_of(port: int) -> str:
    """The device to which the socket that listens at the port is bound, as `ss` shows it."""
    shown = subprocess.run(["ss", "-ltnH", f"sport = :{port}"], capture_output=True, text=True, check=True).stdout
    return shown.split()[3].rpartition(":")[0]


@pytest.mark.skipif(shutil.which("ss") is None, reason="needs ss")
def test_only_this_machine_reaches_a_service_unless_it_is_told_otherwise():
    ports = free_ports(2)
    servers = [start("training.data_service", "--port", ports[0])]
    servers.append(start("training.data_service", "--port", ports[1], "--host", "some-machine"))
    try:
        assert "is ready" in servers[0].stdout.readline() and device_of(ports[0]).endswith("%lo")
        assert "is ready" in servers[1].stdout.readline() and "%" not in device_of(ports[1])
        assert (
            f"Whoever reaches port {ports[1]} of this machine can read and write files" in servers[1].stderr.readline()
        )
        for content in (os.urandom(5000), b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + os.urandom(5000), b""):
            with socket.create_connection(("localhost", ports[0]), 5) as stranger:
                stranger.sendall(content)
        assert servers[0].poll() is None
    finally:
        for server in servers:
            server.kill()
            server.communicate()


def test_a_second_ctrl_c_ends_a_call_that_waits_outside_of_python():
    """SQLite, which counts for ever, replaces TensorFlow, which waits for a service without workers."""
    program = """
import signal, socket, sqlite3
from distributed import watchdog
signal.signal(signal.SIGINT, lambda *_: None)  # noted, as by StopOnSignal
watchdog.ANSWER_WITHIN = 1.0
with socket.create_server(("localhost", 0)) as server:
    with watchdog.exit_if_unreachable(f"localhost:{server.getsockname()[1]}", ""):
        print("ready", flush=True)
        for_ever = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT 1 FROM n) SELECT count(*) FROM n"
        sqlite3.connect("").execute(for_ever)
"""
    waiting = subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert "ready" in waiting.stdout.readline()
    waiting.send_signal(signal.SIGINT)
    assert "Press Ctrl-C again" in waiting.stderr.readline()
    waiting.send_signal(signal.SIGINT)
    _, err = waiting.communicate(timeout=20)
    assert waiting.returncode == 130 and "Run the same command again" in err


@pytest.mark.slow
def test_ctrl_c_ends_a_training_whose_service_has_lost_its_workers(scenes, tmp_path):
    ports = free_ports(2)
    address = f"grpc://localhost:{ports[0]}"
    servers = [start("training.data_service", "--port", ports[0])]
    assert "ready" in servers[0].stdout.readline()
    servers.append(start("training.data_service", "--role", "worker", "--dispatcher", address, "--port", ports[1]))
    assert "ready" in servers[1].stdout.readline()
    flags = ("--data", scenes, "--runs", tmp_path, *QUICK, "--epochs", 2000, "--name", "deaf")
    try:
        training = start("classifiers.small", *flags, "--data-service", address)
        wait_for(lambda: len(history(tmp_path / "deaf")) >= 1, training)
        servers[1].kill()
        time.sleep(10)  # the training uses up the batches that were made before
        training.send_signal(signal.SIGINT)
        assert any("Press Ctrl-C again" in line for line in training.stderr)
        training.send_signal(signal.SIGINT)
        _, err = training.communicate(timeout=30)
        assert training.returncode == 130 and "Run the same command again" in err
    finally:
        for process in (training, *servers):
            process.kill()


@pytest.mark.slow
def test_a_service_of_processes_trains_as_without_it(scenes, tmp_path):
    ports = free_ports(2)
    address = f"grpc://localhost:{ports[0]}"
    service_flags = ("--role", "worker", "--dispatcher", address, "--port", ports[1])
    servers = [start("training.data_service", "--port", ports[0])]
    assert "ready" in servers[0].stdout.readline()
    servers.append(start("training.data_service", *service_flags))
    assert "ready" in servers[1].stdout.readline()
    flags = ("--data", scenes, "--runs", tmp_path, *QUICK, "--epochs", 3, "--resume", "last")
    by_service = (*flags, "--data-service", address)
    try:
        for cache in ("none", "disk"):
            for name, more in {f"{cache}-without": flags, cache: by_service}.items():
                done = run("classifiers.small", "--name", name, *more, "--cache", cache)
                assert done.code == 0, done.err
            assert history(tmp_path / cache) == history(tmp_path / f"{cache}-without")
        taken = run("training.data_service", "--port", ports[0])
        assert taken.code == 1 and f"Another program listens at port {ports[0]}" in taken.err
        killed = start("classifiers.small", "--name", "killed", *by_service)
        wait_for(lambda: len(history(tmp_path / "killed")) >= 1, killed)
        killed.kill()
        killed.communicate()
        assert run("classifiers.small", "--name", "killed", *by_service).code == 0
        assert history(tmp_path / "killed") == history(tmp_path / "none"), "with a service nothing is kept in memory"
        left = start("classifiers.small", "--name", "left", *by_service, "--epochs", 2000)
        wait_for(lambda: len(history(tmp_path / "left")) >= 1, left)
        servers[0].kill()
        _, err = left.communicate(timeout=180)
        assert left.returncode == 1 and f"Nothing answers at {address} any more" in err
    finally:
        for server in servers:
            server.send_signal(signal.SIGINT)
    ended = [server.communicate(timeout=30) for server in servers]
    assert servers[1].returncode == 130 and "The worker has stopped." in ended[1][1]
