"""Real training processes, killed at several moments and started again."""

import os
import resource
import shutil
import signal
import time
from pathlib import Path

import pytest

from tests.conftest import QUICK, assert_equal_arrays, history, run, saved_state, start, train_small, wait_for
from tests.kills import Commands, Kill

EPOCHS = 5


def flags(scenes: Path, runs: Path, *more: object) -> list:
    return ["--data", scenes, "--runs", runs, "--epochs", EPOCHS, "--patience", 2, "--min-delta", 0.05, *QUICK, *more]


def train_in_process(scenes: Path, runs: Path, *more: object) -> Path:
    return train_small(scenes, runs, *flags(scenes, runs, *more))


@pytest.fixture(scope="module")
def uninterrupted(scenes, tmp_path_factory) -> Path:
    runs = tmp_path_factory.mktemp("uninterrupted")
    done = run("classifiers.small", *flags(scenes, runs))
    assert done.code == 0, done.err
    return runs / "small"


def test_a_run_that_is_killed_three_times_equals_an_uninterrupted_one(scenes, uninterrupted, tmp_path):
    folder = tmp_path / "small"
    last = folder / "checkpoints" / "last.keras"

    def is_written() -> bool:
        return any(last.parent.glob(".*.work.keras"))

    moments = (
        is_written,  # while the first checkpoint is written
        lambda: last.exists() and len(history(folder)) >= 1,  # in the second epoch
        lambda: len(history(folder)) >= 2 and is_written(),  # while a later checkpoint is written
    )
    for moment in moments:
        process = start("classifiers.small", *flags(scenes, tmp_path, "--resume", "last"))
        wait_for(moment, process)
        process.send_signal(signal.SIGKILL)
        process.communicate()
    done = run("classifiers.small", *flags(scenes, tmp_path, "--resume", "last"))
    assert done.code == 0, done.err
    assert history(folder) == history(uninterrupted)
    assert not is_written(), "what the kills have left is removed"
    assert [int(row["epoch"]) for row in history(folder)] == list(range(1, EPOCHS + 1))
    for name in ("last", "best"):
        assert_equal_arrays(saved_state(folder, name), saved_state(uninterrupted, name))


def test_ctrl_c_ends_cleanly_and_says_how_to_resume(scenes, tmp_path, caplog):
    caplog.set_level("INFO", "scenelab")
    process = start("classifiers.small", *flags(scenes, tmp_path))
    wait_for(lambda: (tmp_path / "small" / "history.csv").exists(), process)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Run the same command again to resume" in err and "Traceback" not in err
    before = history(tmp_path / "small")

    rows = history(train_in_process(scenes, tmp_path))
    assert "from best.keras" in caplog.text
    assert rows[: len(before)] == before and [int(row["epoch"]) for row in rows] == list(range(1, EPOCHS + 1))


def test_a_full_disk_loses_nothing(scenes, tmp_path):
    def limit_files_to_a_megabyte():
        resource.setrlimit(resource.RLIMIT_FSIZE, (2**20, resource.RLIM_INFINITY))

    done = run("classifiers.small", *flags(scenes, tmp_path), preexec_fn=limit_files_to_a_megabyte)
    assert done.code == 1 and "error: " in done.err and "Free some disk space" in done.err
    assert not list((tmp_path / "small" / "checkpoints").iterdir())
    assert len(history(train_in_process(scenes, tmp_path))) == EPOCHS


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
    assert len(history(train_in_process(scenes, tmp_path))) == EPOCHS, "the lock ends with its process"


def test_two_runs_with_one_seed_give_the_same_numbers(scenes, uninterrupted, tmp_path):
    assert history(train_in_process(scenes, tmp_path, "--cache", "disk")) == history(uninterrupted)
    assert os.listdir(tmp_path / "small" / "cache")


def test_a_signal_ends_a_training_that_waits_for_a_file(scenes, tmp_path):
    """A pipe that nobody writes to stands for a file on a disk that hangs."""
    data = tmp_path / "data"
    shutil.copytree(scenes, data)
    image = next((data / "val").rglob("*.jpg"))
    image.unlink()
    os.mkfifo(image)
    process = start("classifiers.small", *flags(data, tmp_path))
    wait_for(lambda: (tmp_path / "small" / "sessions.csv").exists(), process)
    time.sleep(10)
    process.send_signal(signal.SIGTERM)
    began = time.monotonic()
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130 and time.monotonic() - began < 15
    assert err.count("Run the same command again to resume.") == 1 and "Traceback" not in err


@pytest.mark.slow
def test_averaged_weights_killed_at_the_first_checkpoint_end_in_the_same_numbers(scenes, tmp_path):
    given = flags(scenes, "runs", "--resume", "last", "--ema", 0.9, "--epochs", 3)
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    whole.mkdir()
    cut.mkdir()
    with Commands() as commands:
        made = commands.run("classifiers.small", *given, root=whole)
        assert made.code == 0, made.screen
        number = next(each.number for each in made.operations if each.path == "runs/small/checkpoints/last.keras")
        assert commands.run("classifiers.small", *given, root=cut, kill=Kill(number, "before")).was_killed
        assert (cut / "runs/small/checkpoints/best.keras").exists(), "its weights are averaged"
        resumed = commands.run("classifiers.small", *given, root=cut)
        assert resumed.code == 0, resumed.screen
    assert history(cut / "runs/small") == history(whole / "runs/small")
    for name in ("last", "best"):
        assert_equal_arrays(saved_state(cut / "runs/small", name), saved_state(whole / "runs/small", name))
