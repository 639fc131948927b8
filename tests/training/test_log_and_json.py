"""The log of a run, and the JSON object of a training command."""

import json
import re
import shutil
from pathlib import Path

import pytest

from tests.conftest import Ran, run_small

TIME = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} ", re.MULTILINE)


LINES = ("--verbose", "line")


def messages(runs: Path) -> str:
    """The log without times and without the path of the runs."""
    return TIME.sub("", (runs / "small" / "train.log").read_text()).replace(str(runs), "RUNS")


@pytest.fixture(scope="module")
def trained(scenes, tmp_path_factory) -> Path:
    runs = tmp_path_factory.mktemp("trained")
    assert run_small(scenes, runs, "--epochs", 2, *LINES).code == 0
    return runs


@pytest.fixture
def runs(trained, tmp_path) -> Path:
    """A copy of the folder with the run of two epochs."""
    return Path(shutil.copytree(trained, tmp_path / "runs"))


def test_the_log_has_every_epoch_with_its_time(trained):
    log = (trained / "small" / "train.log").read_text()
    epochs = [line for line in log.splitlines() if TIME.match(line) and " Epoch " in line]
    assert len(epochs) == 2
    for number, line in enumerate(epochs, 1):
        assert re.search(rf" Epoch {number}/2: loss \d\.\d{{4}}, accuracy .* val_loss .* val_accuracy ", line)
    assert "RUNS/small is finished." in messages(trained)


def test_verbose_does_not_change_the_log(scenes, trained, tmp_path):
    done = run_small(scenes, tmp_path, "--epochs", 2)
    assert done.code == 0 and "Epoch" not in done.out
    assert done.err == "", "messages of TensorFlow are not shown"
    assert messages(tmp_path) == messages(trained)


def test_a_finished_run_adds_nothing_to_the_log(scenes, runs):
    before = messages(runs)
    done = run_small(scenes, runs, "--epochs", 2, *LINES)
    assert done.code == 0 and "was finished before" in done.out
    assert messages(runs) == before


def test_warnings_are_shown_and_logged(scenes, runs):
    (runs / "small" / "checkpoints" / "best.keras").unlink()
    done = run_small(scenes, runs, "--epochs", 3)
    warning = "best.keras is missing; resuming from last.keras instead"
    assert done.code == 0 and warning in done.err and warning not in done.out
    assert warning in messages(runs)


def test_an_error_is_logged_with_its_traceback(scenes, tmp_path):
    done = run_small(scenes, tmp_path, "--optimizer", "sgd", "--learning-rates", "1e30", "--epochs", 1)
    assert done.code == 1 and "Traceback" not in done.err
    log = messages(tmp_path)
    assert "error: The loss became NaN or infinite in epoch 1" in log
    assert "Traceback (most recent call last):" in log and "settings.WorkError: The loss became" in log


def json_of(done: Ran) -> dict:
    """The only line of standard output."""
    (line,) = done.out.splitlines()
    return json.loads(line)


def test_json_of_a_resumed_and_a_finished_training(scenes, runs):
    for already_finished in (False, True):
        done = run_small(scenes, runs, "--epochs", 3, *LINES, "--json")
        content = json_of(done)
        assert (content["command"], content["exit_code"], content["epochs"]) == ("python -m classifiers.small", 0, 3)
        assert content["best"].keys() >= {"epoch", "val_accuracy", "val_loss"}
        assert all(Path(content[name]).exists() for name in ("run", "checkpoint", "figures", "report"))
        assert ("was finished before" in done.err) == already_finished
        assert ("Epoch 3/3" in done.err) != already_finished, "Keras's lines go to standard error too"


def test_json_of_a_refused_training(scenes, runs):
    done = run_small(scenes, runs, "--epochs", 3, "--dropout", 0.1, "--json")
    content = json_of(done)
    assert done.code == content["exit_code"] == 2
    assert content["errors"] == [line.removeprefix("error: ") for line in done.err.splitlines()]
    assert content["errors"][0].startswith("dropout = '0.1': this run was started with 0.3")


def test_the_rate_finder_prints_json_and_adds_nothing_to_the_log(scenes, runs):
    before = messages(runs)
    done = run_small(scenes, runs, "--find-lr", "--json")
    content = json_of(done)
    assert done.code == content["exit_code"] == 0 and Path(content["figure"]).exists()
    assert content.keys() >= {"suggestion", "rate_of_lowest_loss", "run"}
    assert messages(runs) == before
