"""Two processes on this machine train one model; one is killed or stopped, then both are started again."""

import json
import os
import signal
import zipfile
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from config import SegNetBasicConfig
from segmentation import recipe
from segmentation.segnet_basic import RECIPE
from tests.conftest import Ran, history, start, train_here, wait_for
from tests.distributed.test_cluster import free_ports, tf_config

SMALL = ("--image-size", 32, "--batch-size", 4, "--steps-per-epoch", 3, "--verbose", "none")
"""For SegNet-Basic with a norm per image: with batch norm, each worker has the statistics of its share of a batch."""

TOLERANCE = 1e-3
"""Relative difference between the losses of two workers and of one process, which add in another order. It is ten times
as large for metrics that count pixels, because a single pixel may be predicted differently."""


def start_two(module: str, runs: Path, *flags: object) -> list:
    """Starts two workers."""
    addresses = [f"localhost:{port}" for port in free_ports(2)]
    flags = ("--runs", runs, "--strategy", "multi-worker", "--worker-timeout", 120, *flags)
    return [
        start(module, *flags, env=os.environ | {"TF_CONFIG": tf_config(index, *addresses)}, start_new_session=True)
        for index in range(2)
    ]


def wait_for_end(workers: list) -> list[Ran]:
    outputs = [worker.communicate(timeout=300) for worker in workers]
    assert not any("Traceback" in err for _, err in outputs), outputs
    return [Ran(worker.returncode, *texts) for worker, texts in zip(workers, outputs, strict=True)]


def run_two(module: str, runs: Path, *flags: object) -> list[Ran]:
    return wait_for_end(start_two(module, runs, *flags))


def assert_close(rows: list[dict], expected: list[dict], tolerance: float) -> None:
    """Compares losses with this tolerance, other metrics with ten times this tolerance."""
    assert len(rows) == len(expected)
    for row, other in zip(rows, expected, strict=True):
        assert row.keys() == other.keys()
        for name, value in row.items():
            assert value == pytest.approx(other[name], rel=tolerance, abs=0 if "loss" in name else 10 * tolerance), name


def test_two_workers_train_as_one_process_does(squares, tmp_path):
    flags = ("--data", squares, *SMALL, "--epochs", 2)
    workers = start_two("segmentation.segnet_basic", tmp_path / "two", *flags)
    one = train_here(partial(recipe.train, RECIPE), SegNetBasicConfig, squares, tmp_path / "one", *SMALL, "--epochs", 2)
    chief, other = wait_for_end(workers)
    assert (chief.code, other.code) == (0, 0), (chief.err, other.err)
    assert "2 CPU devices of 2 workers" in chief.out and "the chief reports on it" in other.out
    assert (chief.err, other.err) == ("", "")
    two = tmp_path / "two" / "segnet_basic"
    assert_close(history(two), history(one), TOLERANCE)
    assert {path.name for path in (two / "checkpoints").iterdir()} == {"best.keras", "last.keras"}
    assert len((two / "sessions.csv").read_text().splitlines()) == 2 and len(list((two / "tensorboard").iterdir())) == 2
    assert (two / "report.html").exists()
    with zipfile.ZipFile(two / "checkpoints" / "best.keras") as archive:
        assert json.loads(archive.read("config.json"))["registered_name"] == "Functional", "a plain Keras model"


EPOCHS = 4


@pytest.fixture(scope="module")
def uninterrupted(squares, tmp_path_factory) -> list[dict[str, float]]:
    runs = tmp_path_factory.mktemp("uninterrupted")
    assert [done.code for done in run_two("segmentation.segnet_basic", runs, *long_flags(squares))] == [0, 0]
    return history(runs / "segnet_basic")


def long_flags(squares: Path) -> tuple:
    return ("--data", squares, *SMALL, "--epochs", EPOCHS, "--ema", 0.9, "--resume", "last")


