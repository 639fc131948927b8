"""Ray workers write the output of a single process, also after an interruption."""

import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys

import keras
import pytest

from predictor.engines.ray_engine import WorkerPool, has_cluster, worker_pool
from settings import WorkError
from tests.conftest import ROOT, run, table
from tests.predictor.commands import predict_interrupted
from training.run_folder import RunFolder

HAS_RAY = importlib.util.find_spec("ray") is not None
needs_ray = pytest.mark.skipif(not HAS_RAY, reason="ray[data], an extra, is not installed")


@pytest.mark.parametrize(
    ("machines", "cores", "pool"),
    [
        ([{"CPU": 2.0}], None, WorkerPool(1, 2, 0)),
        ([{"CPU": 2.0}], 1, WorkerPool(2, 1, 0)),
        ([{"CPU": 8.0}, {"CPU": 16.0}, {"memory": 1.0}], None, WorkerPool(3, 8, 0)),
        ([{"CPU": 8.0}, {"CPU": 16.0}], 3, WorkerPool(7, 3, 0)),
        ([{"CPU": 16.0, "GPU": 4.0}, {"CPU": 64.0}], None, WorkerPool(4, 4, 1)),
        ([{"CPU": 16.0, "GPU": 4.0}], 8, WorkerPool(2, 8, 1)),
    ],
)
def test_the_pool_fits_the_machines(machines, cores, pool):
    assert worker_pool(machines, cores) == pool


@pytest.mark.parametrize("machines", [[], [{"CPU": 2.0}]])
def test_no_room_for_a_worker(machines):
    with pytest.raises(WorkError, match="3 cores"):
        worker_pool(machines, 3)


def test_an_address_without_a_cluster(monkeypatch, tmp_path):
    monkeypatch.setenv("RAY_TMPDIR", str(tmp_path))
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    assert not has_cluster()
    (tmp_path / "ray").mkdir()
    (tmp_path / "ray" / "ray_current_cluster").write_text("127.0.0.1:1")
    assert not has_cluster(), "the cluster was killed"
    for address in ("127.0.0.1:1", "auto", "nonsense"):
        monkeypatch.setenv("RAY_ADDRESS", address)
        with pytest.raises(WorkError, match=f"RAY_ADDRESS = {address}"):
            has_cluster()


@pytest.mark.skipif(HAS_RAY, reason="ray is installed")
def test_ray_is_not_installed(small_run, scenes, tmp_path):
    flags = ("--run", small_run, "--test-images", scenes / "val", "--output", tmp_path / "p.csv", "--engine", "ray")
    done = run("predictor", *flags)
    assert done.code == 1 and 'pip install "ray[data]"' in done.err


@pytest.fixture
def local(monkeypatch):
    monkeypatch.setenv("RAY_ADDRESS", "local")


@needs_ray
@pytest.mark.slow
def test_two_workers_on_the_broken_folder(small_run, shared, tmp_path, local):
    flags = ("--run", small_run, "--test-images", shared / "broken", "--batch-size", 2)
    for name, engine in (("one", ()), ("ray", ("--engine", "ray", "--workers", 1))):
        done = run("predictor", *flags, *engine, "--output", tmp_path / f"{name}.csv")
        assert done.code == 0 and len(done.err.splitlines()) == 1, done.err
    assert "cores of each: 1" in done.out
    assert (tmp_path / "ray.csv").read_bytes() == (tmp_path / "one.csv").read_bytes()
    assert (tmp_path / "ray.rejected.csv").read_bytes() == (tmp_path / "one.rejected.csv").read_bytes()
    assert (tmp_path / "ray.csv").read_bytes().count(b"\n") == 19


@needs_ray
@pytest.mark.slow
def test_an_evaluation(small_run, scenes, tmp_path, local):
    for name, engine in (("one", ()), ("ray", ("--engine", "ray"))):
        done = run("predictor", "--run", small_run, "--evaluate", scenes, *engine, "--output", tmp_path / f"{name}.csv")
        assert done.code == 0 and not done.err, done.err
    summaries = [(tmp_path / f"{name}.evaluation" / "summary.csv").read_bytes() for name in ("one", "ray")]
    assert summaries[0] == summaries[1]


