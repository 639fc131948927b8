"""Real training processes, killed at several moments and started again."""

import csv
import os
import resource
import signal
import time
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import QUICK, run, start

EPOCHS = 5


def flags(scenes: Path, runs: Path, *more: object) -> list:
    return ["--data", scenes, "--runs", runs, "--epochs", EPOCHS, "--patience", 2, "--min-delta", 0.05, *QUICK, *more]


def history(run_folder: Path) -> list[dict[str, str]]:
    with (run_folder / "history.csv").open(newline="") as file:
        return [{key: value for key, value in row.items() if key != "seconds"} for row in csv.DictReader(file)]


def weights(checkpoint: Path) -> list[np.ndarray]:
    from layers.saved import load_saved_model

    model = load_saved_model(checkpoint, compiled=True)
    return [*model.get_weights(), *(np.asarray(variable) for variable in model.optimizer.variables)]


def wait_for(condition, process, seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.0005)


@pytest.fixture(scope="module")
def uninterrupted(scenes, tmp_path_factory) -> Path:
    runs = tmp_path_factory.mktemp("uninterrupted")
    done = run("classifiers.small", *flags(scenes, runs))
    assert done.code == 0, done.err
    return runs / "small"


def test_a_run_that_is_killed_three_times_equals_an_uninterrupted_one(scenes, uninterrupted, tmp_path):
    folder = tmp_path / "small"
    last, work = folder / "checkpoints" / "last.keras", folder / "checkpoints" / ".work.keras"

    def rows() -> int:
        return len(history(folder)) if (folder / "history.csv").exists() else 0

    moments = (
        lambda: work.exists(),  # while the first checkpoint is written
        lambda: last.exists() and rows() >= 1,  # in the second epoch
        lambda: rows() >= 2 and work.exists(),  # while a later checkpoint is written
    )
    for moment in moments:
        process = start("classifiers.small", *flags(scenes, tmp_path, "--resume", "last"))
        wait_for(moment, process)
        process.send_signal(signal.SIGKILL)
        process.communicate()
    done = run("classifiers.small", *flags(scenes, tmp_path, "--resume", "last"))
    assert done.code == 0, done.err
    assert history(folder) == history(uninterrupted)
    assert [int(row["epoch"]) for row in history(folder)] == list(range(1, EPOCHS + 1))
    for name in ("last.keras", "best.keras"):
        for actual, expected in zip(
            weights(folder / "checkpoints" / name), weights(uninterrupted / "checkpoints" / name), strict=True
        ):
            np.testing.assert_array_equal(actual, expected)


def test_ctrl_c_ends_cleanly_and_says_how_to_resume(scenes, tmp_path):
    process = start("classifiers.small", *flags(scenes, tmp_path))
    wait_for(lambda: (tmp_path / "small" / "history.csv").exists(), process)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Run the same command again to resume" in err and "Traceback" not in err
    before = history(tmp_path / "small")

    done = run("classifiers.small", *flags(scenes, tmp_path))
    assert done.code == 0 and "from best.keras" in done.out
    rows = history(tmp_path / "small")
    assert rows[: len(before)] == before and [int(row["epoch"]) for row in rows] == list(range(1, EPOCHS + 1))


def test_a_full_disk_loses_nothing(scenes, tmp_path):
    def limit_files_to_a_megabyte():
        resource.setrlimit(resource.RLIMIT_FSIZE, (2**20, resource.RLIM_INFINITY))

    done = run("classifiers.small", *flags(scenes, tmp_path), preexec_fn=limit_files_to_a_megabyte)
    assert done.code == 1 and "error: " in done.err and "Free some disk space" in done.err
    assert not list((tmp_path / "small" / "checkpoints").iterdir())
    assert run("classifiers.small", *flags(scenes, tmp_path)).code == 0
    assert len(history(tmp_path / "small")) == EPOCHS


def test_a_finished_run_says_so_and_changes_nothing(small_run, scenes):
    before = {path: path.stat().st_mtime_ns for path in small_run.rglob("*.*")}
    flags = ["--data", scenes, "--runs", small_run.parent, *QUICK, "--epochs", 3]
    done = run("tests.training.without_tensorflow", "classifiers.small", *flags)
    assert done.code == 0 and "was finished before" in done.out and "python -m predictor" in done.out, done.err
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_a_second_command_on_the_same_run_is_refused(scenes, tmp_path):
    process = start("classifiers.small", *flags(scenes, tmp_path))
    wait_for(lambda: (tmp_path / "small" / "config.json").exists(), process)
    done = run("classifiers.small", *flags(scenes, tmp_path))
    assert done.code == 1 and "Another command is using" in done.err
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert run("classifiers.small", *flags(scenes, tmp_path)).code == 0, "the lock ends with its process"


def test_two_runs_with_one_seed_give_the_same_numbers(scenes, uninterrupted, tmp_path):
    assert run("classifiers.small", *flags(scenes, tmp_path, "--cache", "disk")).code == 0
    assert history(tmp_path / "small") == history(uninterrupted)
    assert os.listdir(tmp_path / "small" / "cache")