@pytest.mark.slow
@pytest.mark.parametrize("victim", [1, 0], ids=["other", "chief"])
def test_one_is_killed_and_both_are_resumed(squares, uninterrupted, tmp_path, victim):
    workers = start_two("segmentation.segnet_basic", tmp_path, *long_flags(squares))
    wait_for(lambda: len(history(tmp_path / "segnet_basic")) >= 2, *workers)
    workers[victim].send_signal(signal.SIGKILL)
    left = wait_for_end(workers)[1 - victim]
    assert left.code == 1 and f"Lost contact with worker {victim}" in left.err, left.err
    assert "Run the same command again on all workers" in left.err
    assert [done.code for done in run_two("segmentation.segnet_basic", tmp_path, *long_flags(squares))] == [0, 0]
    assert_close(history(tmp_path / "segnet_basic"), uninterrupted, 1e-5)


@pytest.mark.slow
def test_ctrl_c_on_one_ends_both(squares, uninterrupted, tmp_path):
    workers = start_two("segmentation.segnet_basic", tmp_path, *long_flags(squares))
    wait_for(lambda: len(history(tmp_path / "segnet_basic")) >= 1, *workers)
    workers[1].send_signal(signal.SIGINT)
    chief, other = wait_for_end(workers)
    assert other.code == 130 and "on all workers to resume" in other.err
    assert chief.code == 1 and "Lost contact with worker 1" in chief.err
    assert [done.code for done in run_two("segmentation.segnet_basic", tmp_path, *long_flags(squares))] == [0, 0]
    assert_close(history(tmp_path / "segnet_basic"), uninterrupted, 1e-5)
    again = run_two("segmentation.segnet_basic", tmp_path, *long_flags(squares))
    assert [done.code for done in again] == [0, 0] and all("was finished before" in done.out for done in again)


@pytest.mark.slow
def test_a_worker_that_hangs_is_named(squares, tmp_path):
    workers = start_two("segmentation.segnet_basic", tmp_path, *long_flags(squares))
    wait_for(lambda: len(history(tmp_path / "segnet_basic")) >= 1, *workers)
    workers[1].send_signal(signal.SIGSTOP)
    _, err = workers[0].communicate(timeout=120)
    workers[1].send_signal(signal.SIGKILL)
    assert workers[0].returncode == 1 and "Lost contact with worker 1" in err and "Traceback" not in err


@pytest.mark.slow
@pytest.mark.parametrize(
    "module, flags",
    [
        ("classifiers.small", ("--unfreeze-schedule", "head,all", "--patience", 1, "--min-delta", 0.9, "--ema", 0.9)),
        ("classifiers.small", ("--cache", "disk", "--mixup", 0.2, "--class-weights", "balanced", "--resume", "never")),
        ("generation.vae", ("--latent-size", 4)),
    ],
    ids=["unfreeze", "disk", "vae"],
)
def test_every_kind_of_model_trains(scenes, tmp_path, module, flags):
    common = ("--data", scenes, "--image-size", 32, "--batch-size", 8, "--epochs", 3, "--verbose", "none")
    rates = ("--learning-rates", "1e-3,1e-4") if "--unfreeze-schedule" in flags else ()
    workers = run_two(module, tmp_path, *common, *flags, *rates)
    assert [(done.code, done.err) for done in workers] == [(0, ""), (0, "")], workers
    rows = history(tmp_path / module.rpartition(".")[2])
    assert len(rows) >= 2 and all(np.isfinite(row["val_loss"]) for row in rows)
    if rates:
        assert [row["stage"] for row in rows] == [0, 0, 1], "all workers take the same decisions"


@pytest.mark.slow
def test_find_lr_with_two(scenes, tmp_path):
    common = ("--data", scenes, "--image-size", 32, "--batch-size", 8, "--find-lr")
    chief, other = run_two("classifiers.small", tmp_path, *common)
    assert (chief.code, other.code) == (0, 0) and "Suggestion" in chief.out and "Suggestion" not in other.out