@needs_ray
@pytest.mark.slow
def test_masks_by_workers(small_run, shared, tmp_path, local):
    segmenter = RunFolder(shutil.copytree(small_run, tmp_path / "segmenter"))
    segmenter.config_file.write_text(json.dumps(segmenter.config() | {"kind": "segmentation"}))
    images = keras.Input((None, None, 3), name="image")
    keras.Model(images, keras.layers.Conv2D(5, 3, padding="same")(images)).save(segmenter.best)
    flags = ("--run", segmenter.path, "--test-images", shared / "broken", "--batch-size", 3)
    for name, engine in (("one", ()), ("ray", ("--engine", "ray", "--workers", 1))):
        done = run("predictor", *flags, *engine, "--output", tmp_path / name / "p.csv")
        assert done.code == 0, done.err
    written = [
        {str(file.relative_to(tmp_path / name)): file.read_bytes() for file in (tmp_path / name).rglob("*.*")
         if file.is_file()}
        for name in ("one", "ray")
    ]  # fmt: skip
    assert written[0] == written[1] and len([name for name in written[0] if name.endswith(".png")]) == 36


@needs_ray
@pytest.mark.slow
def test_an_interrupted_and_killed_command_resumes(small_run, scenes, tmp_path, local):
    flags = ["--run", small_run, "--test-images", scenes / "train", "--batch-size", 1]
    assert run("predictor", *flags, "--output", tmp_path / "one.csv").code == 0
    output = tmp_path / "ray.csv"
    flags += ["--output", output, "--engine", "ray", "--workers", 1]
    stopped = predict_interrupted(4, *flags, sent=signal.SIGINT)
    assert stopped.code == 130 and "Traceback" not in stopped.err, stopped.err
    assert not remaining_processes(stopped.session), "all processes of Ray end with the command"
    rows = len(table(output))
    assert 4 <= rows < 50
    assert predict_interrupted(10, *flags, sent=signal.SIGKILL).code == -9
    assert len(table(output)) == rows + 10
    done = run("predictor", *flags)
    assert done.code == 0 and f"Resuming after {rows + 10} of 50 images" in done.out, done.err
    assert output.read_bytes() == (tmp_path / "one.csv").read_bytes()


@needs_ray
@pytest.mark.slow
def test_an_error_of_a_worker_is_one_line(small_run, scenes, tmp_path, local):
    damaged = RunFolder(shutil.copytree(small_run, tmp_path / "run"))
    shutil.rmtree(damaged.engines, ignore_errors=True)
    keras.Sequential([keras.Input((32, 32, 3)), keras.layers.Flatten(), keras.layers.Dense(3)]).save(damaged.best)
    flags = ("--run", damaged.path, "--test-images", scenes / "val", "--output", tmp_path / "p.csv")
    done = run("predictor", *flags, "--engine", "ray")
    assert done.code == 1 and done.err.startswith("error: ") and "has 3 classes" in done.err, done.err
    assert len(done.err.splitlines()) == 1, done.err


def remaining_processes(session: int) -> str:
    """The processes of a session."""
    listed = subprocess.run(
        ["ps", "-o", "pid=,args=", "-s", str(session)], capture_output=True, text=True, env=os.environ
    )
    return listed.stdout.strip()


@needs_ray
def test_a_stranger_without_the_token_is_not_answered():
    program = """
from predictor.engines.ray_engine import ray_cluster
with ray_cluster():
    import ray
    print(ray.get_runtime_context().gcs_address, flush=True)
    input()
"""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, "-c", program], env=clean, cwd=ROOT, **pipes) as ours:
        address = ours.stdout.readline().strip()
        joins = f"import ray; ray.init(address={address!r}, logging_level='CRITICAL'); print('let in')"
        stranger = subprocess.run(
            [sys.executable, "-c", joins], env=clean | {"RAY_AUTH_MODE": "disabled"}, capture_output=True, text=True
        )
        ours.communicate("\n", timeout=60)
    assert address and "let in" not in stranger.stdout and "AuthToken" in stranger.stderr, stranger.stderr
